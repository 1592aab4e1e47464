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

const [DASH, COLON, POINT, T, Z, ZERO] = [0x2d, 0x3a, 0x2e, 0x54, 0x5a, 0x30];

/**
 * A time as `Date.toISOString` writes it, with or without milliseconds, from the bytes at a place; NaN for any other form,
 * which may be a time all the same.
 */
export function timeOfBytes(bytes: Uint8Array, at: number): number {
  const isForm =
    bytes[at + 4] === DASH &&
    bytes[at + 7] === DASH &&
    bytes[at + 10] === T &&
    bytes[at + 13] === COLON &&
    bytes[at + 16] === COLON;
  if (!isForm) return Number.NaN;
  const hasMs = bytes[at + 19] === POINT;
  if (bytes[at + (hasMs ? 23 : 19)] !== Z) return Number.NaN;
  const year = twoDigits(bytes, at) * 100 + twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  const hour = twoDigits(bytes, at + 11);
  const minute = twoDigits(bytes, at + 14);
  const second = twoDigits(bytes, at + 17);
  const ms = hasMs ? twoDigits(bytes, at + 20) * 10 + digit(bytes[at + 22]!) : 0;
  // Date.UTC has ideas of its own about years below 100, and rolls over what is too large.
  const isPlain = year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
  if (!(isPlain && hour < 24 && minute < 60 && second < 60)) return Number.NaN;
  const time = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  return day <= DAYS_MIN || new Date(time).getUTCDate() === day ? time : Number.NaN;
}

/** How many bytes the time has that `timeOfBytes` has read at a place. */
export function timeLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 19] === POINT ? 24 : 20;
}

function twoDigits(bytes: Uint8Array, at: number): number {
  return digit(bytes[at]!) * 10 + digit(bytes[at + 1]!);
}

/** NaN for what is none. */
function digit(byte: number): number {
  const value = byte - ZERO;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
