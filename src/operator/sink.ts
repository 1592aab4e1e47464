/**
 * Where records go, in two phases, so that a crash between them neither loses nor doubles a record.
 *
 *   calling thread   prepare, before anything runs
 *   sink subtask     createWriter → (write* → preCommit)* → close
 *   calling thread   commit(all committables), when the checkpoint, or the bounded job, is complete;
 *                    discard(all committables), when it never will be
 *
 * What `write` got becomes visible to others only by `commit`. `commit` may be called again with the same
 * committables after a restart and must then change nothing. `close` without `preCommit` discards what was
 * written since.
 */
import type { Batch, Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { Schema } from '../data/schema.ts';
import type { PlainData } from './source.ts';

export interface SinkWriterContext {
  readonly subtask: number;
  readonly parallelism: number;
  /** Names this run of the job; differs from run to run. */
  readonly runId: string;
  /** Of the incoming stream; null for free-form rows. */
  readonly schema: Schema | null;
  /** Runs the subtask again once `isBusy` has become false. */
  wake(): void;
}

export interface SinkWriter {
  /** Takes all rows of the batch. A writer that cannot take more for now sets `isBusy` and gets none. */
  write(batch: Batch): void;
  readonly isBusy: boolean;
  /** Called now and then while it is busy, and after `wake`: a writer that has to try again does so here. */
  resume?(): void;
  /** Behind the rows written so far, no record at or before this event time follows. */
  watermark?(watermark: Watermark): void;
  /** The stream went idle, or came back. */
  idle?(isIdle: boolean): void;
  /** Makes all that was written durable, though not visible; returns what `commit` needs, as plain data. */
  preCommit(): readonly PlainData[];
  close(): void;
}

export interface Sink {
  /** Default name of the operator, such as 'csv'. */
  readonly name: string;
  readonly descriptor: PlainData;
  /** Checks that the output can be written, and makes it ready; an EngineError ends the job before it starts. */
  prepare?(): Promise<void>;
  createWriter(context: SinkWriterContext): SinkWriter;
  commit(committables: readonly PlainData[]): Promise<void>;
  /** The loops that its writers generate for rows of a schema, null for free-form rows; left out where there are none. */
  writeLoops?(schema: Schema | null): readonly GeneratedLoop[];
  /** Takes back what was prepared but will not be committed. */
  discard?(committables: readonly PlainData[]): Promise<void>;
}
