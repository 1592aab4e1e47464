/**
 * A rolling aggregation in batch: one result for each key, when all input has come, at the time of the key's last record.
 * Until then nobody sees a value, so that it is changed where it is.
 */
import { FIRE_SLICE_ROWS } from '../base/limits.ts';
import { type Batch, MAX_WATERMARK, type Watermark } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import type { FixedColumn } from '../data/column.ts';
import type { Field } from '../data/schema.ts';
import type { RollingOptions } from './rolling.ts';
import { RollingOperator } from './rolling-operator.ts';

/** Of the last record of a key; NaN where it has none. */
const TIME: Field = { name: '#last time', kind: 'float64', nullable: false };

export class BatchRollingOperator extends RollingOperator {
  override hasPendingWork = false;
  /** By slot. */
  #times = new Float64Array(0);
  #hasTimes = false;
  /** Slots whose results are out. */
  #emitted = 0;
  #hasEnded = false;

  constructor(options: RollingOptions) {
    super(options, false, [TIME]);
  }

  protected override load(batch: Batch, slots: Int32Array): void {
    super.load(batch, slots);
    const column = batch.columns[this.#timeColumn] as FixedColumn;
    this.#setTimes(slots, column.values as Float64Array, batch.rowCount);
  }

  protected override save(builder: BatchBuilder, slots: Int32Array): void {
    super.save(builder, slots);
    const times = builder.float64(this.#timeColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) times[at + i] = this.#times[slots[i]!]!;
  }

  get #timeColumn(): number {
    return this.state.schema.fields.length - 1;
  }

  /** What has been given is not given again. */
  override processBarrier(checkpoint: number): void {
    if (this.#hasEnded) this.output.barrier(checkpoint);
    else super.processBarrier(checkpoint);
  }

  override processBatch(batch: Batch): void {
    super.processBatch(batch);
    this.#setTimes(this.slots, batch.timestamps, batch.rowCount);
  }

  #setTimes(slots: Int32Array, of: Float64Array | null, rowCount: number): void {
    const { count } = this.keySlots;
    if (this.#times.length < count) {
      const times = new Float64Array(2 * count).fill(Number.NaN);
      times.set(this.#times);
      this.#times = times;
    }
    if (of === null) return;
    for (let i = 0; i < rowCount; i++) this.#times[slots[i]!] = of[i]!;
    this.#hasTimes = true;
  }

  override processWatermark(watermark: Watermark): void {
    if (watermark !== MAX_WATERMARK) {
      this.output.watermark(watermark);
      return;
    }
    this.#hasEnded = true;
    this.hasPendingWork = true;
    this.resume();
  }

  override resume(): void {
    const { count } = this.keySlots;
    while (this.#emitted < count) {
      if (!this.output.isReady) return;
      this.#emitSlice(this.#emitted, Math.min(count, this.#emitted + FIRE_SLICE_ROWS));
    }
    this.hasPendingWork = false;
    this.output.watermark(MAX_WATERMARK);
  }

  #emitSlice(from: number, to: number): void {
    this.#emitted = to;
    const times = this.#hasTimes ? this.#times.slice(from, to) : null;
    this.values.emit(from, to, times);
  }
}
