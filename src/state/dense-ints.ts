/**
 * Slots by int32 key, for keys that lie close together, as ids mostly do: an array over their range. A look-up is one read that
 * waits for no other, of less memory than a hash table has.
 */
import { loadedZeros, zeros } from './grown-arrays.ts';

/** Of a range, the places to a key: with more of them it would take more memory than a hash table. */
const PLACES_MAX = 8;
/** The same of an array that has been emptied, and is kept for the next keys. */
const KEPT_PLACES_MAX = 64;
const LENGTH_MIN = 64;
const INT_MIN = -(2 ** 31);

export type KeyRange = { readonly least: number; readonly greatest: number };

/** Of the first keys of an array, and one more. */
export function rangeOf(keys: Int32Array, count: number, more: number): KeyRange {
  let least = more;
  let greatest = more;
  for (let i = 0; i < count; i++) {
    const key = keys[i]!;
    if (key < least) least = key;
    if (key > greatest) greatest = key;
  }
  return { least, greatest };
}

/** Whether so many keys are close enough together. */
export function areDense({ least, greatest }: KeyRange, count: number): boolean {
  return greatest - least < count * PLACES_MAX;
}

export class DenseInts {
  /** The slot of a key, plus 1, is at key - low; 0 for none. */
  numbers: Int32Array = new Int32Array(0);
  low = 0;
  /** What was inserted when the range moved on from keys that had gone. */
  #insertedBefore = 0;

  /** For keys that are loaded: just their range, since most that come later are among them. Benchmark: figure recovery. */
  static loaded({ least, greatest }: KeyRange): DenseInts {
    const dense = new DenseInts();
    dense.numbers = loadedZeros(Math.max(LENGTH_MIN, greatest - least + 1));
    dense.low = least;
    return dense;
  }

  /** For a range, with room for more beside `key`, which is at one of its ends. */
  static of(range: KeyRange, key: number): DenseInts {
    const dense = new DenseInts();
    dense.moveTo(range, key);
    return dense;
  }

  has(key: number): boolean {
    return key >= this.low && key - this.low < this.numbers.length;
  }

  /** The slot of a key; -1 where it has none. */
  find(key: number): number {
    return (this.numbers[(key - this.low) >>> 0] ?? 0) - 1;
  }

  /** The key must be in the range. */
  set(key: number, slot: number): void {
    this.numbers[key - this.low] = slot + 1;
  }

  /** False when this is not the slot of the key. */
  remove(key: number, slot: number): boolean {
    if (this.find(key) !== slot) return false;
    this.numbers[key - this.low] = 0;
    return true;
  }

  /** slots[i] = slot of keys[i], by four as in read-ahead.ts, as long as all four have one: where that ends. */
  slotsOf(keys: Int32Array, from: number, to: number, slots: Int32Array): number {
    const { numbers, low } = this;
    const { length } = numbers;
    let i = from;
    for (const last = to - 4; i <= last; i += 4) {
      const a = (keys[i]! - low) >>> 0;
      const b = (keys[i + 1]! - low) >>> 0;
      const c = (keys[i + 2]! - low) >>> 0;
      const d = (keys[i + 3]! - low) >>> 0;
      if (a >= length || b >= length || c >= length || d >= length) break;
      const slotA = numbers[a]!;
      const slotB = numbers[b]!;
      const slotC = numbers[c]!;
      const slotD = numbers[d]!;
      if (slotA === 0 || slotB === 0 || slotC === 0 || slotD === 0) break;
      slots[i] = slotA - 1;
      slots[i + 1] = slotB - 1;
      slots[i + 2] = slotC - 1;
      slots[i + 3] = slotD - 1;
    }
    return i;
  }

  /**
   * Makes room for a key that is out of the range; false where there would be too much of it for so many keys, or where the
   * range moves too often. `inserted`: how many were put in since the last clear.
   */
  makeRoom(key: number, count: number, inserted: number): boolean {
    const { numbers, low } = this;
    const whole = {
      least: Math.min(low, key),
      greatest: Math.max(low + numbers.length - 1, key),
    };
    if (areDense(whole, count)) {
      this.moveTo(whole, key);
      return true;
    }
    const range = this.#rangeWith(key);
    const isShort = range.greatest - range.least < numbers.length || areDense(range, count);
    if (!isShort || (inserted - this.#insertedBefore) * PLACES_MAX < numbers.length) return false;
    this.#insertedBefore = inserted;
    this.moveTo(range, key);
    return true;
  }

  /** The range of its keys, and one more. */
  #rangeWith(key: number): KeyRange {
    const { numbers, low } = this;
    let first = 0;
    while (first < numbers.length && numbers[first] === 0) first++;
    if (first === numbers.length) return { least: key, greatest: key };
    let last = numbers.length - 1;
    while (numbers[last] === 0) last--;
    return { least: Math.min(key, low + first), greatest: Math.max(key, low + last) };
  }

  /** Moves to a range in which all of its keys lie, with room for more beside `key`, which is at one of its ends. */
  moveTo({ least, greatest }: KeyRange, key: number): void {
    const { numbers: old, low: oldLow } = this;
    const length = Math.max(LENGTH_MIN, old.length, Math.ceil((greatest - least + 1) * 1.5));
    const low = key === least ? Math.max(INT_MIN, greatest + 1 - length) : least;
    const from = Math.max(least, oldLow);
    const to = Math.min(greatest + 1, oldLow + old.length);
    this.numbers = zeros(length);
    if (from < to) this.numbers.set(old.subarray(from - oldLow, to - oldLow), from - low);
    this.low = low;
  }

  /** Forgets these keys, which are all that it has; false where so much memory is not worth keeping for so few. */
  clear(keys: Int32Array, count: number): boolean {
    const { numbers, low } = this;
    this.#insertedBefore -= count;
    if (numbers.length > Math.max(LENGTH_MIN, count * KEPT_PLACES_MAX)) return false;
    if (areDense({ least: 0, greatest: numbers.length }, count)) numbers.fill(0);
    else for (let i = 0; i < count; i++) numbers[keys[i]! - low] = 0;
    return true;
  }
}
