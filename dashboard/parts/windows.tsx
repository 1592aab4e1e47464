/** What a key has in windows, or in panes of them: one a line, with what is in it. */
import { formatEventTime } from '../base/format.ts';
import type { WindowOfKey } from '../data/shapes.ts';
import { isObject, Records } from './records.tsx';

/** Whether it is what a state with windows has of a key. */
export function areWindows(value: unknown): value is readonly WindowOfKey[] {
  const isWindow = (one: unknown): boolean =>
    isObject(one) && 'start' in one && 'end' in one && 'values' in one;
  return Array.isArray(value) && value.length > 0 && value.every(isWindow);
}

export function Windows({ windows }: { readonly windows: readonly WindowOfKey[] }) {
  return (
    <Records
      records={windows.map(({ start, end, values }) => ({
        start: timeOf(start),
        end: timeOf(end),
        ...(isObject(values) ? values : { rows: values }),
      }))}
    />
  );
}

/** A window without bounds has them as texts. */
function timeOf(time: number | string): string {
  return typeof time === 'number' ? formatEventTime(time) : time;
}
