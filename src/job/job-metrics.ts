/**
 * What one can know of a job while it runs: one snapshot, plain data. Counts and times of subtasks are of the attempt that
 * runs now, and begin anew with the next; checkpoints and failures are of all attempts.
 *
 * Nothing is gathered until it is asked for: a snapshot reads shared memory, and disturbs no thread. Its numbers are those
 * of one moment as far as threads that go on allow; a thread that sleeps brings its own up to date five times a second.
 */
import type { StateCounts } from '../metrics/state-numbers.ts';
import type { JobStatus, OperatorResult } from './job.ts';

export type JobMetrics = Omit<JobStatus, 'operators'> & {
  /** The same over all runs that go on from each other's checkpoints. */
  readonly id: string;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  /** It has failed, and waits for its next attempt. */
  readonly isRestarting: boolean;
  /** Attempts after the first. */
  readonly restarts: number;
  readonly tasks: readonly TaskMetrics[];
  readonly exchanges: readonly ExchangeMetrics[];
  /** The calling thread first, then the workers. */
  readonly threads: readonly ThreadMetrics[];
  /** How long the event loop of the calling thread has kept others waiting, since metrics were first asked for. */
  readonly eventLoopDelay: EventLoopDelay;
  readonly checkpoints: CheckpointMetrics;
  /** Of each sink that has committed something. */
  readonly commits: readonly CommitMetrics[];
  /** What has ended attempts, the newest first, as many as are kept. */
  readonly failures: readonly FailureMetrics[];
};

export type EventLoopDelay = {
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
};

/** A chain of operators that share subtasks. */
export type TaskMetrics = {
  readonly id: number;
  readonly name: string;
  /** As the name, with what `.description(...)` says of a step in place of its name. */
  readonly description: string;
  readonly parallelism: number;
  /** The most subtasks that it may have, by the key groups of its steps. */
  readonly maxParallelism: number;
  /** Whether it reads what comes from outside the job. */
  readonly isSource: boolean;
  /** Records that came to its sinks. */
  readonly recordsWritten: number;
  /** Of all subtasks together. */
  readonly operators: readonly OperatorResult[];
  readonly subtasks: readonly SubtaskMetrics[];
};

export type SubtaskState = 'starting' | 'running' | 'finished';

export type SubtaskMetrics = {
  readonly index: number;
  /** 'caller' is the calling thread. */
  readonly worker: number | 'caller';
  readonly state: SubtaskState;
  /** Records that came to its first operator. */
  readonly recordsIn: number;
  /** Records that left operators behind which the chain ends, or from which it has a way out. */
  readonly recordsOut: number;
  readonly lateRecords: number;
  readonly skippedRecords: number;
  /** The last watermark that came to its operators; null before the first. */
  readonly watermark: number | null;
  /** What it is behind the greatest event time that any source has read, in ms of event time; null where one is missing. */
  readonly watermarkLagMs: number | null;
  /** Time in steps of its own. The three times add up to how long its thread has worked at the job. */
  readonly busyMs: number;
  /** Time in which it could take no input: its output had no room, or a sink or function behind it was busy. */
  readonly backPressuredMs: number;
  /** The rest: it had nothing to do, or other subtasks of the thread had their turn. */
  readonly idleMs: number;
  /** What its operators keep by key, about a second old; none before its first round. */
  readonly states: readonly StateMetrics[];
};

/** A state by key of one operator in one subtask. */
export type StateMetrics = StateCounts & {
  readonly uid: string;
  readonly operator: string;
  readonly name: string;
  readonly kind: string;
};

/** An edge between two tasks. Where a channel stays within a thread it has no ring. */
export type ExchangeMetrics = {
  /** The numbers of its tasks, `0-1`; behind the first between two tasks, `0-1-2` and so on. */
  readonly id: string;
  readonly fromTask: number;
  readonly toTask: number;
  readonly partitioning: string;
  /** What has been sent over it: records, or partial results of them. */
  readonly rows: number;
  /** What of it has been written to rings; rows that stay within a thread are handed over as they are. */
  readonly bytes: number;
  readonly localChannels: number;
  readonly rings: number;
  /** Bytes on their way in all its rings, and what these can hold. */
  readonly usedBytes: number;
  readonly capacityBytes: number;
  /** Of the ring that is fullest, the share of what may wait in it, 0 to 1; 0 where there is none. */
  readonly fullest: number;
};

