/** What operators have in common that do all their work on a batch at once: time, idleness and the end pass through. */
import type { Batch, Watermark } from '../data/batch.ts';
import type { Operator, OperatorContext, Output } from './operator.ts';
import { unsetContext, unsetOutput } from './unset.ts';
import { recordError } from './user-function.ts';

export abstract class ImmediateOperator implements Operator {
  readonly hasPendingWork: boolean = false;
  readonly wakeAtMs = Infinity;
  protected context: OperatorContext = unsetContext;
  protected output: Output = unsetOutput;

  open(context: OperatorContext, output: Output): void {
    this.context = context;
    this.output = output;
  }

  abstract processBatch(batch: Batch): void;

  /** The error for what was thrown at a row of the batch that is being processed. */
  protected errorAt(thrown: unknown, row: number): Error {
    return recordError(this.context, thrown, this.context.metrics.recordsIn + row);
  }

  processWatermark(watermark: Watermark): void {
    this.output.watermark(watermark);
  }

  processIdle(isIdle: boolean): void {
    this.output.idle(isIdle);
  }

  /** Those that have state override it. */
  processBarrier(checkpoint: number): void {
    this.output.barrier(checkpoint);
  }

  resume(): void {}

  advanceTime(): void {}

  finish(): void {
    this.output.end();
  }

  close(): void {}
}
