/** The panes of windows of counts. */
import type { CountWindowSpec } from './count-window.ts';

/**
 * The records of a key are cut where windows end, and where they start: into one pane for each slide, or two where starts lie
 * between ends, as those of time are (`PaneCuts`). Records that are in no window are in no pane.
 */
export class CountPanes {
  /** Panes of a window. */
  readonly inWindow: number;
  readonly #slide: number;
  /** Panes of a slide. */
  readonly #inSlide: number;
  /** Whether a pane begins where windows end: not where windows leave records out. */
  readonly #beginsAtEnds: boolean;
  /** Records from the end of a window to the start of another; the slide where all starts are at ends. */
  readonly #startAt: number;

  constructor({ size, slide }: CountWindowSpec) {
    const rest = size % slide;
    const between = rest === 0 ? 0 : 1;
    this.#slide = slide;
    this.#beginsAtEnds = size >= slide;
    this.#startAt = slide - rest;
    this.#inSlide = (this.#beginsAtEnds ? 1 : 0) + between;
    this.inWindow = Math.floor(size / slide) * this.#inSlide + between;
  }

  /** How many have begun when a key has had so many records. The pane of its last record is the last of them. */
  begun(records: number): number {
    const slides = Math.floor(records / this.#slide);
    const more = records - slides * this.#slide;
    const atEnd = this.#beginsAtEnds && more > 0 ? 1 : 0;
    return slides * this.#inSlide + atEnd + (more > this.#startAt ? 1 : 0);
  }

  /** Whether the next record of a key that has had so many is in no window. */
  leavesOut(records: number): boolean {
    return !this.#beginsAtEnds && records % this.#slide < this.#startAt;
  }
}
