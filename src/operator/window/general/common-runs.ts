/**
 * The common case in one loop: records that belong to the only window of their key, where that is still to fire once, at
 * its end by the watermark. Each loop gives its rows their windows up to the first that is another case, whose place it
 * returns.
 */
import { startOf } from '../window.ts';
import {
  END,
  FILLED,
  LINE_SHIFT,
  NEXT,
  NONE,
  START,
  TIMERS_AT,
  type WindowTable,
} from './window-table.ts';

/** What a loop reads, beside the rows. */
export type CommonRun = {
  readonly windows: WindowTable;
  /** Of the rows: key slots, event times, and the windows that they get. */
  readonly keySlots: Int32Array;
  readonly times: Float64Array;
  readonly slots: Int32Array;
  readonly watermark: number;
};

/** Sessions of one gap: a record falls into the window, or makes it last longer. */
export function extendSessions(
  { windows, keySlots, times, slots, watermark }: CommonRun,
  gapMs: number,
  latenessMs: number,
  from: number,
  to: number,
): number {
  const { heads } = windows;
  const { values } = windows.lines;
  let row = from;
  for (; row < to; row++) {
    const slot = heads[keySlots[row]!]!;
    if (slot === NONE) break;
    const at = slot << LINE_SHIFT;
    const time = times[row]!;
    const end = values[at + END]!;
    const isIn = time >= values[at + START]! && time <= end;
    if (!isIn || values[at + NEXT] !== NONE || end - 1 <= watermark) break;
    if (time + gapMs > end) {
      values[at + END] = time + gapMs;
      // Its place in the queue is early enough.
      values[at + TIMERS_AT] = time + gapMs - 1;
      values[at + TIMERS_AT + 1] = time + gapMs - 1 + latenessMs;
    }
    values[at + FILLED] = 1;
    slots[row] = slot;
  }
  return row;
}

/** Tumbling windows: a record falls into the window. */
export function fillTumbling(
  { windows, keySlots, times, slots, watermark }: CommonRun,
  sizeMs: number,
  offsetMs: number,
  from: number,
  to: number,
): number {
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
