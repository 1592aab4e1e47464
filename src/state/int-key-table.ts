/**
 * Dense slots for int32 keys: slot n is the n-th different key since the last clear. Open addressing with linear
 * probing; a cell holds the key beside its slot, so that a hit costs one cache line.
 * Benchmark: figure keyed-tumbling.
 */

import {
  CELLS_MIN,
  capacityOf,
  cellsFor,
  GOLDEN,
  loadedCapacity,
  UNCACHED_CELLS,
} from './cells.ts';
import { readCellsAhead } from './read-ahead.ts';

/** Cells that an insertion of many keys goes through at a time, as a power of two: they stay in the L2 cache. */
const REGION_SHIFT = 15;

export class IntKeyTable {
  count = 0;
  /** Key by slot. */
  keys = new Int32Array(capacityOf(CELLS_MIN));
  /** Pairs: key, slot + 1; a zero slot is a free cell. */
  #cells = new Int32Array(CELLS_MIN * 2);
  #shift = 32 - Math.log2(CELLS_MIN);
  /** See read-ahead.ts: about a tenth of the time of a rolling sum with a million keys. */
  ahead = 0;

  /** slots[i] = slot of keys[i] for from <= i < to; new keys get the next slots. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    let cells = this.#cells;
    let byslot = this.keys;
    let shift = this.#shift;
    if (cells.length > UNCACHED_CELLS) this.ahead = readCellsAhead(cells, 1, shift, keys, from, to);
    let mask = cells.length - 1;
    let { count } = this;
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      let slot = cells[cell + 1]!;
      while (slot !== 0 && cells[cell] !== key) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1]!;
      }
      if (slot === 0) {
        if (count === byslot.length) {
          this.count = count;
          this.#grow();
          cells = this.#cells;
          byslot = this.keys;
          shift = this.#shift;
          mask = cells.length - 1;
          cell = this.#freeCell(key);
        }
        byslot[count] = key;
        slot = ++count;
        cells[cell] = key;
        cells[cell + 1] = slot;
      }
      slots[i] = slot - 1;
    }
    this.count = count;
  }

  /** slots[i] = slot of keys[i] for from <= i < to; -1 for a key that is not there. */
  findSlots(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      while (cells[cell + 1] !== 0 && cells[cell] !== key) cell = (cell + 2) & mask;
      slots[i] = cells[cell + 1]! - 1;
    }
  }

  /**
   * slots[i] = the next slot, for from <= i < to: keys that are all new. They are not found before `index`, which has to follow
   * the last of them. `expected`: about how many may come from here on.
   */
  append(keys: Int32Array, from: number, to: number, slots: Int32Array, expected: number): void {
    const { count } = this;
    const end = count + to - from;
    if (end > this.keys.length) {
      const capacity = loadedCapacity(this.keys.length, end, count + expected);
      const grown = new Int32Array(capacityOf(cellsFor(capacity)));
      grown.set(this.keys.subarray(0, count));
      this.keys = grown;
    }
    this.keys.set(keys.subarray(from, to), count);
    for (let i = from; i < to; i++) slots[i] = count + i - from;
    this.count = end;
  }

  /**
   * Makes cells for the keys of all slots; false when two of them are equal. Region of cells by region: in the order of the
   * slots each would be a cache miss. Benchmark: figure recovery.
   */
  index(): boolean {
    const cellCount = cellsFor(this.count);
    const capacity = capacityOf(cellCount);
    if (this.keys.length !== capacity) this.keys = this.keys.slice(0, capacity);
    const cells = new Int32Array(cellCount * 2);
    this.#cells = cells;
    this.#shift = 32 - Math.log2(cellCount);
    // The pairs to insert lie in the last cells: memory of their own would cost its page faults, and so does a page that is
    // read before it is written.
    const first = cells.length - this.count * 2;
    cells.fill(0, 0, first);
    this.#sortByRegion(cells.subarray(first), Math.max(1, Math.log2(cellCount) - REGION_SHIFT));
    const shift = this.#shift;
    let areNew = true;
    let at = first;
    for (; at < cells.length; at += 2) {
      const key = cells[at]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      while (cell < at && cells[cell + 1] !== 0) {
        if (cells[cell] === key) areNew = false;
        cell += 2;
      }
      if (cell >= at) break;
      cells[cell] = key;
      cells[cell + 1] = cells[at + 1]!;
      cells[at + 1] = 0;
    }
    // The cells of the last regions are those that their pairs lie in.
    const rest = cells.slice(at);
    cells.fill(0, at);
    return this.#insert(rest) && areNew;
  }

  /** The pairs of all keys as in cells, those of a region, one of 2 ** bits, side by side: a counting sort. */
  #sortByRegion(pairs: Int32Array, bits: number): void {
    const { keys, count } = this;
    const shift = 32 - bits;
    const next = new Int32Array(2 ** bits + 1);
    for (let slot = 0; slot < count; slot++)
      next[(Math.imul(keys[slot]!, GOLDEN) >>> shift) + 1]!++;
    for (let region = 1; region < next.length; region++) next[region]! += next[region - 1]!;
    for (let slot = 0; slot < count; slot++) {
      const key = keys[slot]!;
      const at = next[Math.imul(key, GOLDEN) >>> shift]!++ << 1;
      pairs[at] = key;
      pairs[at + 1] = slot + 1;
    }
  }

  /** Inserts pairs as they are in cells; false when one of the keys has a cell. */
  #insert(pairs: Int32Array): boolean {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    let areNew = true;
    for (let at = 0; at < pairs.length; at += 2) {
      const key = pairs[at]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      while (cells[cell + 1] !== 0) {
        if (cells[cell] === key) areNew = false;
        cell = (cell + 2) & mask;
      }
      cells[cell] = key;
      cells[cell + 1] = pairs[at + 1]!;
    }
    return areNew;
  }

  /** Forgets all keys; memory that was far too large is given back. */
  clear(): void {
    const wanted = cellsFor(this.count);
    if (wanted * 8 < this.#cells.length / 2) {
      this.#cells = new Int32Array(wanted * 2);
      this.#shift = 32 - Math.log2(wanted);
      this.keys = new Int32Array(capacityOf(wanted));
    } else {
      this.#cells.fill(0);
    }
    this.count = 0;
  }

  /** Twice as many cells. */
  #grow(): void {
    const cellCount = this.#cells.length;
    const keys = new Int32Array(capacityOf(cellCount));
    keys.set(this.keys);
    this.keys = keys;
    const old = this.#cells;
    this.#cells = new Int32Array(cellCount * 2);
    this.#shift = 32 - Math.log2(cellCount);
    // In the order of the cells, which is that of the new ones too: by slots each would be a cache miss.
    // Benchmark: figure recovery.
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const cell = this.#freeCell(old[at]!);
      this.#cells[cell] = old[at]!;
      this.#cells[cell + 1] = old[at + 1]!;
    }
  }

  #freeCell(key: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = (Math.imul(key, GOLDEN) >>> this.#shift) << 1;
    while (cells[cell + 1] !== 0) cell = (cell + 2) & mask;
    return cell;
  }
}
