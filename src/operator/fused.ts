/**
 * A run of stateless steps (map, filter, flatMap, project) as one generated loop.
 *
 * The loop is generated anew for each operator instance, so that V8 sees one target at each call of a user's
 * function and can inline it (fused-codegen.ts). Rows keep their event time. As long as rows only pass or fall
 * out, columns stay columns: the loop yields the numbers of the rows that passed. From the first map or flatMap
 * on, rows are the objects that the user's functions return.
 *
 * A flatMap ends the run. What it yields is emitted in slices; between two slices the operator keeps its place
 * in the batch and in the user's iterator.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch, type Watermark } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { ownedCopy } from '../data/copy.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
import { FusedLoops, type LoopState } from './fused-codegen.ts';
import type { Operator, OperatorContext, Output } from './operator.ts';
import type { StatelessSpec } from './operator-spec.ts';
import { unsetContext, unsetOutput } from './unset.ts';
import { recordError } from './user-function.ts';

/** One step of the run; `code` is the user's function, null for a projection. */
export type FusedStep = {
  readonly name: string;
  readonly spec: StatelessSpec;
  readonly code: ((...args: never[]) => unknown) | null;
};

/** The schema behind a step: steps that call a function for a new row make rows free-form. */
export function schemaAfter(step: StatelessSpec, schema: Schema | null): Schema | null {
  switch (step.type) {
    case 'filter':
      return schema;
    case 'project':
      if (schema === null) return null;
      return schemaOf(
        step.fields.map((name) => schema.fields[fieldIndex(schema, name, 'project')]!),
      );
    case 'map':
    case 'flatMap':
      return null;
  }
}

export class FusedOperator implements Operator {
  readonly wakeAtMs = Infinity;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #steps: readonly FusedStep[];
  readonly #loops: FusedLoops;
  /** Columns of the input that are left at the end, when rows stay columns. */
  readonly #projection: readonly number[] | null;
  readonly #outputSchema: Schema | null;
  /** Made when rows fall out for the first time. */
  #builder: BatchBuilder | null = null;
  #selection = new Int32Array(0);
  readonly #state: LoopState = {
    i: 0,
    step: 0,
    count: 0,
    rows: [],
    origins: new Int32Array(0),
    iterator: null,
    isFull: false,
  };
  /** The batch that a flatMap has not finished. */
  #unfinished: Batch | null = null;

  constructor(steps: readonly FusedStep[], inputSchema: Schema | null) {
    this.#steps = steps;
    this.#loops = new FusedLoops(steps, inputSchema);
    this.#outputSchema = steps.reduce<Schema | null>(
      (schema, step) => schemaAfter(step.spec, schema),
      inputSchema,
    );
    const staysColumns = this.#loops.staysColumns && inputSchema !== null;
    this.#projection = staysColumns
      ? this.#outputSchema!.fields.map((field) => fieldIndex(inputSchema, field.name, 'project'))
      : null;
    if (!staysColumns) this.#state.origins = new Int32Array(BATCH_ROWS);
  }

  open(context: OperatorContext, output: Output): void {
    this.#context = context;
    this.#output = output;
  }

  get hasPendingWork(): boolean {
    return this.#unfinished !== null;
  }

  processBatch(batch: Batch): void {
    if (this.#projection !== null) this.#select(batch);
    else {
      this.#state.i = 0;
      this.#transform(batch);
    }
  }

  /** Rows pass or fall out. */
  #select(batch: Batch): void {
    const { rowCount } = batch;
    if (this.#selection.length < rowCount) this.#selection = new Int32Array(rowCount);
    const passed = this.#loops.hasFilter
      ? this.#run(() => this.#loops.select(batch, this.#selection, this.#state))
      : rowCount;
    this.#count(rowCount, passed);
    if (passed === 0) return;
    const projected = this.#project(batch);
    if (passed === rowCount) {
      this.#output.emit(projected);
      return;
    }
    this.#builder ??= new BatchBuilder(this.#outputSchema);
    const builder = this.#builder;
    for (let from = 0; from < passed; from += builder.capacity) {
      const to = Math.min(passed, from + builder.capacity);
      builder.appendSelected(projected, this.#selection, from, to);
      this.#output.emit(builder.seal());
      builder.reset();
    }
  }

  #project(batch: Batch): Batch {
    if (this.#outputSchema === batch.schema) return batch;
    return new Batch({
      rowCount: batch.rowCount,
      schema: this.#outputSchema,
      columns: this.#projection!.map((c) => batch.columns[c]!),
      timestamps: batch.timestamps,
      keyHashes: batch.keyHashes,
      isTransient: batch.isTransient,
    });
  }

  /** Rows become other rows. */
  #transform(batch: Batch): void {
    const state = this.#state;
    do {
      this.#run(() => this.#loops.transform(batch, state));
      this.#emitRows(batch);
    } while (state.isFull && this.#output.isReady);
    if (state.isFull) {
      this.#unfinished = ownedCopy(batch);
      return;
    }
    this.#unfinished = null;
    this.#context.metrics.recordsIn += batch.rowCount;
  }

  #emitRows(batch: Batch): void {
    const state = this.#state;
    const { count } = state;
    if (count === 0) return;
    this.#context.metrics.recordsOut += count;
    this.#output.emit(
      new Batch({
        rowCount: count,
        schema: null,
        rows: state.rows,
        timestamps: originTimes(batch, state.origins, count),
      }),
    );
    state.rows = [];
    state.count = 0;
  }

  #run<T>(loop: () => T): T {
    try {
      return loop();
    } catch (error) {
      const step = this.#steps[this.#state.step]!;
      throw recordError(
        { ...this.#context, name: step.name },
        error,
        this.#context.metrics.recordsIn + this.#state.i,
      );
    }
  }

  #count(rowsIn: number, rowsOut: number): void {
    this.#context.metrics.recordsIn += rowsIn;
    this.#context.metrics.recordsOut += rowsOut;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [this.#loops.generatedLoop];
  }

  resume(): void {
    this.#transform(this.#unfinished!);
  }

  processWatermark(watermark: Watermark): void {
    this.#output.watermark(watermark);
  }

  processBarrier(checkpoint: number): void {
    this.#output.barrier(checkpoint);
  }

  processIdle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  advanceTime(): void {}

  finish(): void {
    this.#output.end();
  }

  close(): void {
    this.#state.iterator?.return?.();
  }
}

/** Event times of rows by the row of the batch they came from. */
function originTimes(batch: Batch, origins: Int32Array, count: number): Float64Array | null {
  const { timestamps } = batch;
  if (timestamps === null) return null;
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = timestamps[origins[i]!]!;
  return times;
}
