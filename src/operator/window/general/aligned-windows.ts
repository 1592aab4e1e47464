/**
 * Windows whose bounds follow from the time of a record alone: tumbling, sliding, cumulating, and the one that has none.
 *
 * A record belongs to at most one window of each lane, and a window always to the same lane, so that the records of a
 * window, added lane by lane, keep their order. Sliding windows of size 30 and slide 10 have three lanes:
 *
 *   lane 0   [0, 30)      [30, 60)
 *   lane 1       [10, 40)      [40, 70)
 *   lane 2           [20, 50)
 */
import { unreachable } from '../../../base/assert.ts';
import { startOf } from '../window.ts';
import type { Stagger } from './stagger.ts';
import type { AssignerSpec, CustomSpec, SessionSpec } from './window-spec.ts';

export type AlignedSpec = Exclude<AssignerSpec, SessionSpec | CustomSpec>;

/** The windows that a record belongs to. */
export interface WindowLanes {
  readonly lanes: number;
  /** Bounds of the record's window by lane; NaN for the end where it belongs to none. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Fills starts and ends for a row of this time. */
  assign(time: number, row: number): void;
  /** In which lane a window is, if the record belongs to it. */
  laneOf(start: number, end: number): number;
}

export class AlignedWindows implements WindowLanes {
  readonly lanes: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly #spec: AlignedSpec;
  readonly #stagger: Stagger | null;

  constructor(spec: AlignedSpec, stagger: Stagger | null = null) {
    this.#spec = spec;
    this.#stagger = stagger;
    this.lanes = lanesOf(spec);
    this.starts = new Float64Array(this.lanes);
    this.ends = new Float64Array(this.lanes);
  }

  assign(time: number): void {
    const spec = this.#spec;
    const { starts, ends } = this;
    if (spec.kind === 'global') {
      starts[0] = -Infinity;
      ends[0] = Infinity;
      return;
    }
    if (spec.kind === 'cumulating') {
      const start = startOf(time, spec.maxMs, spec.offsetMs);
      for (let lane = 0; lane < this.lanes; lane++) {
        const end = start + (lane + 1) * spec.stepMs;
        starts[lane] = start;
        ends[lane] = end > time ? end : Number.NaN;
      }
      return;
    }
    ends.fill(Number.NaN);
    const { sizeMs, slideMs } = spec;
    const offsetMs = this.#stagger?.offsetAt(time) ?? spec.offsetMs;
    let start = startOf(time, slideMs, offsetMs);
    for (; start > time - sizeMs; start -= slideMs) {
      const lane = this.laneOf(start, 0);
      starts[lane] = start;
      ends[lane] = start + sizeMs;
    }
  }

  laneOf(start: number, end: number): number {
    const spec = this.#spec;
    if (this.lanes === 1) return 0;
    if (spec.kind === 'cumulating') return (end - start) / spec.stepMs - 1;
    if (spec.kind === 'global') return 0;
    const lane = Math.floor((start - spec.offsetMs) / spec.slideMs) % this.lanes;
    return lane < 0 ? lane + this.lanes : lane;
  }
}

function lanesOf(spec: AlignedSpec): number {
  switch (spec.kind) {
    case 'global':
      return 1;
    case 'cumulating':
      return spec.maxMs / spec.stepMs;
    case 'tumbling':
    case 'sliding':
      return Math.ceil(spec.sizeMs / spec.slideMs);
    default:
      return unreachable(spec);
  }
}
