/**
 * Times in text: milliseconds since 1970 UTC as digits, or a date with or without a time in the form of ISO 8601.
 *
 *   1700000000000    2024-02-29    2024-02-29T12:30:00.250+02:00    2024-02-29 12:30
 *
 * Without a zone it is UTC, so that a file means the same on every machine. Date.parse alone would take such times as
 * local ones, roll 30 February over into March, and find a date in nearly any text.
 */
const DIGITS = /^-?\d+(\.\d+)?$/;
const ISO =
  /^([+-]\d{6}|\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
/** The days that every month has. */
const DAYS_MIN = 28;

/** Milliseconds since 1970 UTC; NaN for what is no time, or none that a Date can hold. */
export function timeOfText(text: string): number {
  return DIGITS.test(text) ? timeOfNumber(Number(text)) : isoTime(text);
}

/** The number itself; NaN where no Date can hold it. */
export function timeOfNumber(ms: number): number {
  return Number.isNaN(new Date(ms).getTime()) ? Number.NaN : ms;
}

function isoTime(text: string): number {
  const parts = ISO.exec(text);
  if (parts === null) return Number.NaN;
  const [, year, month, day, time = '00:00', zone = 'Z'] = parts;
  const date = `${year}-${month}-${day}`;
  const isDay = Number(day) <= DAYS_MIN || new Date(date).getUTCDate() === Number(day);
  return isDay ? Date.parse(`${date}T${time}${isoZone(zone)}`) : Number.NaN;
}

/** +02, +0200 and +02:00 as the last. */
function isoZone(zone: string): string {
  if (zone.length === 1) return 'Z';
  return `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
}
