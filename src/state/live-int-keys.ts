/**
 * Slots for int32 keys that come and go. A slot stays with its key until it is removed, and then serves another key.
 *
 * Keys that lie close together are found by an array over their range (dense-ints.ts), as in int-key-table.ts. Others by open
 * addressing with linear probing; a cell holds slot + 1 and, in the bits that are left, the lowest ones of the key's hash: half
 * of the bytes of hashed-ints.ts. Other keys mostly differ in those bits, so that the key, which is looked up by the slot, is
 * nearly always the right one, and nothing waits for it. Removal shifts the cells behind back (Knuth, TAOCP 6.4, algorithm R),
 * so that there are no tombstones. Benchmark: figure process-function.
 */
import { CELLS_MIN, capacityOf, cellsFor, GOLDEN, UNCACHED_CELLS } from './cells.ts';
import { areDense, DenseInts, type KeyRange, rangeOf } from './dense-ints.ts';
import { grownInPlace, zeros } from './grown-arrays.ts';
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
  /** Keys that ever were new. */
  #inserted = 0;
  /** Slot + 1 above the lowest `#shift` bits, which are those of the hash; zero is a free cell. */
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);
  /** Null while keys are found by hash. */
  #dense: DenseInts | null = null;

  constructor(free: SlotList) {
    this.#free = free;
  }

  /** slots[i] = slot of keys[i] for from <= i < to; the slots of new keys go into `fresh` too. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array, fresh: SlotList): void {
    if (this.#dense === null && this.#cells.length > UNCACHED_CELLS) {
      this.ahead = readCellsAhead(this.#cells, 0, this.#shift, keys, from, to);
    }
    for (let at = from; at < to; at++) {
      at =
        this.#dense === null
          ? this.#slotsByHash(keys, at, to, slots)
          : this.#slotsInRange(this.#dense, keys, at, to, slots);
      if (at === to) return;
      const slot = this.#insert(keys[at]!);
      fresh.push(slot);
      slots[at] = slot;
    }
  }

  /** Up to a new key: where that is, `to` when there is none. */
  #slotsByHash(keys: Int32Array, from: number, to: number, slots: Int32Array): number {
    const cells = this.#cells;
    const bySlot = this.keys;
    const shift = this.#shift;
    const mask = cells.length - 1;
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
      if (held === 0) return i;
      slots[i] = (held >>> shift) - 1;
    }
    return to;
  }

  #slotsInRange(
    dense: DenseInts,
    keys: Int32Array,
    from: number,
    to: number,
    slots: Int32Array,
  ): number {
    const { numbers, low } = dense;
    for (let i = dense.slotsOf(keys, from, to, slots); i < to; i++) {
      const slot = numbers[(keys[i]! - low) >>> 0] ?? 0;
      if (slot === 0) return i;
      slots[i] = slot - 1;
    }
    return to;
  }

  /** The slot of a key; -1 where it has none. */
  find(key: number): number {
    if (this.#dense !== null) return this.#dense.find(key);
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
    const wasThere =
      this.#dense === null ? this.#removeCell(slot) : this.#dense.remove(this.keys[slot]!, slot);
    if (!wasThere) return false;
    this.#liveCount--;
    this.#free.push(slot);
    return true;
  }

  #removeCell(slot: number): boolean {
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
    return true;
  }

  #insert(key: number): number {
    this.#makeRoom(key);
    const slot = this.#free.count > 0 ? this.#free.pop() : this.#nextSlot();
    this.keys[slot] = key;
    this.#liveCount++;
    this.#inserted++;
    this.#place(slot);
    return slot;
  }

  /** The slot, which has its key, is found by it from here on. */
  #place(slot: number): void {
    const key = this.keys[slot]!;
    if (this.#dense !== null) this.#dense.set(key, slot);
    else this.#cells[this.#freeCell(key)] = this.#held(slot);
  }

  #makeRoom(key: number): void {
    const dense = this.#dense;
    if (dense === null) {
      if (this.#liveCount === capacityOf(this.#cells.length)) this.#growCells(key);
    } else if (!dense.has(key) && !dense.makeRoom(key, this.#liveCount, this.#inserted)) {
      // Twice as many cells as it takes, or keys that are dense but for a few that come and go would change it all the time.
      this.#findAnew(null, key, this.#liveCount * 2);
    }
  }

  #growCells(key: number): void {
    const keys = this.#liveSlots().map((slot) => this.keys[slot]!);
    const range = rangeOf(keys, keys.length, key);
    this.#findAnew(areDense(range, keys.length) ? range : null, key, keys.length + 1);
  }

  /** All keys, and one more, are found in their range from here on, or, where there is none, by hash. */
  #findAnew(range: KeyRange | null, key: number, capacity: number): void {
    const slots = this.#liveSlots();
    const cellCount = range === null ? cellsFor(capacity) : CELLS_MIN;
    this.#dense = range === null ? null : DenseInts.of(range, key);
    this.#cells = zeros(cellCount);
    this.#shift = 32 - Math.log2(cellCount);
    for (const slot of slots) this.#place(slot);
  }

  /** In the order in which they are found, which is nearly that in which they will be: by slots each would be a cache miss. */
  #liveSlots(): Int32Array {
    const shift = this.#dense === null ? this.#shift : 0;
    const found = this.#dense?.numbers ?? this.#cells;
    const slots = new Int32Array(this.#liveCount);
    let count = 0;
    for (const held of found) if (held !== 0) slots[count++] = (held >>> shift) - 1;
    return slots;
  }

  #nextSlot(): number {
    if (this.slotCount === this.keys.length) {
      this.keys = grownInPlace(this.keys, grownSlots(this.slotCount));
    }
    return this.slotCount++;
  }

  /** What the cell of a slot holds. Slots are fewer than cells, so that the bits suffice. */
  #held(slot: number): number {
    const shift = this.#shift;
    return ((slot + 1) << shift) | (Math.imul(this.keys[slot]!, GOLDEN) & ((1 << shift) - 1));
  }

  #freeCell(key: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = Math.imul(key, GOLDEN) >>> this.#shift;
    while (cells[cell] !== 0) cell = (cell + 1) & mask;
    return cell;
  }
}
