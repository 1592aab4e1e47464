/**
 * Aggregates as plain data, and the contract of those a user brings.
 *
 * Built-in numeric aggregates keep their accumulators as float64 cells in the pane; user aggregates, minima and maxima
 * of other values, and those of value-aggregates.ts keep JavaScript values. Null and undefined values are ignored, as in SQL: count()
 * counts rows, avg divides by the values there are, and min, max, avg of no value are null.
 */

import type { KeySpec } from '../../data/key.ts';
import type { Schema } from '../../data/schema.ts';

/** What an aggregate reads from a row. */
export type AggregateInput =
  | { readonly kind: 'none' }
  | { readonly kind: 'field'; readonly field: string }
  /** Index into the functions of the node. */
  | { readonly kind: 'function'; readonly index: number };

export type AggregateKind =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'first'
  | 'last'
  | 'countDistinct'
  | 'collect'
  | 'quantile'
  | 'user';

export type AggregateSpec = {
  readonly name: string;
  readonly kind: AggregateKind;
  readonly input: AggregateInput;
  /** For kind 'user': index of the UserAggregate among the functions of the node. */
  readonly user: number | null;
  /** For kind 'quantile': 0 to 1. */
  readonly quantile: number | null;
};

/** What a keyed aggregation over windows of some kind is made from. */
export type AggregationOptions<Window> = {
  readonly key: KeySpec;
  readonly window: Window;
  readonly aggregates: readonly AggregateSpec[];
  /** Of the records that are aggregated, also where partial results of them come in. */
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then what aggregates refer to. */
  readonly functions: readonly object[];
};

/**
 * An aggregate of the user. `add` and `merge` may change their first argument and return it; `merge` must neither
 * change nor return its second, which belongs to a pane that later windows still need. An accumulator that is plain data may
 * come back as another object with the same fields: from another thread, from a snapshot, or from columns (number-shape.ts).
 * `result` may return the accumulator: a window that goes on emits a copy of it, but for an instance of a class. A part of the
 * accumulator that `add` changes has to be copied by `result`.
 *
 *   const product = { create: () => 1, add: (acc, row) => acc * row.n, merge: (a, b) => a * b, result: (acc) => acc };
 */
export interface UserAggregate<Row, Accumulator, Result> {
  create(): Accumulator;
  add(accumulator: Accumulator, row: Row): Accumulator;
  merge(a: Accumulator, b: Accumulator): Accumulator;
  result(accumulator: Accumulator): Result;
  /** The accumulator as plain data, for snapshots and other threads; left out where it is plain. */
  pack?(accumulator: Accumulator): unknown;
  /** The accumulator again from what `pack` gave. */
  unpack?(packed: unknown): Accumulator;
}
