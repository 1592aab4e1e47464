/**
 * Drives a sink's writer: the last operator of a chain. While a writer has still to answer what it has prepared, the
 * operator is pending: nothing reaches it, and its subtask is not done with the checkpoint, or the end.
 */
import { isThenable } from '../base/thenable.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';
import type { UserMetrics } from '../metrics/user-metrics.ts';
import { AT_END } from '../state/snapshot.ts';
import type { Operator, OperatorContext } from './operator.ts';
import { restoredMetrics, saveCounters } from './saved-counters.ts';
import type { Sink, SinkWriter } from './sink.ts';
import type { PlainData } from './source.ts';
import { unsetContext } from './unset.ts';
import { operatorError } from './user-function.ts';

/** State: what writers gave to `snapshot`. */
export const WRITERS = 'writers';

/** What a writer prepares at a barrier, or at the end, and has answered later. */
type Prepared = { readonly checkpoint: number | null; settled: SettledCommit | null };
type SettledCommit = { readonly committables: readonly PlainData[] } | { readonly error: unknown };

export class SinkOperator implements Operator {
  #context: OperatorContext = unsetContext;
  readonly #sink: Sink;
  readonly #runId: string;
  readonly #schema: Schema | null;
  #writer: SinkWriter | null = null;
  #metrics: UserMetrics | null = null;
  #restored: readonly PlainData[] = [];
  #prepared: Prepared | null = null;

  constructor(sink: Sink, schema: Schema | null, runId: string) {
    this.#sink = sink;
    this.#schema = schema;
    this.#runId = runId;
  }

  open(context: OperatorContext): void {
    this.#context = context;
    this.#metrics = restoredMetrics(context);
    this.#restored = context.restored.items(WRITERS) as readonly PlainData[];
  }

  begin(): void {
    const context = this.#context;
    this.#writer = this.#named(() =>
      this.#sink.createWriter({
        subtask: context.subtask,
        parallelism: context.parallelism,
        runId: this.#runId,
        isCheckpointed: context.isCheckpointed,
        restored: this.#restored,
        schema: this.#schema,
        clock: context.clock,
        metrics: this.#metrics!,
        wrote: (bytes) => {
          context.metrics.bytesWritten += bytes;
        },
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
    return this.#prepared !== null || this.#writer!.isBusy;
  }

  get waitsForEvents(): boolean {
    return this.#writer?.waitsForEvents === true;
  }

  resume(): void {
    this.#named(() => this.#writer!.resume?.());
    const settled = this.#prepared?.settled ?? null;
    if (settled === null) return;
    const { checkpoint } = this.#prepared!;
    this.#prepared = null;
    this.#named(() => {
      if ('error' in settled) throw settled.error;
    });
    this.#handOver((settled as { committables: readonly PlainData[] }).committables, checkpoint);
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

  get wakeAtMs(): number {
    return this.#writer?.wakeAtMs ?? Infinity;
  }

  advanceTime(nowMs: number): void {
    this.#named(() => this.#writer!.advanceTime?.(nowMs));
  }

  processBarrier(checkpoint: number): void {
    this.#preCommit(checkpoint);
  }

  finish(): void {
    this.#preCommit(null);
  }

  /** At the barrier of a checkpoint; at the end, for null. */
  #preCommit(checkpoint: number | null): void {
    const answer = this.#named(() => this.#writer!.preCommit(checkpoint === null));
    if (!isThenable(answer)) {
      this.#handOver(answer, checkpoint);
      return;
    }
    const prepared: Prepared = { checkpoint, settled: null };
    this.#prepared = prepared;
    const settle = (settled: SettledCommit): void => {
      prepared.settled = settled;
      this.#context.wake();
    };
    answer.then(
      (committables) => settle({ committables }),
      (error: unknown) => settle({ error }),
    );
  }

  #handOver(committables: readonly PlainData[], checkpoint: number | null): void {
    this.#context.prepareCommit(committables, checkpoint);
    const writer = this.#context.snapshot(checkpoint ?? AT_END);
    saveCounters(this.#metrics!, writer);
    if (checkpoint === null) return;
    const state = this.#named(() => this.#writer!.snapshot?.() ?? []);
    writer.items(WRITERS, 'list', state);
  }

  close(): void {
    this.#named(() => this.#writer?.close());
  }
}
