/** What becomes of windows that fire: the contract, and the rows that leave the operator. */
import type { Batch } from '../../../data/batch.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import { type Field, schemaOf } from '../../../data/schema.ts';

/** Makes results of windows, and hands them over in batches when these are full, the rest by `flush`. */
export interface WindowResults {
  /** The window has contents, which go on to change unless `isLast`; `time` is the event time of its result, NaN for none. */
  fire(slot: number, time: number, isLast: boolean): void;
  flush(): void;
}

export type EmitBatch = (batch: Batch) => void;

/** Row objects on their way out, with a schema or without. */
export class RowOutput {
  readonly #builder: BatchBuilder;
  readonly #emit: EmitBatch;

  constructor(fields: readonly Field[] | null, emit: EmitBatch) {
    this.#builder = new BatchBuilder(fields === null ? null : schemaOf(fields));
    this.#emit = emit;
  }

  add(row: unknown, time: number): void {
    this.#builder.appendRow(row, time);
    if (this.#builder.isFull) this.flush();
  }

  flush(): void {
    const builder = this.#builder;
    if (builder.rowCount === 0) return;
    this.#emit(builder.seal());
    builder.reset();
  }
}
