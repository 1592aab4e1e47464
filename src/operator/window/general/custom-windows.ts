/** Windows that a function of the user tells for each record. */
import { describe } from '../../../data/field-check.ts';
import type { WindowLanes } from './aligned-windows.ts';

/** Bounds of a window of time, in ms; the end is exclusive. */
export type WindowBounds = { windowStart: number; windowEnd: number };

/** `time`: of the record, by the kind of time of the windows. */
export type AssignWindows<Row> = (row: Row, time: number) => Iterable<WindowBounds>;

/** The windows of one record, each in a lane of its own, however often it is told. */
export class CustomWindows implements WindowLanes {
  lanes = 1;
  starts = new Float64Array(1);
  ends = new Float64Array(1);
  readonly #assign: AssignWindows<unknown>;
  readonly #rowAt: (row: number) => unknown;

  constructor(assign: AssignWindows<unknown>, rowAt: (row: number) => unknown) {
    this.#assign = assign;
    this.#rowAt = rowAt;
  }

  assign(time: number, row: number): void {
    this.ends.fill(Number.NaN);
    let lane = 0;
    for (const bounds of listed(this.#assign(this.#rowAt(row), time))) {
      const { windowStart, windowEnd } = checked(bounds);
      if (this.#find(windowStart, windowEnd) >= 0) continue;
      if (lane === this.lanes) this.#addLane();
      this.starts[lane] = windowStart;
      this.ends[lane++] = windowEnd;
    }
  }

  #addLane(): void {
    this.lanes++;
    const grown = (of: Float64Array): Float64Array<ArrayBuffer> =>
      Float64Array.of(...of, Number.NaN);
    this.starts = grown(this.starts);
    this.ends = grown(this.ends);
  }

  laneOf(start: number, end: number): number {
    return Math.max(0, this.#find(start, end));
  }

  /** The lane of these bounds; -1 when the record has no such window. */
  #find(start: number, end: number): number {
    const { starts, ends } = this;
    for (let lane = 0; lane < this.lanes; lane++) {
      if (starts[lane] === start && ends[lane] === end) return lane;
    }
    return -1;
  }
}

function listed(windows: Iterable<WindowBounds>): Iterable<WindowBounds> {
  if (typeof (windows as unknown[] | undefined)?.[Symbol.iterator] === 'function') return windows;
  throw new TypeError(`assign gives the windows of a record in a list, got ${describe(windows)}`);
}

function checked(bounds: WindowBounds): WindowBounds {
  if (typeof bounds !== 'object' || bounds === null) {
    throw new TypeError(`assign gives { windowStart, windowEnd }, got ${describe(bounds)}`);
  }
  const { windowStart, windowEnd } = bounds;
  if (Number.isFinite(windowStart) && Number.isFinite(windowEnd) && windowStart < windowEnd) {
    return bounds;
  }
  throw new TypeError(
    `a window begins before its end, both in ms, got windowStart ${describe(windowStart)}, windowEnd ${describe(windowEnd)}`,
  );
}
