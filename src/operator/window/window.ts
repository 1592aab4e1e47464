/**
 * Windows of time as plain data, and the arithmetic of panes.
 *
 * A window [start, end) holds the records with start <= timestamp < end and fires when the watermark reaches
 * end - 1. Windows of one assigner are cut into panes, so that each record is added once however many windows
 * overlap: a tumbling window is one pane, a sliding window several. Starts are aligned to `offset`, also before
 * 1970: start = t - floorMod(t - offset, slide).
 */

export type WindowSpec = {
  readonly kind: 'tumbling' | 'sliding';
  /** What a record belongs to a window by: its event time, or the clock when it comes. */
  readonly time: 'event' | 'processing';
  readonly sizeMs: number;
  /** Distance of window starts; the size itself for tumbling windows. */
  readonly slideMs: number;
  readonly offsetMs: number;
  /** Windows by the clock that begin at another time in each subtask (general/stagger.ts); left out where they do not. */
  readonly stagger?: 'random' | 'natural';
};

/** Windows that are cut into panes. Cumulating ones begin every `sizeMs`, and have grown by `slideMs` each time they end. */
export type PaneWindow = WindowSpec | (Omit<WindowSpec, 'kind'> & { readonly kind: 'cumulating' });

/**
 * Panes are cut where windows start, and where they end: one for each slide, or two where ends lie between starts. (Paired
 * windows: Krishnamurthy, Wu, Franklin: On-the-fly sharing for streamed aggregation, 2006.)
 */
export class PaneCuts {
  readonly #slideMs: number;
  /** From the start of a window to the ends between this start and the next; 0 where there are none. */
  readonly #restMs: number;
  readonly #offsetMs: number;

  constructor(slideMs: number, restMs: number, offsetMs: number) {
    this.#slideMs = slideMs;
    this.#restMs = restMs;
    this.#offsetMs = offsetMs;
  }

  static of({ sizeMs, slideMs, offsetMs }: PaneWindow): PaneCuts {
    return new PaneCuts(slideMs, sizeMs % slideMs, offsetMs);
  }

  /** Start of the pane that holds `time`. */
  startOf(time: number): number {
    const start = startOf(time, this.#slideMs, this.#offsetMs);
    const cut = start + this.#restMs;
    return cut <= time ? cut : start;
  }

  /** End of the pane with this start. */
  endOf(start: number): number {
    const first = startOf(start, this.#slideMs, this.#offsetMs);
    const cut = first + this.#restMs;
    return start < cut ? cut : first + this.#slideMs;
  }
}

/** How many of these panes, which come by rising start, begin at or before a time. */
export function panesUpTo(panes: readonly { readonly start: number }[], time: number): number {
  let low = 0;
  let high = panes.length;
  // Most often all of them.
  if (high > 0 && panes[high - 1]!.start <= time) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (panes[middle]!.start <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Start of the interval of `lengthMs` that holds `time`. Exact for whole milliseconds below 2^53. */
export function startOf(time: number, lengthMs: number, offsetMs: number): number {
  return Math.floor((time - offsetMs) / lengthMs) * lengthMs + offsetMs;
}

/** End of the last window that holds a pane; the pane can be dropped once that has fired. */
export function lastWindowEnd(window: PaneWindow, paneStart: number): number {
  const { kind, sizeMs, slideMs, offsetMs } = window;
  return startOf(paneStart, kind === 'cumulating' ? sizeMs : slideMs, offsetMs) + sizeMs;
}

/** Whether times lie between windows, in none of them: a slide is longer than the size. */
export function hasGaps({ kind, sizeMs, slideMs }: PaneWindow): boolean {
  return kind !== 'cumulating' && slideMs > sizeMs;
}

/** Start of the window with this end. */
export function windowStart({ kind, sizeMs, offsetMs }: PaneWindow, end: number): number {
  return kind === 'cumulating' ? startOf(end - 1, sizeMs, offsetMs) : end - sizeMs;
}

/** End of the first window that holds a pane or starts behind it. */
export function firstWindowEnd(window: PaneWindow, paneEnd: number): number {
  const { sizeMs, slideMs, offsetMs } = window;
  // The first window ends at or behind the pane's end; ends are aligned like starts, shifted by the size.
  const ends = Math.ceil((paneEnd - sizeMs - offsetMs) / slideMs) * slideMs;
  return ends + offsetMs + sizeMs;
}

/** End of the last window that a watermark fires. */
export function lastEndAt(window: PaneWindow, watermark: number): number {
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
