/**
 * The open windows of all keys: bounds in typed arrays by window slot, the windows of a key as a list of slots. Slots
 * of windows that are over are used again. What else is kept for a window (accumulators, timers, the state of a trigger)
 * is kept by the same slots, in stores that grow with the table.
 */
const SLOTS_MIN = 64;
const KEYS_MIN = 64;

/** No window, no key. */
export const NONE = -1;

/** Something that is kept for each window slot. */
export interface SlotStore {
  /** Makes room for slots below `capacity`. */
  reserve(capacity: number): void;
}

export class WindowTable {
  /** Key slot of a window; NONE where no window is open. */
  keys = new Int32Array(0);
  starts = new Float64Array(0);
  /** Exclusive. Infinity for windows without bounds. */
  ends = new Float64Array(0);
  /** The next window of the same key. */
  next = new Int32Array(0);
  /** Whether anything is in the window: records that were not purged. */
  isFilled = new Uint8Array(0);
  /** First window by key slot. */
  heads = new Int32Array(0);
  /** Slots that were ever used lie below. */
  used = 0;
  openCount = 0;
  /** Keys that have windows. */
  keyCount = 0;
  #free = new Int32Array(0);
  #freeCount = 0;
  readonly #stores: SlotStore[] = [];

  get capacity(): number {
    return this.keys.length;
  }

  /** Has a store grow with the table. */
  keep(store: SlotStore): void {
    this.#stores.push(store);
    store.reserve(this.capacity);
  }

  reserveKeys(count: number): void {
    const known = this.heads.length;
    if (count <= known) return;
    this.heads = grownInts(this.heads, Math.max(count, known * 2, KEYS_MIN));
    this.heads.fill(NONE, known);
  }

  /** The slot that the next window gets. */
  get nextSlot(): number {
    return this.#freeCount > 0 ? this.#free[this.#freeCount - 1]! : this.used;
  }

  open(key: number, start: number, end: number): number {
    const slot = this.nextSlot;
    if (this.#freeCount > 0) this.#freeCount--;
    else this.used++;
    if (slot === this.capacity) this.#grow();
    const head = this.heads[key]!;
    if (head === NONE) this.keyCount++;
    this.keys[slot] = key;
    this.starts[slot] = start;
    this.ends[slot] = end;
    this.isFilled[slot] = 0;
    this.next[slot] = head;
    this.heads[key] = slot;
    this.openCount++;
    return slot;
  }

  close(slot: number): void {
    const key = this.keys[slot]!;
    const { heads, next } = this;
    if (heads[key] === slot) {
      heads[key] = next[slot]!;
      if (heads[key] === NONE) this.keyCount--;
    } else {
      let before = heads[key]!;
      while (next[before] !== slot) before = next[before]!;
      next[before] = next[slot]!;
    }
    this.keys[slot] = NONE;
    this.#free[this.#freeCount++] = slot;
    this.openCount--;
  }

  /** Gives keys other slots: `slots[key]` for each key that has windows. */
  moveKeys(slots: Int32Array, count: number): void {
    const { keys } = this;
    const heads = new Int32Array(Math.max(count, KEYS_MIN)).fill(NONE);
    for (let key = 0; key < this.heads.length; key++) {
      if (this.heads[key] !== NONE) heads[slots[key]!] = this.heads[key]!;
    }
    this.heads = heads;
    for (let slot = 0; slot < this.used; slot++) {
      if (keys[slot] !== NONE) keys[slot] = slots[keys[slot]!]!;
    }
  }

  #grow(): void {
    const known = this.capacity;
    const capacity = Math.max(SLOTS_MIN, known * 2);
    this.keys = grownInts(this.keys, capacity);
    this.keys.fill(NONE, known);
    this.next = grownInts(this.next, capacity);
    this.starts = grownFloats(this.starts, capacity);
    this.ends = grownFloats(this.ends, capacity);
    this.#free = grownInts(this.#free, capacity);
    const isFilled = new Uint8Array(capacity);
    isFilled.set(this.isFilled);
    this.isFilled = isFilled;
    for (const store of this.#stores) store.reserve(capacity);
  }
}

export function grownInts(of: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(length);
  grown.set(of);
  return grown;
}

export function grownFloats(of: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(of);
  return grown;
}
