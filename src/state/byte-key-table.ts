/**
 * Dense slots for keys of canonical bytes (data/key.ts): slot n is the n-th different key since the last clear.
 * Open addressing with linear probing; a cell holds a mark of the key (key-marks.ts) beside its slot, and only on equal
 * marks are bytes compared. Key bytes lie one after the other in one array. No string is made.
 */
import { areEqualBytes } from '../data/byte-runs.ts';
import type { KeyBytes, StoredKeyBytes } from '../data/key.ts';
import { CELLS_MIN, capacityOf, cellsFor, GOLDEN, UNCACHED_CELLS } from './cells.ts';
import { grownInts, zeros } from './grown-arrays.ts';
import { markKeys } from './key-marks.ts';
import { readCellsAhead, readEqualKeysAhead, readKeysAhead } from './read-ahead.ts';

const BYTES_MIN = 1024;
/** In place of a size that all keys have. */
const SEVERAL = -1;

export class ByteKeyTable {
  count = 0;
  /** The keys by slot, in the form in which they came. */
  readonly keys: StoredKeyBytes & { hashes: Int32Array } = {
    bytes: new Uint8Array(BYTES_MIN),
    starts: new Int32Array(capacityOf(CELLS_MIN)),
    sizes: new Int32Array(capacityOf(CELLS_MIN)),
    hashes: new Int32Array(capacityOf(CELLS_MIN)),
  };
  #bytesUsed = 0;
  /** What `sizes` has for all keys, where these are equal: each is found by its slot alone. 0 while there is no key. */
  #commonSize = 0;
  /** Pairs: mark, slot + 1; a zero slot is a free cell. */
  #cells = new Int32Array(CELLS_MIN * 2);
  #shift = 32 - Math.log2(CELLS_MIN);

  /** See read-ahead.ts. */
  ahead = 0;
  /** Of the keys that are looked for. */
  #marks = new Int32Array(0);
  /** Slots that are read ahead. */
  #seen = new Int32Array(0);

