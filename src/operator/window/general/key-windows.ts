/**
 * The open windows of a key that has many of them, by start and end. Most that come are the last, most that go the first: these
 * are left where they are until they are as many as those behind them.
 */
import { END, LINE_SHIFT, type Lines, NONE, START } from './window-lines.ts';

/** Windows of a key from which looking at each of them costs more than this. */
export const MANY_WINDOWS = 32;

export class KeyWindows {
  readonly #lines: Lines;
  readonly #slots: number[] = [];
  #gone = 0;

  constructor(lines: Lines, slots: readonly number[]) {
    this.#lines = lines;
    for (const slot of slots) this.#slots.push(slot);
    this.#slots.sort((a, b) => this.#compare(a, this.#at(b, START), this.#at(b, END)));
  }

  #at(slot: number, place: number): number {
    return this.#lines.values[(slot << LINE_SHIFT) + place]!;
  }

  #compare(slot: number, start: number, end: number): number {
    const by = this.#at(slot, START) - start;
    return by === 0 ? this.#at(slot, END) - end : by;
  }

  /** The place of the first window for which it does not hold that it is before. */
  #placeOf(isBefore: (slot: number) => boolean): number {
    const slots = this.#slots;
    let low = this.#gone;
    let high = slots.length;
    // Most often behind all of them.
    if (high > low && isBefore(slots[high - 1]!)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(slots[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The window with these bounds; NONE where there is none. */
  find(start: number, end: number): number {
    const slot = this.#slots[this.#placeOf((other) => this.#compare(other, start, end) < 0)];
    return slot !== undefined && this.#compare(slot, start, end) === 0 ? slot : NONE;
  }

  /** Of windows that do not overlap, those that reach from start to end, in the order of time; how many they are. */
  reaching(start: number, end: number, into: number[]): number {
    let count = 0;
    for (let at = this.#placeOf((slot) => this.#at(slot, END) < start); ; at++) {
      const slot = this.#slots[at];
      if (slot === undefined || this.#at(slot, START) > end) return count;
      into[count++] = slot;
    }
  }

  add(slot: number): void {
    const [start, end] = [this.#at(slot, START), this.#at(slot, END)];
    this.#slots.splice(
      this.#placeOf((other) => this.#compare(other, start, end) < 0),
      0,
      slot,
    );
  }

  /** Before its bounds change. */
  remove(slot: number): void {
    const [start, end] = [this.#at(slot, START), this.#at(slot, END)];
    const at = this.#placeOf((other) => this.#compare(other, start, end) < 0);
    if (at > this.#gone) {
      this.#slots.splice(at, 1);
      return;
    }
    this.#gone++;
    if (this.#gone * 2 < this.#slots.length) return;
    this.#slots.splice(0, this.#gone);
    this.#gone = 0;
  }
}
