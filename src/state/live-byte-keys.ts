/**
 * Slots for keys of canonical bytes (data/key.ts) that come and go: live-int-keys.ts for keys of any kind.
 *
 * Key bytes lie one after the other in one array. Those of removed keys stay where they are until the array is full;
 * then they are squeezed out when they are half of it, and it grows otherwise.
 */
import { areEqualBytes } from '../data/byte-runs.ts';
import type { KeyBytes, StoredKeyBytes } from '../data/key.ts';
import { CELLS_MIN, capacityOf, GOLDEN, UNCACHED_CELLS } from './cells.ts';
import { grownInPlace, zeros } from './grown-arrays.ts';
import { markKeys, markOf } from './key-marks.ts';
import { readCellsAhead, readKeysAhead } from './read-ahead.ts';
import { grownSlots, type SlotList } from './slot-list.ts';

const BYTES_MIN = 1024;

export class LiveByteKeys {
  /** Slots that were ever used, with those that are free. */
  slotCount = 0;
  /** The keys by slot, in the form in which they came. */
  readonly keys: StoredKeyBytes = {
    bytes: new Uint8Array(BYTES_MIN),
    starts: new Int32Array(grownSlots(0)),
    sizes: new Int32Array(grownSlots(0)),
  };
  /** By slot, see key-marks.ts. */
  #marks = new Int32Array(grownSlots(0));
  #areTexts = false;
  readonly #free: SlotList;
  #liveCount = 0;
  #bytesUsed = 0;
  #bytesLive = 0;
  /** Slot + 1 above the lowest `#shift` bits, which are those of the mark as in live-int-keys.ts those of the hash; zero is a free cell. */
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  /** See read-ahead.ts. */
  ahead = 0;
  /** Of the keys that are looked for. */
  #wanted = new Int32Array(0);
  /** Slots that are read ahead. */
  #seen = new Int32Array(0);

  constructor(free: SlotList) {
    this.#free = free;
  }

