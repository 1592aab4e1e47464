/**
 * Slots for int32 keys that come and go. A slot stays with its key until it is removed, and then serves another key.
 *
 * Open addressing with linear probing; a cell holds slot + 1 and, in the bits that are left, the lowest ones of the key's
 * hash: half of the bytes of int-key-table.ts. Other keys mostly differ in those bits, so that the key, which is looked up
 * by the slot, is nearly always the right one, and nothing waits for it. Removal shifts the cells behind back (Knuth,
 * TAOCP 6.4, algorithm R), so that there are no tombstones. Benchmark: figure process-function.
 */
import { CELLS_MIN, capacityOf, GOLDEN, UNCACHED_CELLS } from './cells.ts';
import { readCellsAhead } from './read-ahead.ts';
import { grownSlots, type SlotList } from './slot-list.ts';

export class LiveIntKeys {
  /** Slots that were ever used, with those that are free. */
  slotCount = 0;
  /** Key by slot. */
  keys = new Int32Array(grownSlots(0));
  /** See read-ahead.ts. */
  ahead = 0;
  readonly #free: SlotList;
  #liveCount = 0;
  /** Slot + 1 above the lowest `#shift` bits, which are those of the hash; zero is a free cell. */
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  constructor(free: SlotList) {
    this.#free = free;
  }

  /** slots[i] = slot of keys[i] for from <= i < to; the slots of new keys go into `fresh` too. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    let cells = this.#cells;
    let bySlot = this.keys;
    let shift = this.#shift;
    let mask = cells.length - 1;
    if (cells.length > UNCACHED_CELLS) this.ahead = readCellsAhead(cells, 0, shift, keys, from, to);
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      const hash = Math.imul(key, GOLDEN);
      let cell = hash >>> shift;
      let held = cells[cell]!;
      while (
        held !== 0 &&
        ((held ^ hash) << (32 - shift) !== 0 || bySlot[(held >>> shift) - 1] !== key)
      ) {
        cell = (cell + 1) & mask;
        held = cells[cell]!;
      }
      if (held !== 0) {
        slots[i] = (held >>> shift) - 1;
        continue;
      }
      const slot = this.#insert(key, cell);
      fresh.push(slot);
      slots[i] = slot;
      cells = this.#cells;
      bySlot = this.keys;
      shift = this.#shift;
      mask = cells.length - 1;
    }
  }

  /** The slot of a key; -1 where it has none. */
  find(key: number): number {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    let cell = Math.imul(key, GOLDEN) >>> shift;
    while (cells[cell] !== 0 && this.keys[(cells[cell]! >>> shift) - 1] !== key) {
      cell = (cell + 1) & mask;
    }
    return (cells[cell]! >>> shift) - 1;
  }

  /** Gives back the slot of a key; false when it was free already. */
  remove(slot: number): boolean {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    const held = this.#held(slot);
    let hole = Math.imul(this.keys[slot]!, GOLDEN) >>> shift;
    while (cells[hole] !== held) {
      if (cells[hole] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = Math.imul(this.keys[(cells[cell]! >>> shift) - 1]!, GOLDEN) >>> shift;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell]!;
      hole = cell;
    }
    cells[hole] = 0;
    this.#liveCount--;
    this.#free.push(slot);
    return true;
  }

  #insert(key: number, cell: number): number {
    let target = cell;
    if (this.#liveCount === capacityOf(this.#cells.length)) {
      this.#grow();
      target = this.#freeCell(key);
    }
    const slot = this.#free.count > 0 ? this.#free.pop() : this.#nextSlot();
    this.keys[slot] = key;
    this.#cells[target] = this.#held(slot);
    this.#liveCount++;
    return slot;
  }

  #nextSlot(): number {
    if (this.slotCount === this.keys.length) {
      const keys = new Int32Array(grownSlots(this.slotCount));
      keys.set(this.keys);
      this.keys = keys;
    }
    return this.slotCount++;
  }

  /** What the cell of a slot holds. Slots are fewer than cells, so that the bits suffice. */
  #held(slot: number): number {
    const shift = this.#shift;
    return ((slot + 1) << shift) | (Math.imul(this.keys[slot]!, GOLDEN) & ((1 << shift) - 1));
  }

  /** Twice as many cells. */
  #grow(): void {
    const old = this.#cells;
    const oldShift = this.#shift;
    this.#cells = new Int32Array(old.length * 2);
    this.#shift--;
    for (let cell = 0; cell < old.length; cell++) {
      if (old[cell] === 0) continue;
      const slot = (old[cell]! >>> oldShift) - 1;
      this.#cells[this.#freeCell(this.keys[slot]!)] = this.#held(slot);
    }
  }

  #freeCell(key: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = Math.imul(key, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0) cell = (cell + 1) & mask;
    return cell;
  }
}