  /** slots[i] = slot of key i of `keys` for from <= i < to; new keys get the next slots. */
  slotsOf(keys: KeyBytes, from: number, to: number, slots: Int32Array): void {
    this.#mark(keys, from, to);
    const marks = this.#marks;
    let cells = this.#cells;
    let shift = this.#shift;
    let mask = cells.length - 1;
    const { bytes, starts, sizes, hashes } = keys;
    for (let i = from; i < to; i++) {
      const mark = marks[i]!;
      const start = starts[i]!;
      const size = sizes[i]!;
      let cell = (Math.imul(mark, GOLDEN) >>> shift) << 1;
      let slot = cells[cell + 1]!;
      while (slot !== 0 && !(cells[cell] === mark && this.#equals(slot - 1, bytes, start, size))) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1]!;
      }
      if (slot === 0) {
        if (this.count === this.keys.starts.length) {
          this.#grow();
          cells = this.#cells;
          shift = this.#shift;
          mask = cells.length - 1;
          cell = this.#freeCell(mark);
        }
        slot = this.#insert(hashes[i]!, bytes, start, size);
        cells[cell] = mark;
        cells[cell + 1] = slot;
      }
      slots[i] = slot - 1;
    }
  }

  /** slots[i] = slot of key i of `keys` for from <= i < to; -1 for a key that is not there. */
  findSlots(keys: KeyBytes, from: number, to: number, slots: Int32Array): void {
    this.#mark(keys, from, to);
    const marks = this.#marks;
    const cells = this.#cells;
    const shift = this.#shift;
    const mask = cells.length - 1;
    const { bytes, starts, sizes } = keys;
    for (let i = from; i < to; i++) {
      const mark = marks[i]!;
      let cell = (Math.imul(mark, GOLDEN) >>> shift) << 1;
      let slot = cells[cell + 1]!;
      while (
        slot !== 0 &&
        !(cells[cell] === mark && this.#equals(slot - 1, bytes, starts[i]!, sizes[i]!))
      ) {
        cell = (cell + 2) & mask;
        slot = cells[cell + 1]!;
      }
      slots[i] = slot - 1;
    }
  }

  /** The marks of keys; where cells do not stay in the cache, theirs are read ahead. */
  #mark(keys: KeyBytes, from: number, to: number): void {
    if (this.#marks.length < to) this.#marks = new Int32Array(to);
    const marks = this.#marks;
    markKeys(keys, from, to, marks);
    const cells = this.#cells;
    if (cells.length <= UNCACHED_CELLS) return;
    const shift = this.#shift;
    const ahead = readCellsAhead(cells, 1, shift, marks, from, to);
    if (this.#seen.length < to) this.#seen = new Int32Array(to);
    const seen = this.#seen;
    for (let i = from; i < to; i++) {
      seen[i] = Math.max(0, cells[((Math.imul(marks[i]!, GOLDEN) >>> shift) << 1) + 1]! - 1);
    }
    const length = this.#commonSize >> 1;
    this.ahead =
      ahead |
      (length > 0
        ? readEqualKeysAhead(this.keys.bytes, length, seen, from, to)
        : readKeysAhead(this.keys, seen, from, to));
  }

  clear(): void {
    const wanted = cellsFor(this.count);
    if (wanted * 8 < this.#cells.length / 2) {
      this.#cells = new Int32Array(wanted * 2);
      this.#shift = 32 - Math.log2(wanted);
      this.keys.starts = new Int32Array(capacityOf(wanted));
      this.keys.sizes = new Int32Array(capacityOf(wanted));
      this.keys.hashes = new Int32Array(capacityOf(wanted));
      this.keys.bytes = new Uint8Array(Math.max(BYTES_MIN, this.#bytesUsed));
    } else {
      this.#cells.fill(0);
    }
    this.count = 0;
    this.#bytesUsed = 0;
  }

  #equals(slot: number, bytes: Uint8Array, start: number, size: number): boolean {
    const keys = this.keys;
    const length = size >> 1;
    if (size === this.#commonSize) {
      return areEqualBytes(keys.bytes, slot * length, bytes, start, length);
    }
    if (keys.sizes[slot] !== size) return false;
    return areEqualBytes(keys.bytes, keys.starts[slot]!, bytes, start, length);
  }

  #insert(hash: number, bytes: Uint8Array, start: number, size: number): number {
    const keys = this.keys;
    const length = size >> 1;
    const at = this.#bytesUsed;
    if (this.count === 0) this.#commonSize = size;
    else if (size !== this.#commonSize) this.#commonSize = SEVERAL;
    if (at + length > keys.bytes.length) {
      const grown = new Uint8Array(Math.max(at + length, keys.bytes.length * 2));
      grown.set(keys.bytes);
      keys.bytes = grown;
    }
    for (let i = 0; i < length; i++) keys.bytes[at + i] = bytes[start + i]!;
    keys.starts[this.count] = at;
    keys.sizes[this.count] = size;
    keys.hashes[this.count] = hash;
    this.#bytesUsed = at + length;
    return ++this.count;
  }

  /** Twice as many cells. */
  #grow(): void {
    const { keys } = this;
    const cellCount = this.#cells.length;
    const capacity = capacityOf(cellCount);
    keys.starts = grownInts(keys.starts, capacity);
    keys.sizes = grownInts(keys.sizes, capacity);
    keys.hashes = grownInts(keys.hashes, capacity);
    const old = this.#cells;
    this.#cells = zeros(cellCount * 2);
    this.#shift = 32 - Math.log2(cellCount);
    // In the order of the cells, as in int-key-table.ts.
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] === 0) continue;
      const cell = this.#freeCell(old[at]!);
      this.#cells[cell] = old[at]!;
      this.#cells[cell + 1] = old[at + 1]!;
    }
  }

  #freeCell(mark: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = (Math.imul(mark, GOLDEN) >>> this.#shift) << 1;
    while (cells[cell + 1] !== 0) cell = (cell + 2) & mask;
    return cell;
  }
}
