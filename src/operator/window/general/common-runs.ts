/**
 * The common case in one loop: records of windows that are still to fire once, at their end by the watermark. Each loop gives
 * its rows their windows up to the first that is another case, whose place it returns.
 */
import { isEventTime } from '../../../time/event-time.ts';
import { startOf } from '../window.ts';
import { MANY_WINDOWS } from './key-windows.ts';
import type { OpenWindows } from './open-windows.ts';
import { END, FILLED, LINE_SHIFT, NEXT, NONE, START, TIMERS_AT } from './window-lines.ts';

/** What a loop reads, beside the rows. */
export type CommonRun = {
  readonly open: OpenWindows;
  /** Of the rows: key slots, event times, and the windows that they get. */
  readonly keySlots: Int32Array;
  readonly times: Float64Array;
  readonly slots: Int32Array;
};

/** Sessions of one gap, behind all others of their key: a record falls into the last, makes it last longer, or begins one. */
export function extendSessions(
  { open, keySlots, times, slots }: CommonRun,
  gapMs: number,
  latenessMs: number,
  from: number,
  to: number,
): number {
  const { windows, watermark } = open;
  let { heads } = windows;
  let { values } = windows.lines;
  let row = from;
  for (; row < to; row++) {
    const time = times[row]!;
    const end = time + gapMs;
    const slot = heads[keySlots[row]!]!;
    const at = slot << LINE_SHIFT;
    if (slot === NONE || time > values[at + END]!) {
      if (!isEventTime(time) || end - 1 <= watermark || !areBefore(time, slot, values)) break;
      slots[row] = open.openFilled(keySlots[row]!, time, end);
      heads = windows.heads;
      values = windows.lines.values;
      continue;
    }
    const isIn = time >= values[at + START]! && values[at + END]! - 1 > watermark;
    if (!isIn || !areBefore(time, values[at + NEXT]!, values)) break;
    if (end > values[at + END]!) {
      values[at + END] = end;
      // Its place in the queue is early enough.
      values[at + TIMERS_AT] = end - 1;
      values[at + TIMERS_AT + 1] = end - 1 + latenessMs;
    }
    values[at + FILLED] = 1;
    slots[row] = slot;
  }
  return row;
}

/** Whether a window and those behind it in the list of its key, which are not many, all end before a time. */
function areBefore(time: number, first: number, values: Float64Array): boolean {
  let seen = 0;
  for (let slot = first; slot !== NONE; slot = values[(slot << LINE_SHIFT) + NEXT]!) {
    if (++seen > MANY_WINDOWS || values[(slot << LINE_SHIFT) + END]! >= time) return false;
  }
  return true;
}

/** Tumbling windows: a record falls into the window. */
export function fillTumbling(
  { open, keySlots, times, slots }: CommonRun,
  sizeMs: number,
  offsetMs: number,
  from: number,
  to: number,
): number {
  const { windows, watermark } = open;
  const { heads } = windows;
  const { values } = windows.lines;
  let row = from;
  for (; row < to; row++) {
    const slot = heads[keySlots[row]!]!;
    if (slot === NONE) break;
    const at = slot << LINE_SHIFT;
    if (startOf(times[row]!, sizeMs, offsetMs) !== values[at + START]!) break;
    if (values[at + END]! - 1 <= watermark) break;
    values[at + FILLED] = 1;
    slots[row] = slot;
  }
  return row;
}
