/**
 * Slots for int32 keys that come and go. A slot stays with its key until it is removed, and then serves another key.
 *
 * Open addressing with linear probing; a cell holds slot + 1 only, and the key is looked up by the slot: one more look at
 * memory than in int-key-table.ts, and half of its bytes. Removal shifts the cells behind back (Knuth, TAOCP 6.4,
 * algorithm R), so that there are no tombstones.
 */
import { CELLS_MIN, capacityOf, GOLDEN } from './cells.ts';
import { grownSlots, type SlotList } from './slot-list.ts';

export class LiveIntKeys {
  /** Slots that were ever used, with those that are free. */
  slotCount = 0;
  /** Key by slot. */
  keys = new Int32Array(grownSlots(0));
  readonly #free: SlotList;
  #liveCount = 0;
  /** Slot + 1; zero is a free cell. */
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  constructor(free: SlotList) {
    this.#free = free;
  }

  /** slots[i] = slot of keys[i] for from <= i < to; the slots of new keys go into `fresh` too. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    // First what the home cells hold, mostly the slots: nothing is decided here, so that many are fetched at once.
    const cells = this.#cells;
    const shift = this.#shift;
    for (let i = from; i < to; i++) slots[i] = cells[Math.imul(keys[i]!, GOLDEN) >>> shift]! - 1;
    let bySlot = this.keys;
    for (let i = from; i < to; i++) {
      const key = keys[i]!;
      const slot = slots[i]!;
      if (slot >= 0 && bySlot[slot] === key) continue;
      slots[i] = this.#enter(key, fresh);
      bySlot = this.keys;
    }
  }

  /** The slot of a key, which gets one where it has none. */
  #enter(key: number, fresh: SlotList): number {
    const cell = this.#cellOf(key);
    const found = this.#cells[cell]! - 1;
    if (found >= 0) return found;
    const slot = this.#insert(key, cell);
    fresh.push(slot);
    return slot;
  }

  /** The slot of a key; -1 where it has none. */
  find(key: number): number {
    return this.#cells[this.#cellOf(key)]! - 1;
  }

  /** Gives back the slot of a key; false when it was free already. */
  remove(slot: number): boolean {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = Math.imul(this.keys[slot]!, GOLDEN) >>> this.#shift;
    while (cells[hole] !== slot + 1) {
      if (cells[hole] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = Math.imul(this.keys[cells[cell]! - 1]!, GOLDEN) >>> this.#shift;
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
      target = this.#cellOf(key);
    }
    const slot = this.#free.count > 0 ? this.#free.pop() : this.#nextSlot();
    this.keys[slot] = key;
    this.#cells[target] = slot + 1;
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

  /** Twice as many cells. */
  #grow(): void {
    const old = this.#cells;
    this.#cells = new Int32Array(old.length * 2);
    this.#shift--;
    for (let cell = 0; cell < old.length; cell++) {
      const slot = old[cell]!;
      if (slot !== 0) this.#cells[this.#cellOf(this.keys[slot - 1]!)] = slot;
    }
  }

  /** The cell of a key, or the free one where it would stand. */
  #cellOf(key: number): number {
    const cells = this.#cells;
    const bySlot = this.keys;
    const mask = cells.length - 1;
    let cell = Math.imul(key, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0 && bySlot[cells[cell]! - 1] !== key) cell = (cell + 1) & mask;
    return cell;
  }
}
