/**
 * Rolling aggregation of a keyed stream: each record is joined to what its key has so far, and the result is emitted at
 * the record's time.
 *
 *   reduce  a function of the user makes the new value from the old one and the record
 *   sum     the field is added up               min, max      the field is the least, greatest so far
 *           (both keep the other fields of the key's first record)
 *   minBy, maxBy   the whole record with the least, greatest field; the first of equals
 *
 * A null or undefined field changes nothing. The first record of a key is emitted as it is.
 *
 * A stream has one result for each record (rolling-stream.ts); in batch each key has one, its last (rolling-batch.ts). What
 * both have in common is in rolling-operator.ts: the slots of keys, and the snapshot. What keys have so far is columns where
 * results have a schema (rolling-columns.ts), else rows (rolling-rows.ts); of reduce it is columns as long as results have the
 * fields of the records (rolling-reduce.ts). The contract of all is here.
 */
import type { Batch } from '../data/batch.ts';
import type { BatchBuilder } from '../data/batch-builder.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { KeySpec } from '../data/key.ts';
import { type Field, fieldIndex, type Schema, schemaOf } from '../data/schema.ts';

export type FieldRolling = {
  readonly kind: 'sum' | 'min' | 'max' | 'minBy' | 'maxBy';
  readonly field: string;
};

export type RollingSpec = { readonly kind: 'reduce' } | FieldRolling;

/** (value so far, record) => new value. */
export type ReduceFunction = (value: unknown, row: unknown) => unknown;

/** A result that is no row of the columns in which reduce keeps values; slots from `known` on have no value yet. */
export type Misfit = { readonly row: number; readonly value: unknown; readonly known: number };

/** Reduces rows with a schema, whose results have the same fields, in columns by slot. */
export interface ColumnReduce {
  /** As of RollingValues, up to the first result that does not fit; what is behind its row is left undone. */
  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): Misfit | null;
  generatedLoops(): readonly GeneratedLoop[];
}

/** Fields of the rows behind a rolling aggregation; null for free-form rows. */
export function rollingSchema(spec: RollingSpec, schema: Schema | null): Schema | null {
  if (spec.kind === 'reduce' || schema === null) return null;
  const summed = fieldIndex(schema, spec.field, spec.kind);
  if (spec.kind !== 'sum' || schema.fields[summed]!.kind !== 'int32') return schema;
  // A sum of int32 soon leaves their range.
  return schemaOf(
    schema.fields.map((field, f) => (f === summed ? { ...field, kind: 'float64' } : field)),
  );
}

export type RollingOptions = {
  readonly key: KeySpec;
  readonly rolling: RollingSpec;
  readonly inputSchema: Schema | null;
  /** Of the node: key function first, if there is one; then that of reduce. */
  readonly functions: readonly object[];
};

/** Where results go, and errors come from. */
export type RollingTarget = {
  emit(batch: Batch): void;
  /** The error for what was thrown at a row of the batch that is being processed; null when it was at no row. */
  errorAt(thrown: unknown, row: number | null): Error;
};

/** What keys have so far, by slot. */
export interface RollingValues {
  /** What a snapshot keeps of a key. */
  readonly kept: readonly Field[];
  /** Joins the records of a batch, whose keys have these slots: those from `known` to `slotCount` - 1 are new. */
  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): void;
  /** The results of slots from to to - 1, at these times from 0 on. */
  emit(from: number, to: number, times: Float64Array | null): void;
  /** Appends what is kept of these slots, from this column on; `advance` is the caller's. */
  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void;
  /** Takes what a snapshot has kept. */
  load(batch: Batch, firstColumn: number, slots: Int32Array, slotCount: number): void;
  generatedLoops(): readonly GeneratedLoop[];
}
