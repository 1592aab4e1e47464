/** Numbers and times for people: short, with the unit, in the same width from one second to the next. */

const NONE = '–';

const STEPS = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** `0`, `7`, `940`, `12.3 k`, `1.20 M` */
export function formatCount(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  // 999.6 is not '1000'.
  const step = STEPS.find(([least]) => size >= least * 0.9995);
  if (step === undefined) return digits(value, size < 10 && !Number.isInteger(value) ? 1 : 0);
  const [unit, letter] = step;
  return `${significant(value / unit)} ${letter}`;
}

export function formatRate(value: number | null | undefined): string {
  const text = formatCount(value);
  return text === NONE ? text : `${text}/s`;
}

/** `1.94 KiB/s`; empty for nothing, as of what has no bytes. */
export function formatByteRate(value: number): string {
  return value === 0 ? '' : `${formatBytes(Math.round(value))}/s`;
}

/** All of its digits, in groups. */
export function formatWhole(value: number): string {
  return Math.round(value).toLocaleString('en-US').replaceAll(',', '\u2009');
}

/** `312 B`, `1.94 KiB` */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1023.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? size : significant(size)} ${units[unit]}`;
}

/** `0 ms`, `840 ms`, `4.21 s`, `3 min 12 s`, `2 h 05 min`, `4 d 03 h` */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9995) return `${(ms / 1000).toFixed(2)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${two(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${two(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** Of what is mostly short: `0.42 ms`, then as other durations. */
export function formatMs(ms: number): string {
  return ms < 9.995 ? `${ms.toFixed(2)} ms` : formatDuration(ms);
}

export function formatShare(share: number | null | undefined): string {
  return share === null || share === undefined ? NONE : `${Math.round(share * 100)} %`;
}

/** Time of day here. */
export function formatTime(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function formatDate(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${formatTime(ms)}`;
}

/** Event time, in UTC as events have it; years that no event is of are numbers of a kind of their own. */
export function formatEventTime(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  if (Math.abs(ms) < 1e11 || Math.abs(ms) > 8e15) return formatWhole(ms);
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** The same without the day, where there is little room. */
export function formatEventClock(ms: number | null | undefined): string {
  return formatEventTime(ms).replace(/^\d{4}-\d\d-\d\d /, '');
}

function significant(value: number): string {
  const size = Math.abs(value);
  return digits(value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function digits(value: number, count: number): string {
  return value.toFixed(count);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
