/**
 * Windows of time as plain data, and the arithmetic of panes.
 *
 * A window [start, end) holds the records with start <= timestamp < end and fires when the watermark reaches
 * end - 1. Windows of one assigner are cut into panes of equal size, so that each record is added once however
 * many windows overlap: a tumbling window is one pane, a sliding window several. Starts are aligned to
 * `offset`, also before 1970: start = t - floorMod(t - offset, slide).
 */

export type WindowSpec = {
  readonly kind: 'tumbling' | 'sliding';
  /** What a record belongs to a window by: its event time, or the clock when it comes. */
  readonly time: 'event' | 'processing';
  readonly sizeMs: number;
  /** Distance of window starts; the size itself for tumbling windows. */
  readonly slideMs: number;
  readonly offsetMs: number;
};

/** Length of a pane: the largest that tiles both size and slide. */
export function paneMsOf(window: WindowSpec): number {
  let a = window.sizeMs;
  let b = window.slideMs;
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Start of the interval of `lengthMs` that holds `time`. Exact for whole milliseconds below 2^53. */
export function startOf(time: number, lengthMs: number, offsetMs: number): number {
  return Math.floor((time - offsetMs) / lengthMs) * lengthMs + offsetMs;
}

/** End of the last window that holds a pane; the pane can be dropped once that has fired. */
export function lastWindowEnd(window: WindowSpec, paneStart: number): number {
  return startOf(paneStart, window.slideMs, window.offsetMs) + window.sizeMs;
}

/** End of the first window that holds a pane or starts behind it. */
export function firstWindowEnd(window: WindowSpec, paneStart: number, paneMs: number): number {
  const { sizeMs, slideMs, offsetMs } = window;
  // The first window ends at or behind the pane's end; ends are aligned like starts, shifted by the size.
  const ends = Math.ceil((paneStart + paneMs - sizeMs - offsetMs) / slideMs) * slideMs;
  return ends + offsetMs + sizeMs;
}

/** End of the last window that a watermark fires. */
export function lastEndAt(window: WindowSpec, watermark: number): number {
  const { sizeMs, slideMs, offsetMs } = window;
  return startOf(watermark + 1 - sizeMs, slideMs, offsetMs) + sizeMs;
}

/** First row at or behind `from` whose time is outside [start, end). */
export function endOfRun(
  timestamps: Float64Array,
  from: number,
  rows: number,
  start: number,
  end: number,
): number {
  let i = from;
  while (i < rows && timestamps[i]! >= start && timestamps[i]! < end) i++;
  return i;
}
