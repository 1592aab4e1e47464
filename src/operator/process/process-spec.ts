/**
 * A keyed process function: as plain data, and the part of the user's that is not.
 *
 *   open → (onRecord | onTimer)* → close
 *
 * A process function sees the records and timers of all keys of its subtask, one at a time, with the state of the key at
 * hand. All functions of a definition are called as its methods.
 */
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

export type ProcessSpec = {
  /** Fields of the rows that come out; null for free-form rows. */
  readonly emits: readonly Field[] | null;
  readonly states: readonly StateSpec[];
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
  onRecord(row: unknown, context: unknown): void;
  onTimer?(time: number, context: unknown): void;
  close?(): void;
};
