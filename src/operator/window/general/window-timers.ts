/**
 * The timers of windows in one kind of time. A window has any number of timers, unique by time, and beside them the time
 * at which it is over. All of them are dropped with the window.
 *
 *   take(target) → the window with what is due first → its timer fires, it ends → requeue → take(target) → ...
 *
 * A window stands in the queue once, at a time at or before what it has next: a session that grows moves its timers
 * without touching the queue, and only when the earlier time comes is it put in again. Entries of windows that are over
 * are left in the queue and skipped; once they are most of it, all windows are queued again. Else sessions that merge would
 * leave an entry each, until the end that they would have had, which allowed lateness puts far off.
 *
 * In the line of a window, or in one of their own where windows end by the other kind of time:
 *
 *   + 0  first timer     + 1  when the window is over     + 2  when it stands in the queue; Infinity for none
 */
import { GONE, TimerQueue } from '../../../state/timer-queue.ts';
import { LaterTimes } from './later-times.ts';
import { LINE_SHIFT, type Lines, TIMERS_AT } from './window-lines.ts';

/** Comes with the end of the stream. Infinity is no timer. */
export const AT_END_OF_STREAM = Number.MAX_VALUE;

const FIRST = TIMERS_AT;
const OVER = TIMERS_AT + 1;
const QUEUED = TIMERS_AT + 2;

export class WindowTimers {
  /** What `take` gave was due at this time. */
  dueAt = 0;
  readonly #lines: Lines;
  #queue = this.#emptyQueue();
  /** Whether any window has had a timer: a trigger may have none of this kind. */
  #isUsed = false;
  /** Timers beyond the first; only of windows that have several. */
  readonly #more = new Map<number, LaterTimes>();

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  /** When something may be due; Infinity for never. */
  get nextAt(): number {
    return this.#queue.time;
  }

  /** The first timer of a window; Infinity for none. */
  firstOf(slot: number): number {
    return this.#lines.values[(slot << LINE_SHIFT) + FIRST]!;
  }

  /** When the window is over; Infinity for never, or not by this kind of time. */
  endsAt(slot: number): number {
    return this.#lines.values[(slot << LINE_SHIFT) + OVER]!;
  }

  setEnd(slot: number, time: number): void {
    this.#lines.values[(slot << LINE_SHIFT) + OVER] = time;
    this.#queueAt(slot, time);
  }

  add(slot: number, time: number): void {
    const first = this.firstOf(slot);
    if (time === first || time === Infinity) return;
    if (first !== Infinity) this.#addMore(slot, Math.max(time, first));
    if (time < first) this.#lines.values[(slot << LINE_SHIFT) + FIRST] = time;
    this.#queueAt(slot, time);
  }

  delete(slot: number, time: number): void {
    const first = this.firstOf(slot);
    if (this.#more.size === 0) {
      if (first === time) this.#lines.values[(slot << LINE_SHIFT) + FIRST] = Infinity;
      return;
    }
    const more = this.#more.get(slot);
    if (first === time) {
      this.#lines.values[(slot << LINE_SHIFT) + FIRST] = more?.takeLeast() ?? Infinity;
    } else {
      more?.delete(time);
    }
    if (more?.count === 0) this.#more.delete(slot);
  }

  /** Drops the timers of a window, not its end. */
  clear(slot: number): void {
    if (!this.#isUsed || this.firstOf(slot) === Infinity) return;
    this.#lines.values[(slot << LINE_SHIFT) + FIRST] = Infinity;
    if (this.#more.size > 0) this.#more.delete(slot);
  }

  /** Of a window that is over. */
  drop(slot: number): void {
    if (!this.#isUsed) return;
    this.clear(slot);
    const at = slot << LINE_SHIFT;
    this.#lines.values[at + OVER] = Infinity;
    this.#lines.values[at + QUEUED] = Infinity;
  }

  /** Timers beyond the first, in their order. */
  moreOf(slot: number): readonly number[] {
    return this.#more.get(slot)?.list() ?? [];
  }

  /** The window with the first thing that is due at or before `target`, out of the queue; -1 when nothing is. */
  take(target: number): number {
    const queue = this.#queue;
    const { values } = this.#lines;
    while (queue.isDue(target)) {
      const { slot, time } = queue;
      queue.removeFirst();
      const due = this.#dueOf(slot, time);
      if (due === time) {
        values[(slot << LINE_SHIFT) + QUEUED] = Infinity;
        this.dueAt = due;
        return slot;
      }
      if (!Number.isNaN(due)) queue.push(due, slot);
    }
    return -1;
  }

  /** Windows that are due at or before `target`, in the order of their times, as many as there is room for; how many. */
  takeRun(target: number, slots: Int32Array): number {
    let count = 0;
    while (count < slots.length) {
      const slot = this.take(target);
      if (slot < 0) break;
      slots[count++] = slot;
    }
    return count;
  }

  /** When a window is to come that stood in the queue at a time; GONE for never, or not by this entry. */
  #dueOf(slot: number, time: number): number {
    const { values } = this.#lines;
    const at = slot << LINE_SHIFT;
    if (values[at + QUEUED] !== time) return GONE;
    const due = Math.min(values[at + FIRST]!, values[at + OVER]!);
    values[at + QUEUED] = due;
    return due === Infinity ? GONE : due;
  }

  /** Puts a window back into the queue with what it has left. */
  requeue(slot: number): void {
    const at = slot << LINE_SHIFT;
    const { values } = this.#lines;
    this.#queueAt(slot, Math.min(values[at + FIRST]!, values[at + OVER]!));
  }

  #queueAt(slot: number, time: number): void {
    const at = (slot << LINE_SHIFT) + QUEUED;
    const { values } = this.#lines;
    if (!(time < values[at]!)) return;
    this.#isUsed = true;
    values[at] = time;
    this.#queue.push(time, slot);
    // There are no more windows than lines.
    if (this.#queue.count > (values.length >> LINE_SHIFT) * 2) this.#queueAnew();
  }

  #emptyQueue(): TimerQueue {
    return new TimerQueue((slots, times, count) => {
      this.#lines.warm(slots, count);
      for (let i = 0; i < count; i++) times[i] = this.#dueOf(slots[i]!, times[i]!);
    });
  }

  #queueAnew(): void {
    this.#queue = this.#emptyQueue();
    const { values } = this.#lines;
    for (let at = QUEUED; at < values.length; at += 1 << LINE_SHIFT) {
      const time = values[at]!;
      if (time < Infinity) this.#queue.push(time, at >> LINE_SHIFT);
    }
  }

  #addMore(slot: number, time: number): void {
    let more = this.#more.get(slot);
    if (more === undefined) {
      more = new LaterTimes();
      this.#more.set(slot, more);
    }
    more.add(time);
  }
}
