/**
 * Triggers that fire at regular times from the first record on, at whole multiples of the interval, and at the end of the
 * window. The number of a window is its next time.
 */
import { startOf } from '../window.ts';
import { NumberTrigger } from './number-trigger.ts';
import { CONTINUE, FIRE, type TriggerHost, type TriggerResult } from './trigger.ts';

/** By the watermark; late records fire at once, as with the trigger of event time. */
export class ContinuousEventTimeTrigger extends NumberTrigger {
  readonly #everyMs: number;

  constructor(host: TriggerHost, everyMs: number) {
    super(host, 'next time');
    this.#everyMs = everyMs;
  }

  override onRecord(slot: number, row: number): TriggerResult {
    const { host } = this;
    const last = host.windows.endOf(slot) - 1;
    if (last <= host.watermark) return FIRE;
    host.eventTimers.add(slot, last);
    if (Number.isNaN(this.numbers[slot]!)) {
      this.#setNext(slot, startOf(host.timeAt(row), this.#everyMs, 0));
    }
    return CONTINUE;
  }

  override onEventTime(slot: number, time: number): TriggerResult {
    const isNext = time === this.numbers[slot];
    const last = this.host.windows.endOf(slot) - 1;
    if (!isNext && time !== last) return CONTINUE;
    if (isNext) this.numbers[slot] = Number.NaN;
    // Without an end it would go on for ever when the stream has come to its own.
    if (isNext && time < last && Math.min(last, this.host.watermark) < Infinity) {
      this.#setNext(slot, time);
    }
    return FIRE;
  }

  #setNext(slot: number, before: number): void {
    const next = Math.min(before + this.#everyMs, this.host.windows.endOf(slot) - 1);
    this.numbers[slot] = next;
    this.host.eventTimers.add(slot, next);
  }

  override mergeFrom(slot: number, other: number): void {
    this.keepLess(slot, other);
  }

  override onMerged(slot: number): void {
    const next = this.numbers[slot]!;
    if (!Number.isNaN(next)) this.host.eventTimers.add(slot, next);
  }

  override clear(slot: number): void {
    const { windows, eventTimers } = this.host;
    eventTimers.delete(slot, windows.endOf(slot) - 1);
    eventTimers.delete(slot, this.numbers[slot]!);
    this.numbers[slot] = Number.NaN;
  }
}

/** By the clock. */
export class ContinuousProcessingTimeTrigger extends NumberTrigger {
  readonly #everyMs: number;

  constructor(host: TriggerHost, everyMs: number) {
    super(host, 'next time');
    this.#everyMs = everyMs;
  }

  override onRecord(slot: number): TriggerResult {
    if (Number.isNaN(this.numbers[slot]!)) {
      this.#setNext(slot, startOf(this.host.nowMs, this.#everyMs, 0));
    }
    return CONTINUE;
  }

  override onClock(slot: number, time: number): TriggerResult {
    if (time !== this.numbers[slot]) return CONTINUE;
    const last = this.#lastOf(slot);
    // In batch time comes to its end, and without an end of its own a window would fire for ever.
    if (time < last && Math.min(last, this.host.nowMs) < Infinity) this.#setNext(slot, time);
    return FIRE;
  }

  /** When a window of processing time ends. */
  #lastOf(slot: number): number {
    return this.host.isByClock ? this.host.windows.endOf(slot) : Infinity;
  }

  #setNext(slot: number, before: number): void {
    const next = Math.min(before + this.#everyMs, this.#lastOf(slot));
    this.numbers[slot] = next;
    this.host.clockTimers.add(slot, next);
  }

  override mergeFrom(slot: number, other: number): void {
    this.keepLess(slot, other);
  }

  override onMerged(slot: number): void {
    const next = this.numbers[slot]!;
    if (!Number.isNaN(next)) this.host.clockTimers.add(slot, next);
  }

  override clear(slot: number): void {
    this.host.clockTimers.delete(slot, this.numbers[slot]!);
    this.numbers[slot] = Number.NaN;
  }
}
