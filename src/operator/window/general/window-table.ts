/**
 * The open windows of all keys: the windows of a key are a list of slots. Slots of windows that are over are used again.
 * What else is kept for a window (accumulators, the state of a trigger) is kept by the same slots, in stores that grow with
 * the table.
 *
 * A window is one line of eight numbers, which is one line of the cache. The timers of the kind of time that it ends by
 * are in the same line (window-timers.ts).
 *
 *   0 start   1 end   2 next window of the key   3 key slot   4 filled   5 - 7 timers
 */
import { grownInPlace, grownInts } from '../../../state/grown-arrays.ts';

const SLOTS_MIN = 64;
const KEYS_MIN = 64;

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
const KEY = 3;
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

export class WindowTable {
  readonly lines = new Lines();
  /** First window by key slot. */
  heads = new Int32Array(0);
  /** Slots that were ever used lie below. */
  used = 0;
  /** Keys that have windows. */
  keyCount = 0;
  #capacity = 0;
  #free = new Int32Array(0);
  #freeCount = 0;
  readonly #stores: SlotStore[] = [this.lines];
  #firsts = new Int32Array(0);

  /** Has a store grow with the table. */
  keep(store: SlotStore): void {
    this.#stores.push(store);
    store.reserve(this.#capacity);
  }

  reserveKeys(count: number): void {
    const known = this.heads.length;
    if (count <= known) return;
    this.heads = grownInts(this.heads, Math.max(count, known * 2, KEYS_MIN));
    this.heads.fill(NONE, known);
  }

  startOf(slot: number): number {
    return this.lines.values[(slot << LINE_SHIFT) + START]!;
  }

  /** Exclusive; Infinity for a window without bounds. */
  endOf(slot: number): number {
    return this.lines.values[(slot << LINE_SHIFT) + END]!;
  }

  setBounds(slot: number, start: number, end: number): void {
    const at = slot << LINE_SHIFT;
    this.lines.values[at + START] = start;
    this.lines.values[at + END] = end;
  }

  /** The next window of the same key; NONE behind the last. */
  nextOf(slot: number): number {
    return this.lines.values[(slot << LINE_SHIFT) + NEXT]!;
  }

  /** The key slot; NONE where no window is open. */
  keyOf(slot: number): number {
    return this.lines.values[(slot << LINE_SHIFT) + KEY]!;
  }

  /** Whether anything is in the window: records that were not purged. */
  isFilled(slot: number): boolean {
    return this.lines.values[(slot << LINE_SHIFT) + FILLED] === 1;
  }

  setFilled(slot: number, isFilled: boolean): void {
    this.lines.values[(slot << LINE_SHIFT) + FILLED] = isFilled ? 1 : 0;
  }

  /** Brings the first window of each key, of those from keys[from] to keys[to - 1], into the cache; by four, as above. */
  warm(keys: Int32Array, from: number, to: number): void {
    const { heads } = this;
    if (this.used === 0) return;
    const count = to - from;
    if (this.#firsts.length < count) this.#firsts = new Int32Array(count);
    const firsts = this.#firsts;
    let i = 0;
    for (const last = count - 4; i <= last; i += 4) {
      const a = heads[keys[from + i]!]!;
      const b = heads[keys[from + i + 1]!]!;
      const c = heads[keys[from + i + 2]!]!;
      const d = heads[keys[from + i + 3]!]!;
      firsts[i] = a === NONE ? 0 : a;
      firsts[i + 1] = b === NONE ? 0 : b;
      firsts[i + 2] = c === NONE ? 0 : c;
      firsts[i + 3] = d === NONE ? 0 : d;
    }
    for (; i < count; i++) firsts[i] = Math.max(0, heads[keys[from + i]!]!);
    this.lines.warm(firsts, count);
  }

  /** Brings what is read when windows close into the cache, but for their lines. */
  warmKeys(slots: Int32Array, count: number): void {
    const { heads } = this;
    const { values } = this.lines;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += heads[values[(slots[i]! << LINE_SHIFT) + KEY]!]!;
    this.lines.warmed = sum;
  }

  /** Windows that are open. */
  get count(): number {
    return this.used - this.#freeCount;
  }

  /** The slot that the next window gets. */
  get nextSlot(): number {
    return this.#freeCount > 0 ? this.#free[this.#freeCount - 1]! : this.used;
  }

  open(key: number, start: number, end: number): number {
    const slot = this.nextSlot;
    if (this.#freeCount > 0) this.#freeCount--;
    else this.used++;
    if (slot === this.#capacity) this.#grow();
    const head = this.heads[key]!;
    if (head === NONE) this.keyCount++;
    this.setBounds(slot, start, end);
    const { values } = this.lines;
    const at = slot << LINE_SHIFT;
    values[at + NEXT] = head;
    values[at + KEY] = key;
    values[at + FILLED] = 0;
    this.heads[key] = slot;
    return slot;
  }

  close(slot: number): void {
    const { heads } = this;
    const { values } = this.lines;
    const key = this.keyOf(slot);
    const next = this.nextOf(slot);
    if (heads[key] === slot) {
      heads[key] = next;
      if (next === NONE) this.keyCount--;
    } else {
      let before = heads[key]!;
      while (this.nextOf(before) !== slot) before = this.nextOf(before);
      values[(before << LINE_SHIFT) + NEXT] = next;
    }
    values[(slot << LINE_SHIFT) + KEY] = NONE;
    this.#free[this.#freeCount++] = slot;
  }

  /** Gives keys other slots: `slots[key]` for each key that has windows. */
  moveKeys(slots: Int32Array, count: number): void {
    const heads = new Int32Array(Math.max(count, KEYS_MIN)).fill(NONE);
    for (let key = 0; key < this.heads.length; key++) {
      const head = this.heads[key]!;
      if (head === NONE) continue;
      heads[slots[key]!] = head;
      for (let slot = head; slot !== NONE; slot = this.nextOf(slot)) {
        this.lines.values[(slot << LINE_SHIFT) + KEY] = slots[key]!;
      }
    }
    this.heads = heads;
  }

  #grow(): void {
    this.#capacity = Math.max(SLOTS_MIN, this.#capacity * 2);
    this.#free = grownInts(this.#free, this.#capacity);
    for (const store of this.#stores) store.reserve(this.#capacity);
  }
}
