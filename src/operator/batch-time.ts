/**
 * The clock of a job in batch: under an operator with timers of processing time it stands still until all input has come,
 * then goes to the end of time, as event time does.
 *
 *   maximum watermark → timers of event time → those of processing time, and so on while timers register others → forwarded
 */
import { type Batch, MAX_WATERMARK, type Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { CheckpointEnd } from '../metrics/shared-counters.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from './operator.ts';
import type { OperatorSpec } from './operator-spec.ts';
import type { StateLook } from './state-look.ts';
import { unsetOutput } from './unset.ts';

/** Those that have timers, windows, or patterns, of processing time. */
const BY_CLOCK: readonly OperatorSpec['type'][] = [
  'process',
  'window',
  'windowAggregate',
  'windowJoin',
  'generalJoin',
  'match',
];

/** The operator under the clock of batch, where it has to do with processing time. */
export function withBatchTime(spec: OperatorSpec, operator: Operator): Operator {
  return BY_CLOCK.includes(spec.type) ? new BatchTime(operator) : operator;
}

export class BatchTime implements Operator {
  readonly wakeAtMs = Infinity;
  readonly #operator: Operator;
  #output: Output = unsetOutput;
  /** The operator has done its work for the maximum watermark, which waits here. */
  #holdsLast = false;

  constructor(operator: Operator) {
    this.#operator = operator;
  }

  open(context: OperatorContext, output: Output, sides: SideOutputs): void {
    this.#output = output;
    const holding = new HoldingOutput(output, () => {
      this.#holdsLast = true;
    });
    this.#operator.open(context, holding, sides);
  }

  processBatch(batch: Batch, input: number): void {
    this.#operator.processBatch(batch, input);
  }

  processWatermark(watermark: Watermark): void {
    this.#operator.processWatermark(watermark);
    this.#endTime();
  }

  get hasPendingWork(): boolean {
    return this.#holdsLast || this.#operator.hasPendingWork;
  }

  resume(): void {
    if (this.#operator.hasPendingWork) this.#operator.resume();
    this.#endTime();
  }

  /** As far as the output takes it. */
  #endTime(): void {
    const operator = this.#operator;
    while (this.#holdsLast && !operator.hasPendingWork && this.#output.isReady) {
      if (operator.wakeAtMs === Infinity) {
        this.#holdsLast = false;
        this.#output.watermark(MAX_WATERMARK);
      } else {
        operator.advanceTime(Infinity);
        if (!operator.hasPendingWork) operator.processWatermark(MAX_WATERMARK);
      }
    }
  }

  processIdle(isIdle: boolean): void {
    this.#operator.processIdle(isIdle);
  }

  processBarrier(checkpoint: number): void {
    this.#operator.processBarrier(checkpoint);
  }

  advanceTime(): void {}

  get listensToCheckpoints(): boolean {
    return this.#operator.listensToCheckpoints ?? false;
  }

  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    this.#operator.checkpointEnded?.(checkpoint, end);
  }

  finish(): void {
    this.#operator.finish();
  }

  close(): void {
    this.#operator.close();
  }

  look(): StateLook | null {
    return this.#operator.look?.() ?? null;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#operator.generatedLoops?.() ?? [];
  }
}

/** Keeps the maximum watermark back. */
class HoldingOutput implements Output {
  readonly #output: Output;
  readonly #onLast: () => void;

  constructor(output: Output, onLast: () => void) {
    this.#output = output;
    this.#onLast = onLast;
  }

  get isReady(): boolean {
    return this.#output.isReady;
  }

  emit(batch: Batch): void {
    this.#output.emit(batch);
  }

  watermark(watermark: Watermark): void {
    if (watermark === MAX_WATERMARK) this.#onLast();
    else this.#output.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#output.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#output.barrier(checkpoint);
  }

  end(): void {
    this.#output.end();
  }
}
