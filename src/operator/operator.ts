/**
 * One parallel instance of the logic of one node.
 *
 *   open → (processBatch | processWatermark | processIdle | processBarrier | advanceTime | resume)* → finish → close
 *
 * The owning subtask makes every call, from one thread, never nested. An operator never blocks or awaits. It
 * may keep no reference to a transient batch after returning.
 *
 * Back-pressure: an operator finishes the batch it was given, and what it emits for one batch is bounded by
 * that batch, so it need not look at its output. Work without such a bound (windows that fire, a flatMap over a
 * generator) goes in slices: emit while `output.isReady`, then return with `hasPendingWork` set; the subtask
 * calls `resume` when there is room, and feeds nothing else until the work is done: no batch, no watermark, no end. A
 * watermark is forwarded when all its work is done.
 *
 * Work that is done elsewhere (requests of asynchronous functions) holds nothing up: while an operator that has as much of
 * it as it may have `isFull`, its subtask feeds no batch and no end, but barriers and what belongs to time. What comes back
 * calls `wake`, and is taken up by `advanceTime`.
 *
 * State: at a barrier an operator writes what it will need to go on from here (`context.snapshot`), then forwards the
 * barrier. After a restart `context.restored` holds it in `open`: for the keys of this subtask, which may be others than
 * before. Time then begins at the minimum watermark again.
 *
 * Operators know nothing of threads, channels or parallelism beyond the numbers in their context.
 */
import type { Clock } from '../base/clock.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import type { CheckpointEnd } from '../metrics/shared-counters.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import type { RestoredState, SnapshotWriter } from '../state/snapshot.ts';
import type { StateLook } from './state-look.ts';

export interface Output {
  /** False while what was emitted last has not found room yet. Emitting is still allowed, and bounded. */
  readonly isReady: boolean;
  /** Whether watermarks and idleness may go, which pass what is full of records; as `isReady` when left out. */
  readonly takesTime?: boolean;
  emit(batch: Batch): void;
  watermark(watermark: Watermark): void;
  /**
   * The stream went idle: it takes no part in the minimum of watermarks; or came back. Between the two it has no records,
   * and no watermark but that of its end.
   */
  idle(isIdle: boolean): void;
  /** The cut of a checkpoint: what was emitted before belongs to it. */
  barrier(checkpoint: number): void;
  /** No more elements follow. */
  end(): void;
}

export function takesTime(output: Output): boolean {
  return output.takesTime ?? output.isReady;
}

/**
 * Outputs beside the main one, by name. They take batches only: watermarks, idleness and the end go to all outputs by the
 * main one, which is ready only when all are.
 */
export type SideOutputs = ReadonlyMap<string, { emit(batch: Batch): void }>;

/** The job that an operator is part of, as its functions may know it. */
export type RunningJob = {
  readonly name: string;
  /** The same over all runs that go on from each other's checkpoints. */
  readonly id: string;
  /** How many attempts of this run have failed before: 0 for the first. */
  readonly attempt: number;
};

export interface OperatorContext {
  /** Name of the operator, as in messages and metrics. */
  readonly name: string;
  /** Where the user has given it its functions, by its stack; left out where that is not known. */
  readonly trace?: Error | undefined;
  readonly subtask: number;
  readonly parallelism: number;
  /** Key groups of the job. */
  readonly maxParallelism: number;
  readonly job: RunningJob;
  readonly clock: Clock;
  /** Time between two watermarks of one that makes them, at least. */
  readonly watermarkIntervalMs: number;
  readonly metrics: OperatorMetrics;
  /** Whether checkpoints are taken. */
  readonly isCheckpointed: boolean;
  /** Whether they may be deltas, for which state marks what has changed. */
  readonly isIncremental: boolean;
  /** The job runs in batch: no watermark comes but the maximum, when all input has. */
  readonly isBatch: boolean;
  /** State of the snapshot that the job starts from; none when it starts anew. */
  readonly restored: RestoredState;
  /** Where the state of this operator goes, at the barrier of a checkpoint. */
  snapshot(checkpoint: number): SnapshotWriter;
  /** Runs the subtask again: for work that came back from outside, such as an asynchronous write. */
  wake(): void;
  /** Hands over what a sink has prepared, or how far a source has read; it is committed when the checkpoint, or for null the job, is complete. */
  prepareCommit(committables: readonly unknown[], checkpoint: number | null): void;
  /** Tells of a counter or gauge that a function of the user has made. */
  onMetric(cell: MetricCell): void;
}

export interface Operator {
  /** Takes its state. Nothing outside may change by it: another thread may still find the checkpoint damaged. */
  open(context: OperatorContext, output: Output, sides: SideOutputs): void;
  /** All threads have their state, and what the checkpoint had prepared is committed. Left out where that is no matter. */
  begin?(): void;
  processBatch(batch: Batch, input: number): void;
  processWatermark(watermark: Watermark): void;
  processIdle(isIdle: boolean): void;
  /** Sends what must not stay behind it, writes its state, then forwards the barrier. */
  processBarrier(checkpoint: number): void;
  /** True while work is left over from an earlier call; then only `resume` may be called. */
  readonly hasPendingWork: boolean;
  resume(): void;
  /** Whether it takes no batch now; left out where it always does. */
  readonly isFull?: boolean;
  /** Whether it waits for the event loop of its thread, beside pending work; left out where it never does. */
  readonly waitsForEvents?: boolean;
  /** When `advanceTime` is due, in ms of the clock's `now`; Infinity for never. */
  readonly wakeAtMs: number;
  advanceTime(nowMs: number): void;
  /** Whether it is told what becomes of checkpoints; left out where it never is. */
  readonly listensToCheckpoints?: boolean;
  /** One is complete, or has been given up; called between batches, some are left out. */
  checkpointEnded?(checkpoint: number, end: CheckpointEnd): void;
  /** The input has ended; emit what is left, then end the output. */
  finish(): void;
  /** Releases what is held; called once, also after a failure. */
  close(): void;
  /** The loops that it generates, for people; may be asked before `open`. Left out where it generates none. */
  generatedLoops?(): readonly GeneratedLoop[];
  /** Its state by key, for those who watch the job; null for none. Left out where it cannot be looked at by key. */
  look?(): StateLook | null;
}
