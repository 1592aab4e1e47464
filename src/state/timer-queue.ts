/**
 * Slots by time, the least first: a radix heap (Ahuja, Mehlhorn, Orlin and Tarjan, 1990) with digits of five bits, which uses
 * that time only goes on. What lies ahead is in lists that are only appended to; what is next is in a heap, small enough for
 * the cache.
 *
 *   due               times at or before `passed`: a heap
 *   list of a digit   times whose highest digit that differs from `passed` is at its place and has its value: all of them
 *                     before those of a greater digit at that place, and of any at a higher place
 *   far               times beyond whole numbers
 *
 *   passed 70 = 2·32 + 6      71 ... 95 in lists of place 0, one a time      96 ... 1023 in lists of place 1, 32 times each
 *
 * When `passed` moves on to a list, its times go to lists of lower places, or become due. All of them are asked for their
 * time again, together, so that the cache misses of that overlap: a slot that is to come later by now goes on, and costs no
 * place in the heap. Benchmark: figures sessions, process-function.
 */
import { CHUNK, TimerBuckets } from './timer-buckets.ts';
import { TimerHeap } from './timer-heap.ts';

/** Whole numbers lie below it, and not below its negative. */
const WHOLE = 2 ** 53;
/** Lists of a place. */
const DIGITS = 32;
const DIGIT_BITS = 5;
/** A whole number is a low part of six digits and a high part of five, to which so much is added that it is not negative. */
const LOW_DIGITS = 6;
const LOW = 2 ** (LOW_DIGITS * DIGIT_BITS);
const HIGH_OFFSET = WHOLE / LOW;
const PLACES = 11;
const FAR = PLACES * DIGITS;
const DUE = -1;

/** The time of a slot that is to come no more. */
export const GONE = Number.NaN;

/** Replaces the times at which slots were put in by those at which they are to come: the same or later, or GONE. */
export type AskTimes = (slots: Int32Array, times: Float64Array, count: number) => void;

export class TimerQueue {
  /** How many there are. */
  count = 0;
  readonly #due = new TimerHeap();
  readonly #lists = new TimerBuckets(FAR + 1);
  /** Which lists of a place may have times: a bit for each. */
  readonly #filled = new Int32Array(PLACES);
  /** A whole number, or Infinity; times at or before it are due. */
  #passed = -WHOLE;
  /** The least number with its high part, and both of its parts. */
  #passedBase = -WHOLE;
  #passedHigh = 0;
  #passedLow = 0;
  /** The least time in the lists; null when it is not known. */
  #leastAhead: number | null = Infinity;
  readonly #ask: AskTimes;
  readonly #times = new Float64Array(CHUNK);
  readonly #slots = new Int32Array(CHUNK);

  constructor(ask: AskTimes) {
    this.#ask = ask;
  }

  /** The least time; Infinity when the queue is empty. */
  get time(): number {
    if (this.#due.count > 0) return this.#due.time;
    this.#leastAhead ??= this.#lists.least(this.#firstList());
    return this.#leastAhead;
  }

  /** Behind `isDue`: the slot of the least time. */
  get slot(): number {
    return this.#due.slot;
  }

  push(time: number, slot: number): void {
    this.count++;
    const list = this.#listOf(time);
    if (list === DUE) {
      this.#due.push(time, slot);
      return;
    }
    this.#lists.push(list, time, slot);
    if (list !== FAR) this.#filled[list >> DIGIT_BITS]! |= 1 << (list & (DIGITS - 1));
    if (this.#leastAhead !== null && time < this.#leastAhead) this.#leastAhead = time;
  }

  /** Whether the least time is at or before `target`: then `slot` is that of it. */
  isDue(target: number): boolean {
    const due = this.#due;
    while (due.count === 0) {
      if (this.count === 0) return false;
      const list = this.#firstList();
      const start = this.#startOf(list);
      if (start > target) return false;
      this.#moveTo(list, start, target);
    }
    return due.time <= target;
  }

  /** Behind `isDue`: takes the slot of the least time out. */
  removeFirst(): void {
    this.count--;
    this.#due.pop();
  }

  /** Moves on to the first list that has any. What a short one has at or before `target` becomes due at once. */
  #moveTo(list: number, start: number, target: number): void {
    const lists = this.#lists;
    if (list === FAR) this.#passed = Math.floor(target);
    else if (!lists.isShort(list)) this.#pass(start);
    else this.#pass(Math.min(Math.floor(target), start + widthOf(list) - 1));
    this.#leastAhead = null;
    if (list !== FAR) this.#filled[list >> DIGIT_BITS]! &= ~(1 << (list & (DIGITS - 1)));
    const times = this.#times;
    const slots = this.#slots;
    // Those beyond whole numbers may go back to their list, behind the chunks that are taken.
    for (let chunks = lists.beginTaking(list); chunks > 0; chunks--) {
      const count = lists.take(list, times, slots);
      this.#ask(slots, times, count);
      this.count -= count;
      for (let i = 0; i < count; i++) {
        if (!Number.isNaN(times[i])) this.push(times[i]!, slots[i]!);
      }
    }
  }

  #pass(time: number): void {
    this.#passed = time;
    const high = Math.floor(time / LOW);
    this.#passedBase = high * LOW;
    this.#passedHigh = high + HIGH_OFFSET;
    this.#passedLow = time - this.#passedBase;
  }

  /** The list for a time; DUE where it has none. */
  #listOf(time: number): number {
    const whole = Math.floor(time);
    if (whole <= this.#passed) return DUE;
    // Mostly the high part is that of `passed`: divisions take longer than all of this.
    const low = whole - this.#passedBase;
    if (low < LOW) return listIn(low, this.#passedLow);
    if (whole >= WHOLE) return FAR;
    const high = Math.floor(whole / LOW) + HIGH_OFFSET;
    return listIn(high, this.#passedHigh) + LOW_DIGITS * DIGITS;
  }

  /** The first list that has any times; the queue must not be empty. */
  #firstList(): number {
    for (let place = 0; place < PLACES; place++) {
      const filled = this.#filled[place]!;
      if (filled !== 0) return place * DIGITS + 31 - Math.clz32(filled & -filled);
    }
    return FAR;
  }

  /** No time of a list is before it. */
  #startOf(list: number): number {
    if (list === FAR) return this.time;
    const place = list >> DIGIT_BITS;
    const digit = list & (DIGITS - 1);
    if (place < LOW_DIGITS) {
      return this.#passedBase + startIn(this.#passedLow, place, digit);
    }
    return (startIn(this.#passedHigh, place - LOW_DIGITS, digit) - HIGH_OFFSET) * LOW;
  }
}

/** The place of a bit, by digits of five: for n up to 31, n * 13 >> 6 is n / 5 without its rest. */
const FIFTHS = 13;
const FIFTHS_SHIFT = 6;

/** The list by the highest digit of a number that differs from another. */
function listIn(number: number, other: number): number {
  const place = (FIFTHS * (31 - Math.clz32(number ^ other))) >> FIFTHS_SHIFT;
  return place * DIGITS + ((number >>> (place * DIGIT_BITS)) & (DIGITS - 1));
}

/** The least number with a digit at a place, and those of another number above it. */
function startIn(number: number, place: number, digit: number): number {
  const shift = place * DIGIT_BITS;
  return (((number >>> (shift + DIGIT_BITS)) << DIGIT_BITS) | digit) << shift;
}

/** How many whole times a list may have. */
function widthOf(list: number): number {
  return 2 ** ((list >> DIGIT_BITS) * DIGIT_BITS);
}
