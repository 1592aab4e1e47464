/** A rolling aggregation as a stream: one result for each record, at its time. */
import type { Batch } from '../data/batch.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { NONE, RollingOperator, type RollingOptions } from './rolling.ts';

/** values[slots[i]] becomes the joined value of row i, and rows[i] too; `place.i` is the row it is at. */
type StreamLoop = (
  batch: Batch,
  slots: Int32Array,
  values: unknown[],
  rows: unknown[],
  place: { i: number },
) => void;

export class StreamRollingOperator extends RollingOperator {
  readonly #loops: BatchLoops<StreamLoop>;
  readonly #place = { i: 0 };
  readonly #errorAt = (error: unknown, row: number): Error => this.errorAt(error, row);

  constructor(options: RollingOptions) {
    super(options, { changesValues: false, kept: [] });
    this.#loops = new BatchLoops(
      options.inputSchema,
      loopSource,
      (source) => new Function('join', 'NONE', source)(this.join, NONE) as StreamLoop,
    );
  }

  processBatch(batch: Batch): void {
    const { rowCount } = batch;
    this.readSlots(batch);
    const rows = new Array<unknown>(rowCount);
    try {
      this.#loops.for(batch)(batch, this.slots, this.values, rows, this.#place);
    } catch (error) {
      throw this.errorAt(error, this.#place.i);
    }
    this.emit(rows, batch.timestamps?.slice(0, rowCount) ?? null, this.#errorAt);
    this.context.metrics.recordsIn += rowCount;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.loopsBeside(this.#loops.plainSource);
  }
}

function loopSource({ prelude, row }: RowSource): string {
  return `'use strict';
return function (batch, slots, values, joined, place) {
${prelude}const { rowCount } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const slot = slots[i];
const value = values[slot];
joined[i] = values[slot] = value === NONE ? ${row} : join(value, ${row});
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:rolling`;
}
