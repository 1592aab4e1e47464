/** Process functions over keyed streams: state and timers by key, and whatever the user makes of them. */
import { aFunction, checkFunctions, type OptionRules, wrong } from '../base/options.ts';
import type { Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { ProcessDefinition } from '../operator/process/process-spec.ts';
import { type Emits, emittedSchema } from './emits.ts';
import type { KeyedParts } from './keyed-stream.ts';
import type { SideOutput } from './side-output.ts';
import { type StateDescriptors, type StateHandles, stateSpecs } from './state.ts';

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
 * What `onRecord` gets beside the record. It is the same object each time, and about the key of that record only until the
 * function returns.
 */
export interface ProcessContext<Key, States, Out> {
  /** The key, by its fields; `{ key }` behind keyBy of a function. */
  readonly key: Readonly<Key>;
  /** Event time of the record or timer; null for a record without one, and for a timer of processing time. */
  readonly timestamp: number | null;
  /** No record at or before this event time follows; -Infinity at first. */
  readonly watermark: number;
  /** Now, in ms. */
  readonly processingTime: number;
  /** State of the key. */
  readonly state: StateHandles<States>;
  readonly timers: Timers;
  /** Sends a row on, at the event time of the record or timer. */
  readonly emit: (row: Out) => void;
  /**
   * Sends a row to a side output, which `.sideOutput(side)` on the stream behind gives. EngineError JOB_DEFINITION when nobody
   * reads it.
   */
  readonly output: <Side>(side: SideOutput<Side>, row: NoInfer<Side>) => void;
}

/** What `onTimer` gets beside the time of the timer. */
export interface TimerContext<Key, States, Out> extends ProcessContext<Key, States, Out> {
  /** The kind of the timer. */
  readonly timer: 'event' | 'processing';
}

/** Where a process function runs. */
export type ProcessPlace = {
  /** Of the step. */
  readonly name: string;
  readonly subtask: number;
  readonly parallelism: number;
};

/** A process function; its functions are called as methods of this object. */
export type ProcessFunction<Row, Key, States, Out> = {
  /** The rows that `emit` sends: a schema, or `type<Out>()` for free-form rows. */
  readonly emits: Emits<Out>;
  /** The state that each key has, by name. */
  readonly state?: States;
  /** Called once in each subtask, before all records. */
  open?(place: ProcessPlace): void;
  /** Called for each record. */
  onRecord(row: Row, ctx: ProcessContext<Key, States, Out>): void;
  /** Called for each timer that is due. */
  onTimer?(time: number, ctx: TimerContext<Key, States, Out>): void;
  /** Called once in each subtask, after all records, also when the job has failed. */
  close?(): void;
};

const PARTS: OptionRules<ProcessFunction<never, unknown, StateDescriptors, unknown>> = {
  emits: true,
  state: true,
  open: aPlainFunction,
  onRecord: aPlainFunction,
  onTimer: aPlainFunction,
  close: aPlainFunction,
};

/** What an async function does later, when another key is being processed, would go wrong. */
function aPlainFunction(what: string, value: unknown): void {
  aFunction(what, value);
  if (Object.prototype.toString.call(value) === '[object AsyncFunction]') {
    throw wrong(what, 'is not async: state and context are of no use after an await', value);
  }
}

/** Adds the step of a process function behind a keyed stream; its node, and the schema of its rows. */
export function addProcess<Row, Key, States extends StateDescriptors, Out>(
  { builder, inputs, key, functions }: KeyedParts,
  definition: ProcessFunction<Row, Key, States, Out>,
): { node: NodeId; schema: Schema<Out> | null } {
  checkFunctions('process', definition, PARTS as OptionRules<typeof definition>);
  aPlainFunction('process: onRecord', definition.onRecord);
  const emits = emittedSchema('process', definition.emits);
  const states = stateSpecs(definition.state ?? {});
  const node = builder.add({
    name: 'process',
    operator: { type: 'process', key, process: { emits: emits?.fields ?? null, states } },
    inputs: inputs.map((from) => ({ from, partitioning: { kind: 'hash', key } })),
    schema: emits,
    functions: [...functions, definition as unknown as ProcessDefinition],
  });
  return { node, schema: emits };
}
