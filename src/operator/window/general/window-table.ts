/**
 * The open windows of all keys: the windows of a key are a list of slots, and those of a key that has many are found by their
 * bounds too (key-windows.ts). Slots of windows that are over are used again.
 * What else is kept for a window (accumulators, the state of a trigger) is kept by the same slots, in stores that grow with
 * the table.
 */
import { grownInts } from '../../../state/grown-arrays.ts';
import { KeyWindows } from './key-windows.ts';
import {
  END,
  FILLED,
  KEY,
  LINE_SHIFT,
  Lines,
  NEXT,
  NONE,
  type SlotStore,
  START,
} from './window-lines.ts';

const SLOTS_MIN = 64;
const KEYS_MIN = 64;

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
  /** The window in front of one that is not the first of its key. */
  #before = new Int32Array(0);
  /** By key slot. */
  #many = new Map<number, KeyWindows>();

  /** The windows of a key by their bounds; null where `order` was not called for it. */
  manyOf(key: number): KeyWindows | null {
    return this.#many.size === 0 ? null : (this.#many.get(key) ?? null);
  }

  /** Has the windows of a key found by their bounds, as long as it has any. */
  order(key: number): void {
    const slots: number[] = [];
    for (let slot = this.heads[key]!; slot !== NONE; slot = this.nextOf(slot)) slots.push(slot);
    this.#many.set(key, new KeyWindows(this.lines, slots));
  }

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
    else this.#before[head] = slot;
    this.setBounds(slot, start, end);
    const { values } = this.lines;
    const at = slot << LINE_SHIFT;
    values[at + NEXT] = head;
    values[at + KEY] = key;
    values[at + FILLED] = 0;
    this.heads[key] = slot;
    this.manyOf(key)?.add(slot);
    return slot;
  }

  close(slot: number): void {
    const { heads } = this;
    const { values } = this.lines;
    const key = this.keyOf(slot);
    const next = this.nextOf(slot);
    this.manyOf(key)?.remove(slot);
    if (heads[key] === slot) {
      heads[key] = next;
      if (next === NONE) this.#forgetKey(key);
    } else {
      const before = this.#before[slot]!;
      values[(before << LINE_SHIFT) + NEXT] = next;
      if (next !== NONE) this.#before[next] = before;
    }
    values[(slot << LINE_SHIFT) + KEY] = NONE;
    this.#free[this.#freeCount++] = slot;
  }

  #forgetKey(key: number): void {
    this.keyCount--;
    if (this.#many.size > 0) this.#many.delete(key);
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
    this.#many = new Map([...this.#many].map(([key, windows]) => [slots[key]!, windows]));
  }

  #grow(): void {
    this.#capacity = Math.max(SLOTS_MIN, this.#capacity * 2);
    this.#free = grownInts(this.#free, this.#capacity);
    this.#before = grownInts(this.#before, this.#capacity);
    for (const store of this.#stores) store.reserve(this.#capacity);
  }
}
