/**
 * A list of rows for each key slot: their times and ids (row-store.ts), by rising time, equal ones in the order in which
 * they came; or all in the order in which they came.
 *
 * All lists lie in two arrays. A list that is full moves to a place twice as large; its old one is given to the next that
 * needs as much.
 *
 *   slot s → times, ids [start(s)] to [start(s) + count(s) - 1]
 */
import { UNCACHED_CELLS } from './cells.ts';
import { grownInts } from './grown-arrays.ts';

const PLACES_MIN = 64;
/** Places that a list begins with. */
const FIRST_CLASS = 1;
/** Above so many entries an entry is looked for by halving. */
const SCAN_MAX = 8;

export class RowLists {
  times = new Float64Array(PLACES_MIN);
  ids = new Int32Array(PLACES_MIN);
  readonly #isByTime: boolean;
  /** Two numbers a slot, side by side as they are read: the start of its list, and the entries. */
  #heads = new Int32Array(PLACES_MIN);
  /** Slots that may have a list. */
  #slots = 0;
  #filledCount = 0;
  #used = 0;
  /** Starts of free places, by class. */
  #free: number[][] = [];
  /** See read-ahead.ts. */
  ahead = 0;

  constructor(isByTime: boolean) {
    this.#isByTime = isByTime;
  }

  start(slot: number): number {
    return this.#heads[slot * 2]!;
  }

  /** Entries of a slot; none for one that is -1. */
  count(slot: number): number {
    return slot >= 0 && slot < this.#slots ? this.#heads[slot * 2 + 1]! : 0;
  }

  /** Slots that have entries. */
  get filledCount(): number {
    return this.#filledCount;
  }

  /** Appends rows from to to - 1 to the lists of their slots, all below `slotCount`. */
  add(
    slotCount: number,
    slots: Int32Array,
    times: Float64Array,
    ids: Int32Array,
    from: number,
    to: number,
  ): void {
    if (slotCount > this.#slots) this.#reserve(slotCount);
    const heads = this.#heads;
    if (heads.length > UNCACHED_CELLS) this.#readAhead(slots, from, to);
    for (let i = from; i < to; i++) {
      const head = slots[i]! * 2;
      const count = heads[head + 1]!;
      if (isFull(count)) this.#widen(head, count);
      heads[head + 1] = count + 1;
      const start = heads[head]!;
      const time = times[i]!;
      let at = start + count;
      if (this.#isByTime && count > 0 && this.times[at - 1]! > time) {
        const place = this.#firstAbove(start, at, time);
        this.times.copyWithin(place + 1, place, at);
        this.ids.copyWithin(place + 1, place, at);
        at = place;
      }
      this.times[at] = time;
      this.ids[at] = ids[i]!;
    }
  }

  /** The heads of slots, and then the last times of their lists. */
  #readAhead(slots: Int32Array, from: number, to: number): void {
    const heads = this.#heads;
    const { times } = this;
    let ahead = 0;
    let i = from;
    for (const last = to - 4; i <= last; i += 4) {
      const a = heads[slots[i]! * 2]!;
      const b = heads[slots[i + 1]! * 2]!;
      const c = heads[slots[i + 2]! * 2]!;
      const d = heads[slots[i + 3]! * 2]!;
      ahead |= a | b | c | d;
    }
    i = from;
    for (const last = to - 4; i <= last; i += 4) {
      const a = times[lastOf(heads, slots[i]!)]!;
      const b = times[lastOf(heads, slots[i + 1]!)]!;
      const c = times[lastOf(heads, slots[i + 2]!)]!;
      const d = times[lastOf(heads, slots[i + 3]!)]!;
      ahead |= a + b + c + d;
    }
    this.ahead = ahead;
  }

  /** First place of a list, sorted by time, with at least this time; the end of the list when there is none. */
  firstAt(slot: number, time: number): number {
    const { times } = this;
    let low = this.start(slot);
    let high = low + this.#heads[slot * 2 + 1]!;
    while (high - low > SCAN_MAX) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    while (low < high && times[low]! < time) low++;
    return low;
  }

  /** First place of a list, sorted by time, with more than this time. */
  firstBehind(slot: number, time: number): number {
    const start = this.start(slot);
    return this.#firstAbove(start, start + this.#heads[slot * 2 + 1]!, time);
  }

  #firstAbove(from: number, to: number, time: number): number {
    const { times } = this;
    let low = from;
    let high = to;
    while (high - low > SCAN_MAX) {
      const middle = (low + high) >>> 1;
      if (times[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    while (low < high && times[low]! <= time) low++;
    return low;
  }

  /** A place for one more entry than the list has, which is full. */
  #widen(head: number, count: number): void {
    if (count === 0) this.#filledCount++;
    const old = 31 - Math.clz32(count);
    const next = count === 0 ? FIRST_CLASS : old + 1;
    const start = this.#free[next]?.pop() ?? this.#place(1 << next);
    if (count > 0) {
      const from = this.#heads[head]!;
      this.times.copyWithin(start, from, from + count);
      this.ids.copyWithin(start, from, from + count);
      this.#free[old] ??= [];
      this.#free[old]!.push(from);
    }
    this.#heads[head] = start;
  }

  #place(size: number): number {
    const start = this.#used;
    this.#used += size;
    if (this.#used > this.times.length) {
      const times = new Float64Array(Math.max(this.#used, this.times.length * 2));
      const ids = new Int32Array(times.length);
      times.set(this.times);
      ids.set(this.ids);
      this.times = times;
      this.ids = ids;
    }
    return start;
  }

  #reserve(slots: number): void {
    const { length } = this.#heads;
    if (slots * 2 > length) this.#heads = grownInts(this.#heads, Math.max(slots, length) * 2);
    this.#slots = slots;
  }

  /** Forgets all lists; memory is used again, but for what was far too large. */
  clear(): void {
    if (this.#used * 8 < this.times.length) {
      this.times = new Float64Array(PLACES_MIN);
      this.ids = new Int32Array(PLACES_MIN);
    }
    if (this.#slots * 16 < this.#heads.length) this.#heads = new Int32Array(PLACES_MIN);
    else this.#heads.fill(0, 0, this.#slots * 2);
    this.#slots = 0;
    this.#filledCount = 0;
    this.#used = 0;
    this.#free = [];
  }
}

/** Whether a list with so many entries has no place for another: it has 2, 4, 8, ... of them. */
function isFull(count: number): boolean {
  return count !== 1 && (count & (count - 1)) === 0;
}

/** The last entry of a slot; any, where it has none. */
function lastOf(heads: Int32Array, slot: number): number {
  return Math.max(0, heads[slot * 2]! + heads[slot * 2 + 1]! - 1);
}
