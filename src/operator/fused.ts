/**
 * A run of stateless steps (map, filter, flatMap, project) as one generated loop.
 *
 * The loop is generated anew for each operator instance, so that V8 sees one target at each call of a user's
 * function and can inline it (fused-codegen.ts). Rows keep their event time. As long as rows only pass or fall
 * out, columns stay columns: the loop yields the numbers of the rows that passed. From the first map or flatMap
 * on, rows are the objects that the user's functions return; but where the source of the last map tells which fields
 * its rows have, and their values are numbers and the like, they are written to columns at once (made-columns.ts).
 *
 * A flatMap ends the run. What it yields is emitted in slices; between two slices the operator keeps its place
 * in the batch and in the user's iterator.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch, type Watermark } from '../data/batch.ts';
import { ownedCopy } from '../data/copy.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { RowSelector } from '../data/row-selector.ts';
import { fieldIndex, type Schema } from '../data/schema.ts';
import { ALL_STEPS, FusedLoops, type LoopPlace, type LoopState } from './fused-codegen.ts';
import { type FusedStep, schemaAfter } from './fused-steps.ts';
import { MadeColumns } from './made-columns.ts';
import type { Operator, OperatorContext, Output } from './operator.ts';
import { unsetContext, unsetOutput } from './unset.ts';
import { recordError } from './user-function.ts';

export class FusedOperator implements Operator {
  readonly wakeAtMs = Infinity;
  #context: OperatorContext = unsetContext;
  #output: Output = unsetOutput;
  readonly #steps: readonly FusedStep[];
  readonly #loops: FusedLoops;
  /** While the rows that a map makes are columns; null when they are objects, or no map makes any. */
  #made: MadeColumns | null = null;
  /** Columns of the input that are left at the end, when rows stay columns. */
  readonly #projection: readonly number[] | null;
  readonly #outputSchema: Schema | null;
  readonly #selector = new RowSelector();
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
    if (staysColumns) return;
    this.#state.origins = new Int32Array(BATCH_ROWS);
    this.#made = MadeColumns.of(steps, inputSchema);
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
      if (this.#made !== null) this.#make(batch, this.#made);
      else this.#transform(batch);
    }
  }

  /** Rows pass or fall out. */
  #select(batch: Batch): void {
    const { rowCount } = batch;
    if (this.#selection.length < rowCount) this.#selection = new Int32Array(rowCount);
    const passed = this.#loops.hasFilter
      ? this.#run(() => this.#loops.select(batch, this.#selection, this.#state), this.#state)
      : rowCount;
    this.#count(rowCount, passed);
    if (passed === 0) return;
    const projected = this.#project(batch);
    if (passed === rowCount) {
      this.#output.emit(projected);
      return;
    }
    this.#output.emit(this.#selector.select(projected, this.#selection, passed));
  }

  #project(batch: Batch): Batch {
    if (this.#outputSchema === batch.schema) return batch;
    return new Batch({
      rowCount: batch.rowCount,
      schema: this.#outputSchema,
      columns: this.#projection!.map((c) => batch.columns[c]!),
      timestamps: batch.unreadTimestamps,
      keyHashes: batch.keyHashes,
      isTransient: batch.isTransient,
    });
  }

  /** Rows become other rows, as columns. */
  #make(batch: Batch, made: MadeColumns): void {
    const { state } = made;
    state.i = 0;
    do {
      this.#run(() => made.run(batch), state);
      if (state.count > 0) this.#output.emit(made.take(batch));
      this.#context.metrics.recordsOut += state.count;
      if (!state.isMisfit) continue;
      const { row, areColumns } = made.takeMisfit(batch);
      this.#emitObjects([row], batch.timestamps?.slice(state.i - 1, state.i) ?? null);
      if (areColumns) continue;
      this.#made = null;
      this.#state.i = state.i;
      this.#transform(batch);
      return;
    } while (state.i < batch.rowCount);
    this.#context.metrics.recordsIn += batch.rowCount;
  }

  /** Rows become other rows, as objects. */
  #transform(batch: Batch): void {
    const state = this.#state;
    do {
      // As long as it may get: one that grows is copied over and over. Benchmark: figure fusion.
      state.rows = new Array(Math.min(batch.rowCount, BATCH_ROWS));
      this.#run(() => this.#loops.transform(batch, state), state);
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
    if (state.rows.length > count) state.rows.length = count;
    this.#emitObjects(state.rows, originTimes(batch, state.origins, count));
    state.rows = [];
    state.count = 0;
  }

  #emitObjects(rows: readonly unknown[], timestamps: Float64Array | null): void {
    this.#context.metrics.recordsOut += rows.length;
    this.#output.emit(new Batch({ rowCount: rows.length, schema: null, rows, timestamps }));
  }

  #run<T>(loop: () => T, state: LoopPlace): T {
    try {
      return loop();
    } catch (error) {
      const { name, trace } = this.#steps[state.step]!;
      throw recordError(
        { name, trace, subtask: this.#context.subtask },
        error,
        this.#context.metrics.recordsIn + state.i,
      );
    }
  }

  #count(rowsIn: number, rowsOut: number): void {
    this.#context.metrics.recordsIn += rowsIn;
    this.#context.metrics.recordsOut += rowsOut;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const source = this.#made?.source;
    return [source === undefined ? this.#loops.generatedLoop : { title: ALL_STEPS, source }];
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
