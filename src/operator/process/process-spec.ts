/**
 * A process function: as plain data, and the part of the user's that is not.
 *
 *   open → (a function of an input | onTimer | onCheckpointComplete | onCheckpointAborted)* → close
 *
 * A process function sees the records and timers of all keys of its subtask, one at a time, with the state of the key at
 * hand. It has one input or two, keyed or not; timers and keyed state need a key. All functions of a definition are called
 * as its methods.
 */
import type { KeySpec } from '../../data/key.ts';
import type { Field } from '../../data/schema.ts';
import type { Folding, ReduceValues } from '../../state/folding-tables.ts';
import type { StateKind } from '../../state/state-table.ts';
import type { TtlSpec } from '../../state/ttl.ts';
import type { TypeSpec } from '../../state/value-type.ts';

export type StateSpec = {
  readonly name: string;
  readonly kind: StateKind;
  /** Of the value, or of an element. */
  readonly type: TypeSpec;
  /** Of the keys of a map; else null. */
  readonly keyType: TypeSpec | null;
  readonly ttl: TtlSpec | null;
};

/** A list of a subtask. */
export type OperatorStateSpec = {
  readonly name: string;
  /** Whether after a restore elements are spread evenly, or all of them come to every subtask. */
  readonly mode: 'list' | 'union';
  readonly type: TypeSpec;
};

/** The function that is called for the records of an input. */
export type InputFunction = 'onRecord' | 'onFirst' | 'onSecond' | 'onBroadcast';

export type ProcessInputSpec = {
  /** Null for an input that is not keyed. Where two are keyed, it is by keys that can be equal. */
  readonly key: KeySpec | null;
  readonly calls: InputFunction;
};

export type ProcessSpec = {
  /** One or two. */
  readonly inputs: readonly ProcessInputSpec[];
  /** Fields of the rows that come out; null for free-form rows. */
  readonly emits: readonly Field[] | null;
  /** By key. */
  readonly states: readonly StateSpec[];
  /** Of the subtask. */
  readonly operatorStates: readonly OperatorStateSpec[];
  /** Maps that only `onBroadcast` changes. */
  readonly broadcastStates: readonly StateSpec[];
};

/** What a state has beside its spec. */
export type StateFunctions = {
  /** Of a value: what `get` gives for a key that has none. */
  readonly fallback?: unknown;
  /** Of a reducing state. */
  readonly reduce?: ReduceValues;
  /** Of an aggregating state. */
  readonly aggregate?: Folding;
};

/** What the methods of a definition are called with; see api/process.ts for what it is to a user. */
export type ProcessDefinition = {
  readonly state?: Readonly<Record<string, StateFunctions>>;
  open?(context: unknown): void;
  onTimer?(time: number, context: unknown): void;
  onCheckpointComplete?(checkpoint: number): void;
  onCheckpointAborted?(checkpoint: number): void;
  close?(): void;
} & { readonly [F in InputFunction]?: (row: unknown, context: unknown) => void };
