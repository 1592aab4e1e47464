/**
 * Where records go, in two phases, so that a crash between them neither loses nor doubles a record.
 *
 *   calling thread   commit(what a checkpoint has that is restored), then prepare: before anything runs, and when all threads
 *                    have taken their state, so that a checkpoint that is damaged changes nothing outside
 *   sink subtask     createWriter → (write* → preCommit → snapshot)* → preCommit at the end → close
 *   calling thread   commit(all committables), when the checkpoint, or the bounded job, is complete;
 *                    discard(all committables), when it never will be;
 *                    finish, when the bounded job is complete and all is committed
 *
 * `preCommit` may answer by a promise: until it settles the writer gets nothing, and the checkpoint is not complete.
 *
 * What `write` got becomes visible to others only by `commit`. `commit` may be called again with the same
 * committables after a restart and must then change nothing. `close` discards what was written since the last
 * `preCommit`, unless a checkpoint may come back to it (`isCheckpointed`).
 */
import type { Clock } from '../base/clock.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { murmur, stringHashCode } from '../data/key-hash.ts';
import type { Schema } from '../data/schema.ts';
import type { Metrics } from '../metrics/user-metrics.ts';
import type { PlainData } from './source.ts';

export interface SinkWriterContext {
  readonly subtask: number;
  readonly parallelism: number;
  /** Names this run of this step: differs from step to step, and from run to run, also where one goes on from a checkpoint of another. */
  readonly runId: string;
  /** Whether checkpoints are taken: a writer leaves what its last `snapshot` speaks of where it is. */
  readonly isCheckpointed: boolean;
  /** What earlier writers gave to `snapshot` that this one goes on with; all of them together take all of it. */
  readonly restored: readonly PlainData[];
  /** Of the incoming stream; null for free-form rows. */
  readonly schema: Schema | null;
  readonly clock: Clock;
  /** Metrics of this writer. */
  readonly metrics: Metrics;
  /** Counts bytes that have gone outside; left out where nobody counts. */
  wrote?(bytes: number): void;
  /** Runs the subtask again once `isBusy` has become false. */
  wake(): void;
}

export interface SinkWriter {
  /** Takes all rows of the batch. A writer that cannot take more for now sets `isBusy` and gets none. */
  write(batch: Batch): void;
  readonly isBusy: boolean;
  /** Whether it waits for the event loop of its thread though it is not busy, as with requests under way. */
  readonly waitsForEvents?: boolean;
  /** Called now and then while it is busy, and after `wake`: a writer that has to try again does so here. */
  resume?(): void;
  /** When `advanceTime` is due, in ms of the clock's `now`; Infinity, or left out, for never. */
  readonly wakeAtMs?: number;
  /** Called at `wakeAtMs`, or later. */
  advanceTime?(nowMs: number): void;
  /** Behind the rows written so far, no record at or before this event time follows. */
  watermark?(watermark: Watermark): void;
  /** The stream went idle, or came back. */
  idle?(isIdle: boolean): void;
  /**
   * At a barrier, and at the end of input: returns what `commit` needs for what is complete, as plain data, durable but
   * not visible yet. At the end all is complete; at a barrier what is not goes into `snapshot`. A null is nothing to be
   * committed: it only has `commit` called when the checkpoint is complete.
   */
  preCommit(isEnd: boolean): readonly PlainData[] | PromiseLike<readonly PlainData[]>;
  /** Behind `preCommit`, once that has settled, at a barrier: what a writer needs to go on from here, durable. Left out where all is complete. */
  snapshot?(): readonly PlainData[];
  close(): void;
}

/** How a job starts. */
export type SinkStart = {
  /** Names the job over all its runs that go on from each other's checkpoints. */
  readonly jobId: string;
  /** Names this step of it likewise: begins with `jobId`, and ids of its runs begin with this. */
  readonly stepId: string;
  /** All that writers gave to `snapshot` of the checkpoint that is restored; null when the job starts anew. */
  readonly restored: readonly PlainData[] | null;
};

/** Of the step of a job that has this uid: two sinks that write to one place know their own by it. */
export function sinkStepId(jobId: string, uid: string): string {
  return `${jobId}-${(murmur(stringHashCode(uid)) >>> 0).toString(16).padStart(8, '0')}`;
}

declare const TAKES: unique symbol;

/** `Row` is the type of the rows that it takes, for the compiler only. */
export interface Sink<Row = unknown> {
  readonly [TAKES]?: (row: Row) => void;
  /** Default name of the operator, such as 'csv'. */
  readonly name: string;
  /** Sinks of one kind take over what each other's writers have left. Left out: those of its name. */
  readonly kind?: string;
  readonly descriptor: PlainData;
  /**
   * Checks that the output can be written, and makes it ready: what earlier runs left half done, and `restored` does not
   * speak of, is removed. An EngineError ends the job before it starts.
   */
  prepare?(start: SinkStart): Promise<void>;
  createWriter(context: SinkWriterContext): SinkWriter;
  commit(committables: readonly PlainData[]): Promise<void>;
  /** Whether a committable is something to be seen, and counts as committed in metrics. All but null are where this is left out. */
  isSeen?(committable: PlainData): boolean;
  /** The loops that its writers generate for rows of a schema, null for free-form rows; left out where there are none. */
  writeLoops?(schema: Schema | null): readonly GeneratedLoop[];
  /** Takes back what was prepared but will not be committed. */
  discard?(committables: readonly PlainData[]): Promise<void>;
  /**
   * The job has failed, or was cancelled, without anything from which it could go on, and its threads are gone: removes what writers
   * of this step have left that could not do it themselves.
   */
  abandon?(step: Pick<SinkStart, 'stepId'>): Promise<void>;
  /** What there is to do behind the last commit, also where there was none; may be called again. */
  finish?(): Promise<void>;
}
