/**
 * The timers of windows in one kind of time. A window has any number of timers, unique by time, and beside them the time
 * at which it is over. All of them are dropped with the window.
 *
 *   take(target) → the window with what is due first → its timer fires, it ends → requeue → take(target) → ...
 *
 * A window stands in the queue once, at a time at or before what it has next: a session that grows moves its timers
 * without touching the queue, and only when the earlier time comes is it put in again. Entries of windows that are over
 * are left in the queue and skipped.
 */
import { grownFloats, grownInts, type SlotStore } from './window-table.ts';

/** Comes with the end of the stream. Infinity is no timer. */
export const AT_END_OF_STREAM = Number.MAX_VALUE;

const QUEUE_MIN = 64;

export class WindowTimers implements SlotStore {
  /** The first timer of a window; Infinity for none. */
  first = new Float64Array(0);
  /** When the window is over; Infinity for never, or not by this kind of time. */
  endsAt = new Float64Array(0);
  /** What `take` gave was due at this time. */
  dueAt = 0;
  /** Timers beyond the first, rising; only of windows that have several. */
  readonly #more = new Map<number, number[]>();
  /** When a window stands in the queue; Infinity where it does not. */
  #queued = new Float64Array(0);
  /** A heap, the least time first. */
  #times = new Float64Array(QUEUE_MIN);
  #slots = new Int32Array(QUEUE_MIN);
  #count = 0;

  reserve(capacity: number): void {
    const known = this.first.length;
    this.first = grownFloats(this.first, capacity);
    this.endsAt = grownFloats(this.endsAt, capacity);
    this.#queued = grownFloats(this.#queued, capacity);
    this.first.fill(Infinity, known);
    this.endsAt.fill(Infinity, known);
    this.#queued.fill(Infinity, known);
  }

  /** When something may be due; Infinity for never. */
  get nextAt(): number {
    return this.#count === 0 ? Infinity : this.#times[0]!;
  }

  setEnd(slot: number, time: number): void {
    this.endsAt[slot] = time;
    if (time < this.#queued[slot]!) this.#push(time, slot);
  }

  add(slot: number, time: number): void {
    const first = this.first[slot]!;
    if (time === first || time === Infinity) return;
    if (first !== Infinity) this.#addMore(slot, Math.max(time, first));
    if (time < first) this.first[slot] = time;
    if (time < this.#queued[slot]!) this.#push(time, slot);
  }

  delete(slot: number, time: number): void {
    const more = this.#more.get(slot);
    if (this.first[slot] === time) {
      this.first[slot] = more === undefined ? Infinity : more.shift()!;
    } else if (more !== undefined) {
      const at = more.indexOf(time);
      if (at >= 0) more.splice(at, 1);
    }
    if (more?.length === 0) this.#more.delete(slot);
  }

  /** Drops the timers of a window, not its end. */
  clear(slot: number): void {
    if (this.first[slot] === Infinity) return;
    this.first[slot] = Infinity;
    this.#more.delete(slot);
  }

  /** Of a window that is over. */
  drop(slot: number): void {
    this.clear(slot);
    this.endsAt[slot] = Infinity;
    this.#queued[slot] = Infinity;
  }

  /** Timers beyond the first. */
  moreOf(slot: number): readonly number[] {
    return this.#more.get(slot) ?? [];
  }

  /** The window with the first thing that is due at or before `target`, out of the queue; -1 when nothing is. */
  take(target: number): number {
    while (this.#count > 0 && this.#times[0]! <= target) {
      const time = this.#times[0]!;
      const slot = this.#slots[0]!;
      this.#pop();
      if (this.#queued[slot] !== time) continue;
      this.#queued[slot] = Infinity;
      const due = Math.min(this.first[slot]!, this.endsAt[slot]!);
      if (due <= time) {
        this.dueAt = due;
        return slot;
      }
      if (due !== Infinity) this.#push(due, slot);
    }
    return -1;
  }

  /** Puts a window back into the queue with what it has left. */
  requeue(slot: number): void {
    const due = Math.min(this.first[slot]!, this.endsAt[slot]!);
    if (due < this.#queued[slot]!) this.#push(due, slot);
  }

  #addMore(slot: number, time: number): void {
    const more = this.#more.get(slot);
    if (more === undefined) {
      this.#more.set(slot, [time]);
      return;
    }
    let at = more.length;
    while (at > 0 && more[at - 1]! > time) at--;
    if (more[at - 1] !== time) more.splice(at, 0, time);
  }

  #push(time: number, slot: number): void {
    this.#queued[slot] = time;
    if (this.#count === this.#times.length) {
      this.#times = grownFloats(this.#times, this.#count * 2);
      this.#slots = grownInts(this.#slots, this.#count * 2);
    }
    const times = this.#times;
    const slots = this.#slots;
    let at = this.#count++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (times[above]! <= time) break;
      times[at] = times[above]!;
      slots[at] = slots[above]!;
      at = above;
    }
    times[at] = time;
    slots[at] = slot;
  }

  #pop(): void {
    const times = this.#times;
    const slots = this.#slots;
    const count = --this.#count;
    const time = times[count]!;
    const slot = slots[count]!;
    let at = 0;
    for (let below = 1; below < count; below = 2 * at + 1) {
      if (below + 1 < count && times[below + 1]! < times[below]!) below++;
      if (times[below]! >= time) break;
      times[at] = times[below]!;
      slots[at] = slots[below]!;
      at = below;
    }
    times[at] = time;
    slots[at] = slot;
  }
}
