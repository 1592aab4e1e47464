/** Triggers around another one: one that purges whenever it fires, one that also fires when it has waited too long. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Field } from '../../../data/schema.ts';
import { NumberTrigger } from './number-trigger.ts';
import {
  FIRE,
  FIRE_AND_PURGE,
  PURGE,
  type TriggerHost,
  type TriggerResult,
  type WindowTrigger,
} from './trigger.ts';

export class PurgingTrigger implements WindowTrigger {
  readonly fields: readonly Field[];
  readonly #of: WindowTrigger;

  constructor(of: WindowTrigger) {
    this.#of = of;
    this.fields = of.fields;
  }

  reserve(capacity: number): void {
    this.#of.reserve(capacity);
  }

  begin(slot: number): void {
    this.#of.begin(slot);
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    this.#of.save(builder, firstColumn, slots);
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    this.#of.load(batch, firstColumn, row, slot);
  }

  onRecord(slot: number, row: number): TriggerResult {
    return purging(this.#of.onRecord(slot, row));
  }

  onEventTime(slot: number, time: number): TriggerResult {
    return purging(this.#of.onEventTime(slot, time));
  }

  onClock(slot: number, time: number): TriggerResult {
    return purging(this.#of.onClock(slot, time));
  }

  mergeFrom(slot: number, other: number): void {
    this.#of.mergeFrom(slot, other);
  }

  onMerged(slot: number): void {
    this.#of.onMerged(slot);
  }

  clear(slot: number): void {
    this.#of.clear(slot);
  }

  isAsBegun(slot: number): boolean {
    return this.#of.isAsBegun?.(slot) ?? false;
  }
}

function purging(result: TriggerResult): TriggerResult {
  return (result & FIRE) !== 0 ? FIRE_AND_PURGE : result;
}

/**
 * Fires when the other one has not for so long since the first record behind its last firing, or since the last record
 * where each begins the time anew. The other one then begins anew too. The number of a window is when its time is up.
 */
export class TimeoutTrigger extends NumberTrigger {
  readonly #of: WindowTrigger;
  readonly #afterMs: number;
  readonly #isReset: boolean;

  constructor(host: TriggerHost, of: WindowTrigger, afterMs: number, isReset: boolean) {
    super(
      host,
      'timeout',
      of.fields.map((field) => ({ ...field, name: `${field.name} within` })),
    );
    this.#of = of;
    this.#afterMs = afterMs;
    this.#isReset = isReset;
  }

  override reserve(capacity: number): void {
    super.reserve(capacity);
    this.#of.reserve(capacity);
  }

  override begin(slot: number): void {
    super.begin(slot);
    this.#of.begin(slot);
  }

  override save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    super.save(builder, firstColumn, slots);
    this.#of.save(builder, firstColumn + 1, slots);
  }

  override load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    super.load(batch, firstColumn, row, slot);
    this.#of.load(batch, firstColumn + 1, row, slot);
  }

  override onRecord(slot: number, row: number): TriggerResult {
    const result = this.#of.onRecord(slot, row);
    if ((result & FIRE) !== 0 || this.#isReset) this.#stop(slot);
    if ((result & FIRE) === 0 && Number.isNaN(this.numbers[slot]!)) {
      this.numbers[slot] = this.host.nowMs + this.#afterMs;
      this.host.clockTimers.add(slot, this.numbers[slot]!);
    }
    return result;
  }

  override onEventTime(slot: number, time: number): TriggerResult {
    const result = this.#of.onEventTime(slot, time);
    if ((result & FIRE) !== 0) this.#stop(slot);
    return result;
  }

  override onClock(slot: number, time: number): TriggerResult {
    const isUp = time === this.numbers[slot];
    const result = this.#of.onClock(slot, time);
    if (isUp) this.#beginAnew(slot);
    else if ((result & FIRE) !== 0) this.#stop(slot);
    return isUp ? ((FIRE | (result & PURGE)) as TriggerResult) : result;
  }

  #beginAnew(slot: number): void {
    this.clear(slot);
    this.begin(slot);
  }

  #stop(slot: number): void {
    this.host.clockTimers.delete(slot, this.numbers[slot]!);
    this.numbers[slot] = Number.NaN;
  }

  override mergeFrom(slot: number, other: number): void {
    this.keepLess(slot, other);
    this.#of.mergeFrom(slot, other);
  }

  override onMerged(slot: number): void {
    const due = this.numbers[slot]!;
    if (!Number.isNaN(due)) this.host.clockTimers.add(slot, due);
    this.#of.onMerged(slot);
  }

  override clear(slot: number): void {
    this.#stop(slot);
    this.#of.clear(slot);
  }

  isAsBegun(slot: number): boolean {
    return Number.isNaN(this.numbers[slot]) && (this.#of.isAsBegun?.(slot) ?? false);
  }
}
