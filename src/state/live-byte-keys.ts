/**
 * Slots for keys of canonical bytes (data/key.ts) that come and go: live-int-keys.ts for keys of any kind.
 *
 * Key bytes lie one after the other in one array. Those of removed keys stay where they are until the array is full;
 * then they are squeezed out when they are half of it, and it grows otherwise.
 */
import type { KeyBytes } from '../data/key.ts';
import { CELLS_MIN, capacityOf, GOLDEN } from './cells.ts';
import { grownInts } from './grown-arrays.ts';
import { grownSlots, type SlotList } from './slot-list.ts';

const BYTES_MIN = 1024;

export class LiveByteKeys {
  /** Slots that were ever used, with those that are free. */
  slotCount = 0;
  /** The keys by slot, in the form in which they came. */
  readonly keys: KeyBytes = {
    bytes: new Uint8Array(BYTES_MIN),
    starts: new Int32Array(grownSlots(0)),
    sizes: new Int32Array(grownSlots(0)),
    hashes: new Int32Array(grownSlots(0)),
  };
  readonly #free: SlotList;
  #liveCount = 0;
  #bytesUsed = 0;
  #bytesLive = 0;
  /** Slot + 1; zero is a free cell. */
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  constructor(free: SlotList) {
    this.#free = free;
  }

  /** Takes over keys 0 to count - 1 under their numbers as slots, but for those that are free. */
  adopt(keys: KeyBytes, count: number): void {
    const isFree = new Uint8Array(count);
    for (let i = 0; i < this.#free.count; i++) isFree[this.#free.slots[i]!] = 1;
    while (this.slotCount < count) this.#nextSlot();
    for (let slot = 0; slot < count; slot++) {
      if (isFree[slot] === 1) continue;
      this.#reserveCell();
      this.#store(slot, keys, slot, this.#freeCell(keys.hashes[slot]!));
    }
  }

  /** slots[i] = slot of key i of `keys` for from <= i < to; the slots of new keys go into `fresh` too. */
  slotsOf(keys: KeyBytes, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    let cells = this.#cells;
    let mask = cells.length - 1;
    const own = this.keys;
    for (let i = from; i < to; i++) {
      const hash = keys.hashes[i]!;
      let cell = Math.imul(hash, GOLDEN) >>> this.#shift;
      let slot = cells[cell]!;
      while (slot !== 0 && !(own.hashes[slot - 1] === hash && this.#equals(slot - 1, keys, i))) {
        cell = (cell + 1) & mask;
        slot = cells[cell]!;
      }
      if (slot === 0) {
        if (this.#reserveCell()) {
          cells = this.#cells;
          mask = cells.length - 1;
          cell = this.#freeCell(hash);
        }
        const taken = this.#free.count > 0 ? this.#free.pop() : this.#nextSlot();
        this.#store(taken, keys, i, cell);
        fresh.push(taken);
        slot = taken + 1;
      }
      slots[i] = slot - 1;
    }
  }

  /** The slot of the first of `keys`; -1 where it has none. */
  find(keys: KeyBytes): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = Math.imul(keys.hashes[0]!, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0 && !this.#equals(cells[cell]! - 1, keys, 0)) cell = (cell + 1) & mask;
    return cells[cell]! - 1;
  }

  /** Gives back the slot of a key; false when it was free already. */
  remove(slot: number): boolean {
    const cells = this.#cells;
    const mask = cells.length - 1;
    const { hashes, sizes } = this.keys;
    let hole = Math.imul(hashes[slot]!, GOLDEN) >>> this.#shift;
    while (cells[hole] !== slot + 1) {
      if (cells[hole] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = Math.imul(hashes[cells[cell]! - 1]!, GOLDEN) >>> this.#shift;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell]!;
      hole = cell;
    }
    cells[hole] = 0;
    this.#liveCount--;
    this.#bytesLive -= sizes[slot]! >> 1;
    sizes[slot] = 0;
    this.#free.push(slot);
    return true;
  }

  #equals(slot: number, keys: KeyBytes, i: number): boolean {
    const own = this.keys;
    if (own.sizes[slot] !== keys.sizes[i]) return false;
    const ownStart = own.starts[slot]!;
    const start = keys.starts[i]!;
    const length = own.sizes[slot]! >> 1;
    for (let b = 0; b < length; b++) {
      if (own.bytes[ownStart + b] !== keys.bytes[start + b]) return false;
    }
    return true;
  }

  #store(slot: number, keys: KeyBytes, i: number, cell: number): void {
    const own = this.keys;
    const start = keys.starts[i]!;
    const length = keys.sizes[i]! >> 1;
    if (this.#bytesUsed + length > own.bytes.length) this.#makeRoom(length);
    const at = this.#bytesUsed;
    for (let b = 0; b < length; b++) own.bytes[at + b] = keys.bytes[start + b]!;
    own.starts[slot] = at;
    own.sizes[slot] = keys.sizes[i]!;
    own.hashes[slot] = keys.hashes[i]!;
    this.#bytesUsed = at + length;
    this.#bytesLive += length;
    this.#cells[cell] = slot + 1;
    this.#liveCount++;
  }

  #nextSlot(): number {
    const { keys } = this;
    if (this.slotCount === keys.starts.length) {
      const capacity = grownSlots(this.slotCount);
      keys.starts = grownInts(keys.starts, capacity);
      keys.sizes = grownInts(keys.sizes, capacity);
      keys.hashes = grownInts(keys.hashes, capacity);
    }
    return this.slotCount++;
  }

  #makeRoom(length: number): void {
    const { keys } = this;
    const old = keys.bytes;
    if (this.#bytesLive + length > old.length / 2) {
      keys.bytes = new Uint8Array(Math.max(this.#bytesUsed + length, old.length * 2));
      keys.bytes.set(old);
      return;
    }
    const bytes = new Uint8Array(old.length);
    let at = 0;
    for (let slot = 0; slot < this.slotCount; slot++) {
      const start = keys.starts[slot]!;
      const size = keys.sizes[slot]! >> 1;
      keys.starts[slot] = at;
      for (let b = 0; b < size; b++) bytes[at + b] = old[start + b]!;
      at += size;
    }
    keys.bytes = bytes;
    this.#bytesUsed = at;
  }

  /** Room for one more key; true when cells have moved. */
  #reserveCell(): boolean {
    if (this.#liveCount < capacityOf(this.#cells.length)) return false;
    const old = this.#cells;
    this.#cells = new Int32Array(old.length * 2);
    this.#shift--;
    for (let cell = 0; cell < old.length; cell++) {
      const slot = old[cell]!;
      if (slot !== 0) this.#cells[this.#freeCell(this.keys.hashes[slot - 1]!)] = slot;
    }
    return true;
  }

  #freeCell(hash: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = Math.imul(hash, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0) cell = (cell + 1) & mask;
    return cell;
  }
}
