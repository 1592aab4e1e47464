/**
 * A list of rows for each key slot: their times and ids (row-store.ts), by rising time, equal ones in the order in which
 * they came; or all in the order in which they came.
 *
 * All lists lie in two arrays. A list that is full moves to a place twice as large; its old one is given to the next that
 * needs as much.
 *
 *   slot s → times, ids [start(s)] to [start(s) + count(s) - 1]
 */
const PLACES_MIN = 64;
/** Places that a list begins with. */
const FIRST_CLASS = 1;
/** Above so many entries an entry is looked for by halving. */
const SCAN_MAX = 8;

export class RowLists {
  times = new Float64Array(PLACES_MIN);
  ids = new Int32Array(PLACES_MIN);
  readonly #isByTime: boolean;
  #starts = new Int32Array(PLACES_MIN);
  #counts = new Int32Array(PLACES_MIN);
  /** The list has 2 ** class places; 0 for none. */
  #classes = new Uint8Array(PLACES_MIN);
  /** Slots that may have a list. */
  #slots = 0;
  #filledCount = 0;
  #used = 0;
  /** Starts of free places, by class. */
  #free: number[][] = [];

  constructor(isByTime: boolean) {
    this.#isByTime = isByTime;
  }

  start(slot: number): number {
    return this.#starts[slot]!;
  }

  /** Entries of a slot; none for one that is -1. */
  count(slot: number): number {
    return slot >= 0 && slot < this.#slots ? this.#counts[slot]! : 0;
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
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      const count = this.#counts[slot]!;
      if (count === 0 || count === 1 << this.#classes[slot]!) this.#widen(slot, count);
      this.#counts[slot] = count + 1;
      const start = this.#starts[slot]!;
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

  /** First place of a list, sorted by time, with at least this time; the end of the list when there is none. */
  firstAt(slot: number, time: number): number {
    const { times } = this;
    let low = this.#starts[slot]!;
    let high = low + this.#counts[slot]!;
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
    const start = this.#starts[slot]!;
    return this.#firstAbove(start, start + this.#counts[slot]!, time);
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

  /** A place for one more entry. */
  #widen(slot: number, count: number): void {
    if (count === 0) this.#filledCount++;
    const old = this.#classes[slot]!;
    const next = count === 0 ? FIRST_CLASS : old + 1;
    const start = this.#free[next]?.pop() ?? this.#place(1 << next);
    if (count > 0) {
      const from = this.#starts[slot]!;
      this.times.copyWithin(start, from, from + count);
      this.ids.copyWithin(start, from, from + count);
      this.#free[old] ??= [];
      this.#free[old]!.push(from);
    }
    this.#starts[slot] = start;
    this.#classes[slot] = next;
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
    if (slots > this.#counts.length) {
      const capacity = Math.max(slots, this.#counts.length * 2);
      this.#starts = grown(this.#starts, new Int32Array(capacity));
      this.#counts = grown(this.#counts, new Int32Array(capacity));
      this.#classes = grown(this.#classes, new Uint8Array(capacity));
    }
    this.#slots = slots;
  }

  /** Forgets all lists; memory is used again, but for what was far too large. */
  clear(): void {
    if (this.#used * 8 < this.times.length) {
      this.times = new Float64Array(PLACES_MIN);
      this.ids = new Int32Array(PLACES_MIN);
    }
    if (this.#slots * 8 < this.#counts.length) {
      this.#starts = new Int32Array(PLACES_MIN);
      this.#counts = new Int32Array(PLACES_MIN);
      this.#classes = new Uint8Array(PLACES_MIN);
    } else {
      this.#counts.fill(0, 0, this.#slots);
      this.#classes.fill(0, 0, this.#slots);
    }
    this.#slots = 0;
    this.#filledCount = 0;
    this.#used = 0;
    this.#free = [];
  }
}

function grown<A extends Int32Array | Uint8Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