export type ThreadMetrics = {
  readonly worker: number | 'caller';
  /** Time in steps of all its subtasks, of `elapsedMs` since it began. */
  readonly busyMs: number;
  readonly elapsedMs: number;
  /** Time in which it collected garbage, most of it within steps; about a second old as it works. */
  readonly gcMs: number;
  /** 0 before the first look; a thread that works looks about once a second. */
  readonly heapUsedBytes: number;
  readonly heapLimitBytes: number;
};

export type CheckpointState = 'running' | 'completed' | 'failed';

/** A checkpoint or savepoint that the job has begun. */
export type CheckpointRecord = {
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly state: CheckpointState;
  /** Milliseconds since 1970 UTC. */
  readonly startedAt: number;
  /** Until it was complete or had failed; so far, where it runs. */
  readonly durationMs: number;
  readonly subtasks: number;
  /** Subtasks whose part has come. */
  readonly subtasksDone: number;
  /** Bytes of state that it has written itself. */
  readonly bytes: number;
  /** The same, with those of earlier checkpoints that it refers to. */
  readonly fullBytes: number;
  readonly operators: readonly CheckpointedOperator[];
  /** Of each subtask. */
  readonly parts: readonly CheckpointPart[];
  /** Where it lies; null before it is complete. */
  readonly path: string | null;
  /** Why it failed; null otherwise. */
  readonly failure: string | null;
};

export type CheckpointedOperator = StoredSize & {
  readonly uid: string;
  readonly name: string;
  /** What it is made of: states by key, and what else the operator has to know to go on. */
  readonly states: readonly CheckpointedState[];
};

/** By the name that `millrace snapshot inspect` shows: of a process function `state/total` is what it calls `total`. */
export type CheckpointedState = StoredSize & { readonly name: string };

export type StoredSize = {
  /** That the checkpoint has written itself. */
  readonly bytes: number;
  /** The same, with those of earlier checkpoints that it refers to. */
  readonly fullBytes: number;
  readonly rows: number;
};

/** The part of one subtask in a checkpoint. */
export type CheckpointPart = {
  readonly task: number;
  readonly subtask: number;
  /** Whether it had come to its end before: its last state is its part, and took no time. */
  readonly hasEnded: boolean;
  /** When it had come, in milliseconds since 1970 UTC; null before. */
  readonly doneAt: number | null;
  /** From the beginning of the checkpoint to then. */
  readonly durationMs: number;
  /** From the beginning until the first barrier came to the subtask. */
  readonly startDelayMs: number;
  /** From the first barrier of its channels to the last. */
  readonly alignmentMs: number;
  /** In which its operators captured their state, and it did nothing else. */
  readonly pauseMs: number;
  /** From then until they had written what they put off, beside their work. */
  readonly writingMs: number;
  /** As of the checkpoint; 0 before that is complete. */
  readonly bytes: number;
  readonly fullBytes: number;
};

export type CheckpointMetrics = {
  readonly completed: number;
  readonly failed: number;
  /** Times that the job has gone on from a checkpoint. */
  readonly restored: number;
  /** The newest first, as many as are kept. */
  readonly history: readonly CheckpointRecord[];
  readonly lastCompleted: CheckpointRecord | null;
  readonly lastSavepoint: CheckpointRecord | null;
  readonly lastFailed: CheckpointRecord | null;
  /** Where the job went on the last time; null when it has started anew. */
  readonly lastRestored: RestoredCheckpoint | null;
};

export type RestoredCheckpoint = {
  readonly id: number;
  readonly kind: 'checkpoint' | 'savepoint';
  readonly path: string;
  /** Milliseconds since 1970 UTC. */
  readonly restoredAt: number;
};

/** What a sink had prepared, such as part files, and has committed since the job was started. */
export type CommitMetrics = {
  readonly uid: string;
  readonly name: string;
  readonly committed: number;
};

export type FailureMetrics = {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  /** Of an EngineError; null of what else was thrown. */
  readonly code: string | null;
  readonly message: string;
  readonly stack: string;
};

/** What a job was started with, as those see it who watch it. */
export type JobConfig = {
  readonly threads: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly isBatch: boolean;
  readonly bufferTimeoutMs: number;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly restartStrategy: string;
  readonly checkpoints: {
    readonly dir: string;
    readonly everyMs: number;
    readonly timeoutMs: number;
    readonly minPauseMs: number;
    readonly mode: 'exactlyOnce' | 'atLeastOnce';
    readonly unaligned: boolean;
    /** How long those that are unaligned are aligned at first. */
    readonly alignedMs: number;
    readonly incremental: boolean;
    readonly tolerableFailures: number;
    readonly retained: number;
  } | null;
};
