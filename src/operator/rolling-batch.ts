/**
 * A rolling aggregation in batch: one result for each key, when all input has come, at the time of the key's last record.
 * Until then nobody sees a value, so that it is changed where it is.
 */
import { FIRE_SLICE_ROWS } from '../base/limits.ts';
import { type Batch, MAX_WATERMARK, type Watermark } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { FixedColumn } from '../data/column.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Field } from '../data/schema.ts';
import { NONE, RollingOperator, type RollingOptions } from './rolling.ts';
import { operatorError } from './user-function.ts';

/** values[slots[i]] becomes the joined value of row i; `place.i` is the row it is at. */
type LastLoop = (batch: Batch, slots: Int32Array, values: unknown[], place: { i: number }) => void;

/** Of the last record of a key; NaN where it has none. */
const TIME: Field = { name: '#time', kind: 'float64', nullable: false };

export class BatchRollingOperator extends RollingOperator {
  override hasPendingWork = false;
  readonly #loops: BatchLoops<LastLoop>;
  readonly #place = { i: 0 };
  /** By slot. */
  #times = new Float64Array(0);
  #hasTimes = false;
  /** Slots whose results are out. */
  #emitted = 0;
  #hasEnded = false;

  constructor(options: RollingOptions) {
    super(options, { changesValues: true, kept: [TIME] });
    const { kind } = options.rolling;
    const changes = kind === 'sum' || kind === 'min' || kind === 'max';
    this.#loops = new BatchLoops(
      options.inputSchema,
      (row) => loopSource(row, changes),
      (source) => new Function('join', 'NONE', source)(this.join, NONE) as LastLoop,
    );
  }

  protected override load(batch: Batch, slots: Int32Array): void {
    super.load(batch, slots);
    const column = batch.columns[this.state.keyCount + 1] as FixedColumn;
    this.#setTimes(slots, column.values as Float64Array, batch.rowCount);
  }

  protected override save(builder: BatchBuilder, from: number, to: number): void {
    super.save(builder, from, to);
    const times = builder.float64(this.state.keyCount + 1);
    times.set(this.#times.subarray(from, to), builder.rowCount);
  }

  /** What has been given is not given again. */
  override processBarrier(checkpoint: number): void {
    if (this.#hasEnded) this.output.barrier(checkpoint);
    else super.processBarrier(checkpoint);
  }

  processBatch(batch: Batch): void {
    const { rowCount } = batch;
    this.readSlots(batch);
    try {
      this.#loops.for(batch)(batch, this.slots, this.values, this.#place);
    } catch (error) {
      throw this.errorAt(error, this.#place.i);
    }
    this.#setTimes(this.slots, batch.timestamps, rowCount);
    this.context.metrics.recordsIn += rowCount;
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
    this.emit(this.values.slice(from, to), times, (error) =>
      operatorError(this.context, error, this.context.metrics.recordsIn),
    );
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.loopsBeside(this.#loops.plainSource);
  }
}

/** `changes`: the values are changed later, and free-form rows may be somebody else's too. */
function loopSource({ prelude, row }: RowSource, changes: boolean): string {
  const first = changes ? `{ ...${row} }` : row;
  return `'use strict';
return function (batch, slots, values, place) {
${prelude}const { rowCount } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const slot = slots[i];
const value = values[slot];
values[slot] = value === NONE ? ${first} : join(value, ${row});
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:rolling-batch`;
}
