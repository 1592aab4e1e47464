/**
 * A window is one line of eight numbers, which is one line of the cache. The timers of the kind of time that it ends by
 * are in the same line (window-timers.ts).
 *
 *   0 start   1 end   2 next window of the key   3 key slot   4 filled   5 - 7 timers
 */
import { grownInPlace } from '../../../state/grown-arrays.ts';

/** No window, no key. */
export const NONE = -1;

/** Numbers of a line, and a shift for its place. */
const LINE = 8;
export const LINE_SHIFT = 3;

/** Where the timers of a window stand in its line. */
export const TIMERS_AT = 5;

export const START = 0;
export const END = 1;
export const NEXT = 2;
export const KEY = 3;
export const FILLED = 4;

/** Something that is kept for each window slot. */
export interface SlotStore {
  /** Makes room for slots below `capacity`. */
  reserve(capacity: number): void;
}

/** Eight numbers for each window slot, at first Infinity. */
export class Lines implements SlotStore {
  values = new Float64Array(0);
  /** Means nothing: see state/read-ahead.ts. */
  warmed = 0;

  reserve(capacity: number): void {
    const known = this.values.length;
    this.values = grownInPlace(this.values, capacity * LINE);
    this.values.fill(Infinity, known);
  }

  /**
   * Reads the lines of slots, which brings them into the cache: many at a time, where one by one each would be waited for. By
   * four, as in state/read-ahead.ts. Where they are too many for the cache, each is in one line of it: large arrays that grow in
   * place begin at one.
   */
  warm(slots: Int32Array, count: number): void {
    const { values } = this;
    let sum = 0;
    let i = 0;
    for (const last = count - 4; i <= last; i += 4) {
      const a = slots[i]! << LINE_SHIFT;
      const b = slots[i + 1]! << LINE_SHIFT;
      const c = slots[i + 2]! << LINE_SHIFT;
      const d = slots[i + 3]! << LINE_SHIFT;
      sum += values[a]! + values[b]! + values[c]! + values[d]!;
    }
    for (; i < count; i++) sum += values[slots[i]! << LINE_SHIFT]!;
    this.warmed = sum;
  }
}
