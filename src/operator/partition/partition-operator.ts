/** Takes all rows of a subtask, and gives what is made of them before the maximum watermark, in slices. */
import { unreachable } from '../../base/assert.ts';
import { FIRE_SLICE_ROWS } from '../../base/limits.ts';
import { type Batch, MAX_WATERMARK, type Watermark } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Schema } from '../../data/schema.ts';
import { ImmediateOperator } from '../immediate-operator.ts';
import type { OperatorContext, Output } from '../operator.ts';
import { iteratorOf } from '../returned-rows.ts';
import type { ReduceFunction } from '../rolling.ts';
import { operatorError } from '../user-function.ts';
import { AggregatedContents, partitionSchema, ReducedContents } from './folded-contents.ts';
import type { PartitionContents, PartitionWork } from './partition.ts';
import { RowContents, sorterBy } from './row-contents.ts';

export type PartitionOptions = {
  readonly work: PartitionWork;
  readonly inputSchema: Schema | null;
  readonly functions: readonly object[];
};

type MapFunction = (rows: readonly unknown[]) => Iterable<unknown>;

export class PartitionOperator extends ImmediateOperator {
  override hasPendingWork = false;
  readonly #contents: PartitionContents;
  readonly #builder: BatchBuilder;
  /** What is left of the results; null before the end. */
  #results: Iterator<unknown> | null = null;

  constructor(options: PartitionOptions) {
    super();
    this.#contents = contentsOf(options);
    this.#builder = new BatchBuilder(schemaBehindWork(options.work, options.inputSchema));
  }

  override open(context: OperatorContext, output: Output): void {
    super.open(context, output);
    this.#named(() => this.#contents.load(context.restored));
  }

  processBatch(batch: Batch): void {
    try {
      this.#contents.add(batch);
    } catch (error) {
      throw this.errorAt(error, this.#contents.place.i);
    }
    this.context.metrics.recordsIn += batch.rowCount;
  }

  /** What has been given is not given again. */
  override processBarrier(checkpoint: number): void {
    if (this.#results === null) {
      const writer = this.context.snapshot(checkpoint);
      const later = (step: () => boolean): void => writer.later(() => this.#named(step));
      this.#named(() => this.#contents.save({ ...writer, later }));
    }
    this.output.barrier(checkpoint);
  }

  override processWatermark(watermark: Watermark): void {
    if (watermark !== MAX_WATERMARK) {
      this.output.watermark(watermark);
      return;
    }
    this.#results = this.#named(() => iteratorOf(this.#contents.results()));
    this.hasPendingWork = true;
    this.resume();
  }

  override resume(): void {
    while (this.hasPendingWork && this.output.isReady) {
      this.hasPendingWork = this.#named(() => this.#fillBatch());
      const builder = this.#builder;
      if (builder.rowCount > 0) {
        this.context.metrics.recordsOut += builder.rowCount;
        this.output.emit(builder.seal());
        builder.reset();
      }
      if (!this.hasPendingWork) this.output.watermark(MAX_WATERMARK);
    }
  }

  /** False when all results have come. */
  #fillBatch(): boolean {
    for (let rows = 0; rows < FIRE_SLICE_ROWS && !this.#builder.isFull; rows++) {
      const next = this.#results!.next();
      if (next.done === true) return false;
      this.#builder.appendRow(next.value);
    }
    return true;
  }

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw operatorError(this.context, error, this.context.metrics.recordsIn);
    }
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#contents.generatedLoops();
  }
}

/** Of the rows that come out; null for free-form ones. */
export function schemaBehindWork(work: PartitionWork, inputSchema: Schema | null): Schema | null {
  if (work.kind === 'aggregate') return partitionSchema(work.aggregates, inputSchema);
  return work.kind === 'sort' ? inputSchema : null;
}

function contentsOf({ work, inputSchema, functions }: PartitionOptions): PartitionContents {
  switch (work.kind) {
    case 'map':
      return new RowContents(functions[0] as MapFunction);
    case 'sort':
      return new RowContents(sorterBy(work.field, work.order));
    case 'reduce':
      return new ReducedContents(functions[0] as ReduceFunction);
    case 'aggregate':
      return new AggregatedContents(work.aggregates, inputSchema, functions);
    default:
      return unreachable(work);
  }
}
