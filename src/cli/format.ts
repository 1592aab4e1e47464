/** Numbers, times and addresses for people. */
import { oneLine, padded, widthOf } from '../base/text-width.ts';

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 07 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** Event time as text; `start` and `end` for what lies before and behind all time. */
export function formatTime(time: number): string {
  if (time === Infinity) return 'end';
  if (time === -Infinity) return 'start';
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? String(time)
    : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** `512 B`, `1.5 KiB`, `12.0 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let size = bytes;
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024;
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** `http://127.0.0.1:8081/`; IPv6 stands in brackets there: `http://[::1]:8081/`. */
export function formatAddress(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/** Columns under their titles, two spaces apart, each row in a line. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, ...rows].map((row) => row.map(oneLine));
  const widths = titles.map((_, n) => Math.max(...lines.map((row) => widthOf(row[n]!))));
  return lines
    .map((row) =>
      row
        .map((text, n) => padded(text, widths[n]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