  /** Takes over keys 0 to count - 1 under their numbers as slots, but for those that are free. */
  adopt(keys: KeyBytes, count: number): void {
    const marks = this.#marksOf(keys, 0, count);
    const isFree = new Uint8Array(count);
    for (let i = 0; i < this.#free.count; i++) isFree[this.#free.slots[i]!] = 1;
    while (this.slotCount < count) this.#nextSlot();
    for (let slot = 0; slot < count; slot++) {
      if (isFree[slot] === 1) continue;
      this.#reserveCell();
      this.#store(slot, keys, slot, this.#freeCell(marks[slot]!));
    }
  }

  /** slots[i] = slot of key i of `keys` for from <= i < to; the slots of new keys go into `fresh` too. */
  slotsOf(keys: KeyBytes, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    const marks = this.#marksOf(keys, from, to);
    if (this.#cells.length > UNCACHED_CELLS) this.#readAhead(marks, from, to);
    let cells = this.#cells;
    let shift = this.#shift;
    let mask = cells.length - 1;
    for (let i = from; i < to; i++) {
      const hash = Math.imul(marks[i]!, GOLDEN);
      let cell = hash >>> shift;
      let held = cells[cell]!;
      while (
        held !== 0 &&
        ((held ^ hash) << (32 - shift) !== 0 || !this.#equals((held >>> shift) - 1, keys, i))
      ) {
        cell = (cell + 1) & mask;
        held = cells[cell]!;
      }
      if (held !== 0) {
        slots[i] = (held >>> shift) - 1;
        continue;
      }
      if (this.#reserveCell()) {
        cells = this.#cells;
        shift = this.#shift;
        mask = cells.length - 1;
        cell = this.#freeCell(marks[i]!);
      }
      const slot = this.#free.count > 0 ? this.#free.pop() : this.#nextSlot();
      this.#store(slot, keys, i, cell);
      fresh.push(slot);
      slots[i] = slot;
    }
  }

  #marksOf(keys: KeyBytes, from: number, to: number): Int32Array {
    this.#areTexts = keys.areTexts;
    if (this.#wanted.length < to) this.#wanted = new Int32Array(to);
    markKeys(keys, from, to, this.#wanted);
    return this.#wanted;
  }

  /** The hash of the key of a slot. */
  hashOf(slot: number): number {
    const { bytes, starts, sizes } = this.keys;
    return markOf(this.#marks[slot]!, bytes, starts[slot]!, sizes[slot]! >> 1, this.#areTexts);
  }

  /** Cells at which the search for keys of these marks begins, and the keys that are compared there. */
  #readAhead(marks: Int32Array, from: number, to: number): void {
    const cells = this.#cells;
    const shift = this.#shift;
    const ahead = readCellsAhead(cells, 0, shift, marks, from, to);
    if (this.#seen.length < to) this.#seen = new Int32Array(to);
    const seen = this.#seen;
    for (let i = from; i < to; i++) {
      seen[i] = Math.max(0, (cells[Math.imul(marks[i]!, GOLDEN) >>> shift]! >>> shift) - 1);
    }
    this.ahead = ahead | readKeysAhead(this.keys, seen, from, to);
  }

  /** The slot of the first of `keys`; -1 where it has none. */
  find(keys: KeyBytes): number {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    let cell = Math.imul(this.#marksOf(keys, 0, 1)[0]!, GOLDEN) >>> shift;
    while (cells[cell] !== 0 && !this.#equals((cells[cell]! >>> shift) - 1, keys, 0)) {
      cell = (cell + 1) & mask;
    }
    return (cells[cell]! >>> shift) - 1;
  }

  /** Gives back the slot of a key; false when it was free already. */
  remove(slot: number): boolean {
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    const marks = this.#marks;
    const { sizes } = this.keys;
    const held = this.#held(slot);
    let hole = Math.imul(marks[slot]!, GOLDEN) >>> shift;
    while (cells[hole] !== held) {
      if (cells[hole] === 0) return false;
      hole = (hole + 1) & mask;
    }
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const home = Math.imul(marks[(cells[cell]! >>> shift) - 1]!, GOLDEN) >>> shift;
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
    const size = own.sizes[slot]!;
    if (size !== keys.sizes[i]) return false;
    return areEqualBytes(own.bytes, own.starts[slot]!, keys.bytes, keys.starts[i]!, size >> 1);
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
    this.#marks[slot] = this.#wanted[i]!;
    this.#bytesUsed = at + length;
    this.#bytesLive += length;
    this.#cells[cell] = this.#held(slot);
    this.#liveCount++;
  }

  #nextSlot(): number {
    const { keys } = this;
    if (this.slotCount === keys.starts.length) {
      const capacity = grownSlots(this.slotCount);
      keys.starts = grownInPlace(keys.starts, capacity);
      keys.sizes = grownInPlace(keys.sizes, capacity);
      this.#marks = grownInPlace(this.#marks, capacity);
    }
    return this.slotCount++;
  }

  #makeRoom(length: number): void {
    const { keys } = this;
    const old = keys.bytes;
    if (this.#bytesLive + length > old.length / 2) {
      keys.bytes = grownInPlace(old, Math.max(this.#bytesUsed + length, old.length * 2));
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

  /** What the cell of a slot holds. */
  #held(slot: number): number {
    const shift = this.#shift;
    return ((slot + 1) << shift) | (Math.imul(this.#marks[slot]!, GOLDEN) & ((1 << shift) - 1));
  }

  /** Room for one more key; true when cells have moved. */
  #reserveCell(): boolean {
    if (this.#liveCount < capacityOf(this.#cells.length)) return false;
    const old = this.#cells;
    const oldShift = this.#shift;
    this.#cells = zeros(old.length * 2);
    this.#shift--;
    for (let cell = 0; cell < old.length; cell++) {
      if (old[cell] === 0) continue;
      const slot = (old[cell]! >>> oldShift) - 1;
      this.#cells[this.#freeCell(this.#marks[slot]!)] = this.#held(slot);
    }
    return true;
  }

  #freeCell(mark: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = Math.imul(mark, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0) cell = (cell + 1) & mask;
    return cell;
  }
}
