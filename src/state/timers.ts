/**
 * Timers of one kind: each a key slot and a time, once.
 *
 *   add, remove  at any time           isDue(target) → (firstSlot, firstTime) → removeFirst → isDue(target) → ...
 *
 * Most slots have one timer at a time, which is found by the slot alone; what a slot has beyond that is in lists. The queue
 * holds an entry for each timer that was ever added: entries of timers that were removed meanwhile are passed over when their
 * time comes, and left out when all are queued again, as soon as they are most of it. Benchmark: figure process-function.
 */
import { grownInPlace } from './grown-arrays.ts';
import { grownSlots } from './slot-list.ts';
import { TimerLists } from './timer-lists.ts';
import { GONE, TimerQueue } from './timer-queue.ts';

const NONE = Number.NaN;

export class Timers {
  /** Timers there are. */
  count = 0;
  /** By slot: one of its timers, NONE where it has none. */
  #times = new Float64Array(0);
  /** Timers beyond that. */
  readonly #more = new TimerLists();
  #queue = this.#emptyQueue();

  /** No timer comes before it; Infinity when there is none. */
  get firstTime(): number {
    return this.count === 0 ? Infinity : this.#queue.time;
  }

  /** Behind `isDue`: the slot of the first timer. */
  get firstSlot(): number {
    return this.#queue.slot;
  }

  /** Whether the first timer is at or before a time: then `firstTime` and `firstSlot` are of it. */
  isDue(time: number): boolean {
    const queue = this.#queue;
    while (queue.isDue(time)) {
      if (this.#isIn(queue.slot, queue.time)) return true;
      queue.removeFirst();
    }
    return false;
  }

  has(slot: number): boolean {
    return slot < this.#times.length && !Number.isNaN(this.#times[slot]);
  }

  /** The times of a slot, in no particular order. */
  timesOf(slot: number): number[] {
    if (!this.has(slot)) return [];
    const times = [this.#times[slot]!];
    this.#more.appendTimes(slot, times);
    return times;
  }

  /** False when there is such a timer already. */
  add(slot: number, when: number): boolean {
    const time = when + 0;
    if (slot >= this.#times.length) this.#reserve(slot + 1);
    const other = this.#times[slot]!;
    if (other === time) return false;
    if (Number.isNaN(other)) this.#times[slot] = time;
    else if (!this.#more.add(slot, time)) return false;
    this.count++;
    this.#queue.push(time, slot);
    if (this.#queue.count > this.count * 2 + this.#times.length) this.#queueAnew();
    return true;
  }

  /** False when there is no such timer. */
  remove(slot: number, when: number): boolean {
    const time = when + 0;
    if (!this.has(slot)) return false;
    if (this.#times[slot] !== time) {
      if (!this.#more.remove(slot, time)) return false;
    } else if (this.#more.count === 0) {
      this.#times[slot] = NONE;
    } else {
      const other = this.#more.oneOf(slot);
      this.#more.remove(slot, other);
      this.#times[slot] = other;
    }
    this.count--;
    return true;
  }

  /** Behind `isDue`. */
  removeFirst(): void {
    const queue = this.#queue;
    this.remove(queue.slot, queue.time);
    queue.removeFirst();
  }

  #isIn(slot: number, time: number): boolean {
    return this.#times[slot] === time || this.#more.has(slot, time);
  }

  #reserve(slotCount: number): void {
    const known = this.#times.length;
    this.#times = grownInPlace(this.#times, grownSlots(slotCount)).fill(NONE, known);
  }

  #emptyQueue(): TimerQueue {
    return new TimerQueue((slots, times, count) => {
      for (let i = 0; i < count; i++) if (!this.#isIn(slots[i]!, times[i]!)) times[i] = GONE;
    });
  }

  #queueAnew(): void {
    this.#queue = this.#emptyQueue();
    for (let slot = 0; slot < this.#times.length; slot++) {
      for (const time of this.timesOf(slot)) this.#queue.push(time, slot);
    }
  }
}
