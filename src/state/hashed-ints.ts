/**
 * Slots by int32 key, whatever the keys are: open addressing with linear probing; a cell holds the key beside its slot, so
 * that a hit costs one cache line.
 */
import { CELLS_MIN, capacityOf, cellsFor, GOLDEN, UNCACHED_CELLS } from './cells.ts';
import { zeros } from './grown-arrays.ts';
import type { IntSlots } from './int-key-table.ts';
import { readCellsAhead } from './read-ahead.ts';

/** Cells that an insertion of many keys goes through at a time, as a power of two: they stay in the L2 cache. */
const REGION_SHIFT = 15;

export class HashedInts {
  /** Pairs: key, slot + 1; a zero slot is a free cell. */
  #cells = new Int32Array(CELLS_MIN * 2);
  #shift = 32 - Math.log2(CELLS_MIN);
  /** See read-ahead.ts: about a tenth of the time of a rolling sum with a million keys. */
  ahead = 0;

  /** Keys that it takes. */
  get capacity(): number {
    return capacityOf(this.#cells.length / 2);
  }

  /** As that of IntKeyTable, up to a new key for which there is no room: where that is, `to` when there is none. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array, known: IntSlots): number {
    const cells = this.#cells;
    const shift = this.#shift;
    if (cells.length > UNCACHED_CELLS) this.ahead = readCellsAhead(cells, 1, shift, keys, from, to);
    const mask = cells.length - 1;
    const bySlot = known.keys;
    let { count } = known;
    let i = from;
    for (; i < to; i++) {
      const key = keys[i]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      let slot = cells[cell + 1]!;
      while (slot !== 0 && cells[cell] !== key) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1]!;
      }
      if (slot === 0) {
        if (count === bySlot.length) break;
        bySlot[count] = key;
        slot = ++count;
        cells[cell] = key;
        cells[cell + 1] = slot;
      }
      slots[i] = slot - 1;
    }
    known.count = count;
    return i;
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
   * Makes cells for keys that lie by slot; false when two of them are equal. Region of cells by region: in the order of the
   * slots each would be a cache miss. Benchmark: figure recovery.
   */
  index({ keys, count }: IntSlots): boolean {
    const cellCount = cellsFor(count);
    const cells = new Int32Array(cellCount * 2);
    this.#cells = cells;
    this.#shift = 32 - Math.log2(cellCount);
    // The pairs to insert lie in the last cells: memory of their own would cost its page faults, and so does a page that is
    // read before it is written.
    const first = cells.length - count * 2;
    cells.fill(0, 0, first);
    const regionBits = Math.max(1, Math.log2(cellCount) - REGION_SHIFT);
    sortByRegion(keys, count, cells.subarray(first), regionBits);
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

  /** Twice as many cells. */
  grow(): void {
    const old = this.#cells;
    this.#cells = zeros(old.length * 2);
    this.#shift--;
    // In the order of the cells, which is that of the new ones too: by slots each would be a cache miss.
    // Benchmark: figure recovery.
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const cell = this.#freeCell(old[at]!);
      this.#cells[cell] = old[at]!;
      this.#cells[cell + 1] = old[at + 1]!;
    }
  }

  clear(): void {
    this.#cells.fill(0);
  }

  #freeCell(key: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = (Math.imul(key, GOLDEN) >>> this.#shift) << 1;
    while (cells[cell + 1] !== 0) cell = (cell + 2) & mask;
    return cell;
  }
}

/** The pairs of all keys as in cells, those of a region, one of 2 ** bits, side by side: a counting sort. */
function sortByRegion(keys: Int32Array, count: number, pairs: Int32Array, bits: number): void {
  const shift = 32 - bits;
  const next = new Int32Array(2 ** bits + 1);
  for (let slot = 0; slot < count; slot++) next[(Math.imul(keys[slot]!, GOLDEN) >>> shift) + 1]!++;
  for (let region = 1; region < next.length; region++) next[region]! += next[region - 1]!;
  for (let slot = 0; slot < count; slot++) {
    const key = keys[slot]!;
    const at = next[Math.imul(key, GOLDEN) >>> shift]!++ << 1;
    pairs[at] = key;
    pairs[at + 1] = slot + 1;
  }
}
