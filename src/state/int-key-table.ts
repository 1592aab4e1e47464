/**
 * Dense slots for int32 keys: slot n is the n-th different key since the last clear. Keys that lie close together are found by
 * an array over their range (dense-ints.ts), others by their hashes (hashed-ints.ts); what they are is looked at where there
 * is no room for one. Benchmark: figures keyed-tumbling, recovery.
 */
import { capacityOf, cellsFor, loadedCapacity } from './cells.ts';
import { areDense, DenseInts, rangeOf } from './dense-ints.ts';
import { grownInts } from './grown-arrays.ts';
import { HashedInts } from './hashed-ints.ts';

/** Keys by slot: the first `count` of an array that may have room for more. */
export interface IntSlots {
  count: number;
  keys: Int32Array;
}

export class IntKeyTable implements IntSlots {
  count = 0;
  /** Key by slot. While keys are found by hash, there is room for as many as the cells take. */
  keys: Int32Array;
  #hashed = new HashedInts();
  /** Null while keys are found by hash. */
  #dense: DenseInts | null = null;

  constructor() {
    this.keys = new Int32Array(this.#hashed.capacity);
  }

  /** slots[i] = slot of keys[i] for from <= i < to; new keys get the next slots. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    for (let at = from; at < to; ) {
      at =
        this.#dense === null
          ? this.#hashed.slotsOf(keys, at, to, slots, this)
          : this.#slotsInRange(this.#dense, keys, at, to, slots);
      if (at < to) this.#makeRoom(keys[at]!);
    }
  }

  /** Up to a new key for which there is no room: where that is, `to` when there is none. */
  #slotsInRange(
    dense: DenseInts,
    keys: Int32Array,
    from: number,
    to: number,
    slots: Int32Array,
  ): number {
    const { numbers, low } = dense;
    const bySlot = this.keys;
    let { count } = this;
    let i = from;
    while (i < to) {
      i = dense.slotsOf(keys, i, to, slots);
      const end = Math.min(to, i + 4);
      for (; i < end; i++) {
        const key = keys[i]!;
        const at = (key - low) >>> 0;
        if (at >= numbers.length) break;
        let slot = numbers[at]!;
        if (slot === 0) {
          if (count === bySlot.length) break;
          bySlot[count] = key;
          slot = ++count;
          numbers[at] = slot;
        }
        slots[i] = slot - 1;
      }
      if (i < end) break;
    }
    this.count = count;
    return i;
  }

  /** slots[i] = slot of keys[i] for from <= i < to; -1 for a key that is not there. */
  findSlots(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    if (this.#dense === null) {
      this.#hashed.findSlots(keys, from, to, slots);
      return;
    }
    const { numbers, low } = this.#dense;
    for (let i = from; i < to; i++) {
      const at = (keys[i]! - low) >>> 0;
      slots[i] = at < numbers.length ? numbers[at]! - 1 : -1;
    }
  }

  /**
   * Gives keys[from] to keys[to - 1], which are all new, the next slots. They are not found before `index`, which has to follow
   * the last of them. `expected`: about how many may come from here on.
   */
  append(keys: Int32Array, from: number, to: number, expected: number): void {
    const { count } = this;
    const end = count + to - from;
    if (end > this.keys.length) {
      const capacity = loadedCapacity(this.keys.length, end, count + expected);
      this.keys = grownInts(this.keys.subarray(0, count), capacityOf(cellsFor(capacity)));
    }
    this.keys.set(keys.subarray(from, to), count);
    this.count = end;
  }

  /** Behind `append`: from here on the keys of all slots are found; false when two of them are equal. */
  index(): boolean {
    const { count, keys } = this;
    const range = rangeOf(keys, count, keys[0]!);
    return areDense(range, count)
      ? this.#becomeDense(DenseInts.loaded(range))
      : this.#becomeHashed();
  }

  /** Forgets all keys; memory that was far too large is given back. */
  clear(): void {
    const { count, keys } = this;
    this.count = 0;
    const isKept = keys.length <= capacityOf(cellsFor(count)) * 8;
    if (isKept && this.#dense === null) this.#hashed.clear();
    else if (!isKept || !this.#dense!.clear(keys, count)) this.#becomeHashed();
  }

  /** For a key that is not there. */
  #makeRoom(key: number): void {
    const { count } = this;
    const dense = this.#dense;
    if (dense === null) {
      const range = rangeOf(this.keys, count, key);
      if (areDense(range, count)) this.#becomeDense(DenseInts.of(range, key));
      else this.#hashed.grow();
    } else if (!dense.has(key) && !dense.makeRoom(key, count, count)) {
      this.#becomeHashed();
    }
    const capacity = this.#dense === null ? this.#hashed.capacity : count * 2;
    if (count === this.keys.length) this.keys = grownInts(this.keys, capacity);
  }

  /** False when two keys are equal. */
  #becomeDense(dense: DenseInts): boolean {
    const { keys, count } = this;
    const { numbers, low } = dense;
    let areNew = true;
    for (let slot = 0; slot < count; slot++) {
      const at = keys[slot]! - low;
      if (numbers[at] !== 0) areNew = false;
      numbers[at] = slot + 1;
    }
    this.#dense = dense;
    this.#hashed = new HashedInts();
    return areNew;
  }

  /** False when two keys are equal. */
  #becomeHashed(): boolean {
    this.#dense = null;
    this.#hashed = new HashedInts();
    const areNew = this.#hashed.index(this);
    this.keys = grownInts(this.keys.subarray(0, this.count), this.#hashed.capacity);
    return areNew;
  }
}
