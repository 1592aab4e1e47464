/**
 * Slots by time, the least first: a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan, 1990), which uses that time
 * only goes on. What lies far ahead is in lists that are only appended to; what is next is in a heap, small enough for
 * the cache.
 *
 *   due        times at or before `passed`: a heap
 *   lists[i]   times whose highest bit that differs from `passed` is bit i: all of them before those of lists[i + 1]
 *   lists[53]  times beyond whole numbers
 *
 * When `passed` moves on, times of one list go to lists below it or become due. A time moves as often as the bits of its
 * distance at most, mostly once or twice. What becomes due is asked for its time again: a slot that is to come later by
 * now goes on, and costs no place in the heap. Benchmark: figures sessions, process-function.
 */

import { grownFloats, grownInts } from './grown-arrays.ts';
import { TimerHeap } from './timer-heap.ts';

/** Whole numbers lie below it, and above its negative. */
const WHOLE = 2 ** 53;
const FAR = 53;
const HALF = 2 ** 32;

const LIST_MIN = 16;
/** Slots for which an empty list keeps its room: there are many lists, and what a large one has had goes to others. */
const LIST_KEPT = 16_384;
/** A list of so many becomes due at once: a heap of them is quicker than more lists. */
const FEW = 256;

/** The time of a slot that is to come no more. */
export const GONE = Number.NaN;

export class TimerQueue {
  /** How many there are. */
  count = 0;
  readonly #due = new TimerHeap();
  readonly #lists: TimerList[] = [];
  /** A whole number, or Infinity; times at or before it are due. */
  #passed = -WHOLE;
  /** The least time in the lists; null when it is not known. */
  #leastAhead: number | null = Infinity;
  readonly #timeOf: (slot: number, time: number) => number;

  /** `timeOf`: when a slot, which was put in at a time, is to come; at that time or later, or GONE. */
  constructor(timeOf: (slot: number, time: number) => number) {
    this.#timeOf = timeOf;
  }

  /** The least time; Infinity when the queue is empty. */
  get time(): number {
    if (this.#due.count > 0) return this.#due.time;
    this.#leastAhead ??= this.#lists.find(({ count }) => count > 0)?.least() ?? Infinity;
    return this.#leastAhead;
  }

  /** Behind `isDue`: the slot of the least time. */
  get slot(): number {
    return this.#due.slot;
  }

  push(time: number, slot: number): void {
    const list = this.#listOf(time);
    if (list < 0) {
      this.#pushDue(time, slot);
      return;
    }
    this.count++;
    while (this.#lists.length <= list) this.#lists.push(new TimerList());
    this.#lists[list]!.push(time, slot);
    if (this.#leastAhead !== null && time < this.#leastAhead) this.#leastAhead = time;
  }

  #pushDue(time: number, slot: number): void {
    this.count++;
    this.#due.push(time, slot);
  }

  /** Whether the least time is at or before `target`: then `slot` is that of it. */
  isDue(target: number): boolean {
    const due = this.#due;
    while (due.count === 0) {
      if (this.count === 0 || this.time > target) return false;
      this.#moveOn(target);
    }
    return due.time <= target;
  }

  /** Behind `isDue`: takes the slot of the least time out. */
  removeFirst(): void {
    this.count--;
    this.#due.pop();
  }

  /** Moves on to times at or before `target` in the first list that has any. */
  #moveOn(target: number): void {
    const list = this.#lists.find(({ count }) => count > 0)!;
    const until = Math.min(target, list.count <= FEW ? list.greatest() : list.least());
    this.#passed = Math.floor(until);
    this.#leastAhead = null;
    const { count, times, slots } = list;
    list.clear();
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      const time = times[i]! <= until ? this.#timeOf(slot, times[i]!) : times[i]!;
      this.count--;
      if (time <= until) this.#pushDue(time, slot);
      else if (!Number.isNaN(time)) this.push(time, slot);
    }
  }

  /** The list for a time; -1 when it is due. */
  #listOf(time: number): number {
    const passed = this.#passed;
    const whole = Math.floor(time);
    if (whole <= passed) return -1;
    if (whole >= WHOLE) return FAR;
    const high = Math.floor(whole / HALF) ^ Math.floor(passed / HALF);
    if (high !== 0) return high < 0 ? FAR - 1 : 63 - Math.clz32(high);
    return 31 - Math.clz32((whole | 0) ^ (passed | 0));
  }
}

class TimerList {
  count = 0;
  times = new Float64Array(LIST_MIN);
  slots = new Int32Array(LIST_MIN);

  push(time: number, slot: number): void {
    const { count } = this;
    if (count === this.times.length) {
      this.times = grownFloats(this.times, count * 2);
      this.slots = grownInts(this.slots, count * 2);
    }
    this.times[count] = time;
    this.slots[count] = slot;
    this.count = count + 1;
  }

  /** Its arrays may be read on, as long as what is pushed meanwhile is what has been read. */
  clear(): void {
    this.count = 0;
    if (this.times.length <= LIST_KEPT) return;
    this.times = new Float64Array(LIST_MIN);
    this.slots = new Int32Array(LIST_MIN);
  }

  least(): number {
    const { times, count } = this;
    let least = Infinity;
    for (let i = 0; i < count; i++) least = Math.min(least, times[i]!);
    return least;
  }

  greatest(): number {
    const { times, count } = this;
    let greatest = -Infinity;
    for (let i = 0; i < count; i++) greatest = Math.max(greatest, times[i]!);
    return greatest;
  }
}
