/** Writers of a sink from a start, or a checkpoint, to a crash: called as subtasks and the calling thread call them. */

import { VirtualClock } from '../../base/clock.ts';
import type { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Schema } from '../../data/schema.ts';
import { UserMetrics } from '../../metrics/user-metrics.ts';
import type { Sink, SinkWriter } from '../../operator/sink.ts';
import type { PlainData } from '../../operator/source.ts';
import { check, throughCheckpoint } from './conformance-case.ts';
import { pause } from './split-reading.ts';

/** What a checkpoint has of a sink. */
export type SinkCheckpoint = {
  readonly committables: readonly PlainData[];
  readonly states: readonly PlainData[];
};

export type SinkLifeOptions = {
  readonly sink: Sink;
  readonly schema: Schema | null;
  readonly parallelism: number;
  /** Names this run. */
  readonly run: number;
  /** Where it goes on from; null to start anew. */
  readonly from: SinkCheckpoint | null;
  readonly isCheckpointed: boolean;
  /** How long a writer may be busy. */
  readonly patienceMs: number;
};

const JOB = 'conformance';
const STEP = `${JOB}-sink`;
const LOOK_MS = 1;

export class SinkLife {
  readonly clock = new VirtualClock();
  readonly #sink: Sink;
  readonly #patienceMs: number;
  readonly #writers: SinkWriter[] = [];
  readonly #builder: BatchBuilder;
  #next = 0;

  private constructor({ sink, schema, patienceMs }: SinkLifeOptions) {
    this.#sink = sink;
    this.#patienceMs = patienceMs;
    this.#builder = new BatchBuilder(schema);
  }

  static async begin(options: SinkLifeOptions): Promise<SinkLife> {
    const { sink, schema, parallelism, run, from, isCheckpointed } = options;
    const life = new SinkLife(options);
    if (from !== null && from.committables.length > 0) await sink.commit(from.committables);
    await sink.prepare?.({ jobId: JOB, stepId: STEP, restored: from?.states ?? null });
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const writer = sink.createWriter({
        subtask,
        parallelism,
        runId: `${STEP}-${run}`,
        isCheckpointed,
        restored: (from?.states ?? []).filter((_, n) => n % parallelism === subtask),
        schema,
        clock: life.clock,
        metrics: new UserMetrics(() => {}, life.clock),
        wake() {},
      });
      life.#writers.push(writer);
      await life.#ready(writer);
    }
    return life;
  }

  /** One batch, to the next writer in turn; its memory is used for the next one. */
  async write(rows: readonly unknown[]): Promise<void> {
    const writer = this.#writers[this.#next++ % this.#writers.length]!;
    this.#builder.reset();
    for (const row of rows) this.#builder.appendRow(row);
    const batch: Batch = this.#builder.seal();
    writer.write(batch);
    await this.#ready(writer);
  }

  async #ready(writer: SinkWriter): Promise<void> {
    for (let waitedMs = 0; writer.isBusy; waitedMs += LOOK_MS) {
      writer.resume?.();
      if (!writer.isBusy) return;
      check(waitedMs <= this.#patienceMs, 'a writer is busy, and stays so');
      await pause(LOOK_MS);
    }
  }

  /** At a barrier that reaches all writers. */
  async checkpoint(): Promise<SinkCheckpoint> {
    const committables: PlainData[] = [];
    const states: PlainData[] = [];
    for (const writer of this.#writers) {
      committables.push(...throughCheckpoint(await writer.preCommit(false), 'a committable'));
      await this.#ready(writer);
      states.push(...throughCheckpoint(writer.snapshot?.() ?? [], 'a state'));
    }
    return { committables, states };
  }

  /** At the end of input: what the job commits when it is complete. */
  async end(): Promise<readonly PlainData[]> {
    const committables: PlainData[] = [];
    for (const writer of this.#writers) {
      committables.push(...throughCheckpoint(await writer.preCommit(true), 'a committable'));
      await this.#ready(writer);
    }
    return committables;
  }

  async commit(committables: readonly PlainData[]): Promise<void> {
    if (committables.length > 0) await this.#sink.commit(committables);
  }

  async discard(committables: readonly PlainData[]): Promise<void> {
    if (committables.length > 0) await this.#sink.discard?.(committables);
  }

  close(): void {
    for (const writer of this.#writers) writer.close();
  }
}
