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
 */
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { BatchLoops, type RowSource } from '../data/batch-loops.ts';
import type { DynamicColumn } from '../data/column.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { type KeyFunction, KeyReader, type KeySpec } from '../data/key.ts';
import { fieldIndex, type Schema, schemaOf } from '../data/schema.ts';
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

/** values[slots[i]] becomes the joined value of row i, and rows[i] too; `place.i` is the row it is at. */
type RollingLoop = (
  batch: Batch,
  slots: Int32Array,
  values: unknown[],
  rows: unknown[],
  place: { i: number },
) => void;

/** No value yet: the user's may be undefined. */
const NONE = Symbol('no value');

export class RollingOperator extends ImmediateOperator {
  readonly #keys: KeyReader;
  readonly #keySlots: KeySlots;
  readonly #loops: BatchLoops<RollingLoop>;
  readonly #fieldSource: string | null;
  readonly #builder: BatchBuilder | null;
  readonly #values: unknown[] = [];
  readonly #state: KeyedState;
  #slots = new Int32Array(0);
  readonly #place = { i: 0 };

  constructor(options: RollingOptions) {
    super();
    const { key, rolling, inputSchema, functions } = options;
    const isByFunction = key.kind === 'function';
    this.#keys = new KeyReader(
      key,
      inputSchema,
      isByFunction ? (functions[0] as KeyFunction) : null,
    );
    this.#keySlots = new KeySlots(this.#keys.isInt);
    this.#fieldSource = rolling.kind === 'reduce' ? null : fieldSource(rolling.kind, rolling.field);
    const join =
      this.#fieldSource === null
        ? (functions[isByFunction ? 1 : 0] as ReduceFunction)
        : (new Function(this.#fieldSource)() as ReduceFunction);
    this.#loops = new BatchLoops(
      inputSchema,
      loopSource,
      (source) => new Function('join', 'NONE', source)(join, NONE) as RollingLoop,
    );
    const kept = rolling.kind === 'reduce' ? 'reduce' : `${rolling.kind} ${rolling.field}`;
    this.#state = new KeyedState('values', key, inputSchema, [
      { name: `#${kept}`, kind: 'dynamic', nullable: false },
    ]);
    const schema = rollingSchema(rolling, inputSchema);
    this.#builder = schema === null ? null : new BatchBuilder(schema);
  }

  override open(context: OperatorContext, output: Output): void {
    super.open(context, output);
    this.#state.open(context);
    this.#state.restore(context.restored, this.#keys, this.#keySlots, (batch, slots) => {
      const { values } = batch.columns.at(-1) as DynamicColumn;
      for (let i = 0; i < batch.rowCount; i++) this.#values[slots[i]!] = values[i];
    });
  }

  override processBarrier(checkpoint: number): void {
    const writer = this.context.snapshot(checkpoint);
    this.#state.capture(this.#keySlots, writer, (builder, from, to) => {
      const { values } = builder.dynamic(this.#state.keyCount);
      const at = builder.rowCount;
      for (let slot = from; slot < to; slot++) values[at + slot - from] = this.#values[slot];
    });
    this.output.barrier(checkpoint);
  }

  processBatch(batch: Batch): void {
    const { rowCount } = batch;
    this.#readSlots(batch);
    const rows = new Array<unknown>(rowCount);
    try {
      this.#loops.for(batch)(batch, this.#slots, this.#values, rows, this.#place);
    } catch (error) {
      throw this.errorAt(error, this.#place.i);
    }
    this.context.metrics.recordsOut += rowCount;
    this.#emit(rows, batch.timestamps);
    this.context.metrics.recordsIn += rowCount;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const source = this.#fieldSource;
    return [
      { title: 'each record joined to what its key has', source: this.#loops.plainSource },
      ...(source === null ? [] : [{ title: 'a record joined to a value', source }]),
      ...this.#keys.generatedLoops('reading'),
    ];
  }

  #readSlots(batch: Batch): void {
    const { rowCount } = batch;
    try {
      this.#keys.read(batch);
    } catch (error) {
      throw this.errorAt(error, this.#keys.failedRow);
    }
    if (this.#slots.length < rowCount) this.#slots = new Int32Array(rowCount);
    this.#keySlots.slotsOf(this.#keys, 0, rowCount, this.#slots);
    while (this.#values.length < this.#keySlots.count) this.#values.push(NONE);
    this.#state.beforeWrite(this.#slots, 0, rowCount, this.#keySlots.count);
  }

  #emit(rows: unknown[], timestamps: Float64Array | null): void {
    const rowCount = rows.length;
    const builder = this.#builder;
    if (builder === null) {
      const times = timestamps?.slice(0, rowCount) ?? null;
      this.output.emit(new Batch({ rowCount, schema: null, rows, timestamps: times }));
      return;
    }
    for (let i = 0; i < rowCount; ) {
      i = this.#append(builder, rows, timestamps, i);
      this.output.emit(builder.seal());
      builder.reset();
    }
  }

  /** Appends rows from `from` on until the builder is full; the first that is left. A sum of int64 may leave their range. */
  #append(
    builder: BatchBuilder,
    rows: readonly unknown[],
    timestamps: Float64Array | null,
    from: number,
  ): number {
    let i = from;
    try {
      for (; i < rows.length && !builder.isFull; i++) builder.appendRow(rows[i], timestamps?.[i]);
    } catch (error) {
      throw this.errorAt(error, i);
    }
    return i;
  }
}

function loopSource({ prelude, row }: RowSource): string {
  return `'use strict';
return function (batch, slots, values, joined, place) {
${prelude}const { rowCount } = batch;
let i = 0;
try {
for (; i < rowCount; i++) {
const slot = slots[i];
const value = values[slot];
joined[i] = values[slot] = value === NONE ? ${row} : join(value, ${row});
}
} finally { place.i = i; }
};
//# sourceURL=millrace-generated:rolling`;
}

/** Source of the function of sum, min, max, minBy or maxBy over a field. */
function fieldSource(kind: Exclude<RollingSpec['kind'], 'reduce'>, field: string): string {
  const name = JSON.stringify(field);
  const bySum = kind === 'sum';
  const isBetter = kind === 'min' || kind === 'minBy' ? 'next < old' : 'next > old';
  const keepsRow = kind === 'minBy' || kind === 'maxBy';
  const taken = keepsRow ? 'row' : `{ ...value, [${name}]: ${bySum ? 'old + next' : 'next'} }`;
  return `'use strict';
return (value, row) => {
const old = value[${name}], next = row[${name}];
if (next === null || next === undefined) return value;
if (old === null || old === undefined) return ${keepsRow ? 'row' : `{ ...value, [${name}]: next }`};
return ${bySum ? taken : `${isBetter} ? ${taken} : value`};
};
//# sourceURL=millrace-generated:rolling-field`;
}
