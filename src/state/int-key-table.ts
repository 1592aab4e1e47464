/**
 * Dense slots for int32 keys: slot n is the n-th different key since the last clear. Open addressing with linear
 * probing; a cell holds the key beside its slot, so that a hit costs one cache line.
 * Benchmark: figure keyed-tumbling.
 */

import { CELLS_MIN, capacityOf, cellsFor, GOLDEN } from './cells.ts';

export class IntKeyTable {
  count = 0;
  /** Key by slot. */
  keys = new Int32Array(capacityOf(CELLS_MIN));
  /** Pairs: key, slot + 1; a zero slot is a free cell. */
  #cells = new Int32Array(CELLS_MIN * 2);
  #shift = 32 - Math.log2(CELLS_MIN);

  /** slots[i] = slot of keys[i] for from <= i < to; new keys get the next slots. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    let cells = this.#cells;
    let byslot = this.keys;
    let shift = this.#shift;
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
