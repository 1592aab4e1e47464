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
 * both have in common is here: the value of each key, its snapshot, and how results become batches.
 */
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { DynamicColumn } from '../data/column.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { type KeyFunction, KeyReader, type KeySpec } from '../data/key.ts';
import { type Field, fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
import { KeySlots } from '../state/key-slots.ts';
import { ImmediateOperator } from './immediate-operator.ts';
import { KeyedState } from './keyed-state.ts';
import type { OperatorContext, Output } from './operator.ts';

export type RollingSpec =
  | { readonly kind: 'reduce' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'minBy' | 'maxBy'; readonly field: string };

/** (value so far, record) => new value. */
export type ReduceFunction = (value: unknown, row: unknown) => unknown;

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

/** No value yet: the user's may be undefined. */
export const NONE = Symbol('no value');

/** What a way to carry it out needs of the base. */
export type RollingWay = {
  /** Whether a value may be changed: nobody has seen it, and the first of a key is a copy. */
  readonly changesValues: boolean;
  /** What a snapshot keeps of a key behind its value. */
  readonly kept: readonly Field[];
};

export abstract class RollingOperator extends ImmediateOperator {
  protected readonly keySlots: KeySlots;
  /** By slot. */
  protected readonly values: unknown[] = [];
  protected slots = new Int32Array(0);
  protected readonly join: ReduceFunction;
  protected readonly state: KeyedState;
  readonly #keys: KeyReader;
  readonly #fieldSource: string | null;
  readonly #builder: BatchBuilder | null;

  constructor({ key, rolling, inputSchema, functions }: RollingOptions, way: RollingWay) {
    super();
    const isByFunction = key.kind === 'function';
    this.#keys = new KeyReader(
      key,
      inputSchema,
      isByFunction ? (functions[0] as KeyFunction) : null,
    );
    this.keySlots = new KeySlots(this.#keys.isInt);
    this.#fieldSource =
      rolling.kind === 'reduce' ? null : fieldSource(rolling.kind, rolling.field, way);
    this.join =
      this.#fieldSource === null
        ? (functions[isByFunction ? 1 : 0] as ReduceFunction)
        : (new Function(this.#fieldSource)() as ReduceFunction);
    const kept = rolling.kind === 'reduce' ? 'reduce' : `${rolling.kind} ${rolling.field}`;
    this.state = new KeyedState('values', key, inputSchema, [
      { name: `#${kept}`, kind: 'dynamic', nullable: false },
      ...way.kept,
    ]);
    const schema = rollingSchema(rolling, inputSchema);
    this.#builder = schema === null ? null : new BatchBuilder(schema);
  }

  override open(context: OperatorContext, output: Output): void {
    super.open(context, output);
    this.state.open(context);
    this.state.restore(context.restored, this.#keys, this.keySlots, (batch, slots) =>
      this.load(batch, slots),
    );
  }

  /** Takes what a snapshot has kept. */
  protected load(batch: Batch, slots: Int32Array): void {
    const { values } = batch.columns[this.state.keyCount] as DynamicColumn;
    for (let i = 0; i < batch.rowCount; i++) this.values[slots[i]!] = values[i];
  }

  /** Appends what is kept of slots from to to - 1, for a snapshot. */
  protected save(builder: BatchBuilder, from: number, to: number): void {
    const { values } = builder.dynamic(this.state.keyCount);
    const at = builder.rowCount;
    for (let slot = from; slot < to; slot++) values[at + slot - from] = this.values[slot];
  }

  override processBarrier(checkpoint: number): void {
    const writer = this.context.snapshot(checkpoint);
    this.state.capture(this.keySlots, writer, (builder, from, to) => this.save(builder, from, to));
    this.output.barrier(checkpoint);
  }

  /** The slots of the rows of a batch, whose values are about to change. */
  protected readSlots(batch: Batch): void {
    const { rowCount } = batch;
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw this.errorAt(error, this.#keys.failedRow);
    }
    if (this.slots.length < rowCount) this.slots = new Int32Array(rowCount);
    this.keySlots.slotsOf(this.#keys, 0, rowCount, this.slots);
    while (this.values.length < this.keySlots.count) this.values.push(NONE);
    this.state.beforeWrite(this.slots, 0, rowCount, this.keySlots.count);
  }

  /** `errorAt` makes the error for a result that its schema does not take. */
  protected emit(
    rows: unknown[],
    timestamps: Float64Array | null,
    errorAt: (error: unknown, row: number) => Error,
  ): void {
    const rowCount = rows.length;
    this.context.metrics.recordsOut += rowCount;
    const builder = this.#builder;
    if (builder === null) {
      this.output.emit(new Batch({ rowCount, schema: null, rows, timestamps }));
      return;
    }
    for (let i = 0; i < rowCount; ) {
      try {
        for (; i < rowCount && !builder.isFull; i++) builder.appendRow(rows[i], timestamps?.[i]);
      } catch (error) {
        throw errorAt(error, i);
      }
      this.output.emit(builder.seal());
      builder.reset();
    }
  }

  /** Those of the way, and what all have. */
  protected loopsBeside(plainSource: string): readonly GeneratedLoop[] {
    const source = this.#fieldSource;
    return [
      { title: 'each record joined to what its key has', source: plainSource },
      ...(source === null ? [] : [{ title: 'a record joined to a value', source }]),
      ...this.#keys.generatedLoops('reading'),
    ];
  }
}

/** Source of the function of sum, min, max, minBy or maxBy over a field. */
function fieldSource(
  kind: Exclude<RollingSpec['kind'], 'reduce'>,
  field: string,
  { changesValues }: RollingWay,
): string {
  const name = JSON.stringify(field);
  const isBetter = kind === 'min' || kind === 'minBy' ? 'next < old' : 'next > old';
  const keepsRow = kind === 'minBy' || kind === 'maxBy';
  const put = (next: string): string => {
    if (keepsRow) return 'row';
    return changesValues ? `(value[${name}] = ${next}, value)` : `{ ...value, [${name}]: ${next} }`;
  };
  return `'use strict';
return (value, row) => {
const old = value[${name}], next = row[${name}];
if (next === null || next === undefined) return value;
if (old === null || old === undefined) return ${put('next')};
return ${kind === 'sum' ? put('old + next') : `${isBetter} ? ${put('next')} : value`};
};
//# sourceURL=millrace-generated:rolling-field`;
}
