/** Process functions over one stream: state and timers by key where it is keyed, and whatever the user makes of them. */
import type { Metrics } from '../metrics/user-metrics.ts';
import type { RunningJob } from '../operator/operator.ts';
import type { Emits } from './emits.ts';
import type { FunctionContext } from './function-context.ts';
import type { OperatorStateHandles } from './operator-state.ts';
import type { StateHandles } from './state.ts';

/** Timers of the key that is being processed. Each kind and time is registered once, however often it is asked for. */
export interface Timers {
  /**
   * Calls `onTimer` when the watermark has reached this time (ms). When it has already, at its next advance; at the end of
   * the input all that are left fire.
   */
  readonly eventTime: (time: number) => void;
  /** Calls `onTimer` when the clock has reached this time (ms). At the end of the input what is left is dropped. */
  readonly processingTime: (time: number) => void;
  /** Does nothing where there is no such timer. */
  readonly deleteEventTime: (time: number) => void;
  readonly deleteProcessingTime: (time: number) => void;
}

/**
 * What the functions of a process function get beside the record. It is the same object each time, and about that record
 * only until the function returns.
 */
export interface RecordContext<Out> extends FunctionContext {
  /** Event time of the record or timer; null for a record without one, and for a timer of processing time. */
  readonly timestamp: number | null;
  /** No record at or before this event time follows; -Infinity at first. */
  readonly watermark: number;
  /** Now, in ms. */
  readonly processingTime: number;
  /**
   * Sends a row on, at the event time of the record or timer. It must not be changed any more: `emit({ ...total })` where the
   * object goes on to change. Of the object that a value state holds a copy is sent.
   */
  readonly emit: (row: Out) => void;
}

/** What `onRecord` of a keyed stream gets beside the record. */
export interface ProcessContext<Key, States, Out> extends RecordContext<Out> {
  /** The key, by its fields; `{ key }` behind keyBy of a function. */
  readonly key: Readonly<Key>;
  /** State of the key. */
  readonly state: StateHandles<States>;
  readonly timers: Timers;
}

/** What `onTimer` gets beside the time of the timer. */
export interface TimerContext<Key, States, Out> extends ProcessContext<Key, States, Out> {
  /** The kind of the timer. */
  readonly timer: 'event' | 'processing';
}

/** What `onRecord` of a stream without keys gets beside the record. */
export interface UnkeyedContext<Lists, Out> extends RecordContext<Out> {
  /** Lists of the subtask. */
  readonly operatorState: OperatorStateHandles<Lists>;
}

/** Where a process function runs. */
export type ProcessPlace = {
  /** Of the step. */
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
  /** Key groups of the step: as many subtasks as it may ever have. */
  readonly maxParallelism: number;
  /** Name and id of the job, and `attempt`: how many attempts of this run have failed before, 0 for the first. */
  readonly job: RunningJob;
  readonly metrics: Metrics;
};

/** Where a process function without keys runs, and what was restored. */
export type UnkeyedPlace<Lists> = ProcessPlace & {
  readonly operatorState: OperatorStateHandles<Lists>;
};

/**
 * What a process function is told of checkpoints, such as to let go of what it keeps outside the job until they are complete.
 * It is called in each subtask, between records, with the number of the checkpoint; numbers rise. Nothing is certain to be told:
 * a checkpoint that follows soon takes the place of the one before, a job that fails tells nothing more, and a subtask that has
 * come to its end is not there any more. Savepoints are not told, but for one that a job without checkpoints is stopped behind.
 */
export type CheckpointListener = {
  /** The checkpoint is complete: the job goes on from it, or from a later one. */
  onCheckpointComplete?(checkpoint: number): void;
  /** The checkpoint has been given up; the next has all that it would have had. */
  onCheckpointAborted?(checkpoint: number): void;
};

/** What the process functions of keyed streams have in common. */
export type KeyedFunctionParts<Key, States, Out> = CheckpointListener & {
  /** The rows that `emit` sends: a schema, or `type<Out>()` for free-form rows. */
  readonly emits: Emits<Out>;
  /** The state that each key has, by name. */
  readonly state?: States;
  /** Called once in each subtask, before all records. */
  open?(place: ProcessPlace): void;
  /** Called for each timer that is due. */
  onTimer?(time: number, ctx: TimerContext<Key, States, Out>): void;
  /** Called once in each subtask, after all records, also when the job has failed. */
  close?(): void;
};

/** What the process functions of streams without keys have in common. */
export type UnkeyedFunctionParts<Lists, Out> = CheckpointListener & {
  /** The rows that `emit` sends: a schema, or `type<Out>()` for free-form rows. */
  readonly emits: Emits<Out>;
  /**
   * Lists that each subtask has, by name: after a restore with another number of subtasks the elements of a `list(...)` are
   * spread evenly, else each has its own; those of a `unionList(...)` all come to every subtask.
   */
  readonly operatorState?: Lists;
  /** Called once in each subtask, before all records. */
  open?(place: UnkeyedPlace<Lists>): void;
  /** Called once in each subtask, after all records, also when the job has failed. */
  close?(): void;
};

/** A process function of a keyed stream; its functions are called as methods of this object. */
export type ProcessFunction<Row, Key, States, Out> = KeyedFunctionParts<Key, States, Out> & {
  /** Called for each record. */
  onRecord(row: Row, ctx: ProcessContext<Key, States, Out>): void;
};

/** A process function of a stream that is not keyed; its functions are called as methods of this object. */
export type UnkeyedProcessFunction<Row, Lists, Out> = UnkeyedFunctionParts<Lists, Out> & {
  /** Called for each record. */
  onRecord(row: Row, ctx: UnkeyedContext<Lists, Out>): void;
};
