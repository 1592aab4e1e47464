/**
 * Dense slots for int32 keys: slot n is the n-th different key since the last clear. Open addressing with linear
 * probing; a cell holds the key beside its slot, so that a hit costs one cache line. Load at most one half.
 * Benchmark: keyed-tumbling.
 */

const CELLS_MIN = 64;
/** 2^32 divided by the golden ratio: spreads keys that differ in low bits only (Knuth, TAOCP 6.4). */
const GOLDEN = 0x9e3779b1;

export class IntKeyTable {
  count = 0;
  /** Key by slot. */
  keys = new Int32Array(CELLS_MIN / 2);
  /** Pairs: key, slot + 1; a zero slot is a free cell. */
  #cells = new Int32Array(CELLS_MIN * 2);
  #shift = 32 - Math.log2(CELLS_MIN);

  /** slots[i] = slot of keys[i] for from <= i < to; new keys get the next slots. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array): void {
    this.#reserve(this.count + to - from);
    const cells = this.#cells;
    const byslot = this.keys;
    const shift = this.#shift;
    const mask = cells.length - 1;
    let count = this.count;
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      let cell = (Math.imul(key, GOLDEN) >>> shift) << 1;
      let slot = cells[cell + 1]!;
      while (slot !== 0 && cells[cell] !== key) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1]!;
      }
      if (slot === 0) {
        byslot[count] = key;
        slot = ++count;
        cells[cell] = key;
        cells[cell + 1] = slot;
      }
      slots[i] = slot - 1;
    }
    this.count = count;
  }

  /** Forgets all keys; memory that was far too large is given back. */
  clear(): void {
    const wanted = cellsFor(this.count);
    if (wanted * 8 < this.#cells.length / 2) {
      this.#cells = new Int32Array(wanted * 2);
      this.#shift = 32 - Math.log2(wanted);
      this.keys = new Int32Array(wanted / 2);
    } else {
      this.#cells.fill(0);
    }
    this.count = 0;
  }

  #reserve(count: number): void {
    if (count <= this.keys.length) return;
    const cellCount = cellsFor(count);
    const keys = new Int32Array(cellCount / 2);
    keys.set(this.keys);
    this.keys = keys;
    const cells = new Int32Array(cellCount * 2);
    const shift = 32 - Math.log2(cellCount);
    const mask = cells.length - 1;
    for (let slot = 0; slot < this.count; slot++) {
      let cell = (Math.imul(keys[slot]!, GOLDEN) >>> shift) << 1;
      while (cells[cell + 1] !== 0) cell = (cell + 2) & mask;
      cells[cell] = keys[slot]!;
      cells[cell + 1] = slot + 1;
    }
    this.#cells = cells;
    this.#shift = shift;
  }
}

function cellsFor(count: number): number {
  return Math.max(CELLS_MIN, 2 ** Math.ceil(Math.log2(Math.max(1, count) * 2)));
}
