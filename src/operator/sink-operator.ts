/** Drives a sink's writer: the last operator of a chain. */
import type { Batch, Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';
import { UserMetrics } from '../metrics/user-metrics.ts';
import type { Operator, OperatorContext } from './operator.ts';
import type { Sink, SinkWriter } from './sink.ts';
import type { PlainData } from './source.ts';
import { unsetContext } from './unset.ts';
import { operatorError } from './user-function.ts';

/** State: what writers gave to `snapshot`. */
export const WRITERS = 'writers';

export class SinkOperator implements Operator {
  #context: OperatorContext = unsetContext;
  readonly #sink: Sink;
  readonly #runId: string;
  readonly #schema: Schema | null;
  #writer: SinkWriter | null = null;

  constructor(sink: Sink, schema: Schema | null, runId: string) {
    this.#sink = sink;
    this.#schema = schema;
    this.#runId = runId;
  }

  open(context: OperatorContext): void {
    this.#context = context;
    this.#writer = this.#named(() =>
      this.#sink.createWriter({
        subtask: context.subtask,
        parallelism: context.parallelism,
        runId: this.#runId,
        isCheckpointed: context.isCheckpointed,
        restored: context.restored.items(WRITERS) as readonly PlainData[],
        schema: this.#schema,
        clock: context.clock,
        metrics: new UserMetrics((cell) => context.onMetric(cell)),
        wake: () => context.wake(),
      }),
    );
  }

  /** What the sink throws gets the name of the operator. */
  #named<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw operatorError(this.#context, error, this.#context.metrics.recordsIn);
    }
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#sink.writeLoops?.(this.#schema) ?? [];
  }

  get hasPendingWork(): boolean {
    return this.#writer!.isBusy;
  }

  resume(): void {
    this.#named(() => this.#writer!.resume?.());
  }

  processBatch(batch: Batch): void {
    this.#named(() => this.#writer!.write(batch));
    this.#context.metrics.recordsIn += batch.rowCount;
  }

  processWatermark(watermark: Watermark): void {
    this.#named(() => this.#writer!.watermark?.(watermark));
  }

  processIdle(isIdle: boolean): void {
    this.#named(() => this.#writer!.idle?.(isIdle));
  }

  get waitsForEvents(): boolean {
    return this.#writer?.waitsForEvents === true;
  }

  get wakeAtMs(): number {
    return this.#writer?.wakeAtMs ?? Infinity;
  }

  advanceTime(nowMs: number): void {
    this.#named(() => this.#writer!.advanceTime?.(nowMs));
  }

  processBarrier(checkpoint: number): void {
    const committables = this.#named(() => this.#writer!.preCommit(false));
    const state = this.#named(() => this.#writer!.snapshot?.() ?? []);
    this.#context.prepareCommit(committables, checkpoint);
    this.#context.snapshot(checkpoint).items(WRITERS, 'list', state);
  }

  finish(): void {
    this.#context.prepareCommit(
      this.#named(() => this.#writer!.preCommit(true)),
      null,
    );
  }

  close(): void {
    this.#named(() => this.#writer?.close());
  }
}
