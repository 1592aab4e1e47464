/**
 * Rolling aggregations whose results have a schema: what keys have is columns by slot, and the columns of results are written
 * by one generated loop. No row is an object.
 */
import { makerOf } from '../base/generated-code.ts';
import { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { Column } from '../data/column.ts';
import { sliceColumn } from '../data/copy.ts';
import { fieldTypeError } from '../data/field-check.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import type { KeySpec } from '../data/key.ts';
import type { Field, FieldKind, Schema } from '../data/schema.ts';
import { SlotColumns } from '../state/slot-columns.ts';
import {
  type FieldRolling,
  type RollingTarget,
  type RollingValues,
  rollingSchema,
} from './rolling.ts';
import { type RollingLoop, type RollingPlace, rollingLoopSource } from './rolling-codegen.ts';
import { mixedSumError } from './window/aggregate-errors.ts';

export type ColumnOptions = {
  readonly key: KeySpec;
  readonly rolling: FieldRolling;
  readonly inputSchema: Schema;
};

/** Equal keys of these kinds are the same value: of numbers, 0 and -0 are not. */
const EXACT_KINDS: readonly FieldKind[] = ['int32', 'int64', 'boolean', 'string'];

export class ColumnValues implements RollingValues {
  readonly kept: readonly Field[];
  readonly #target: RollingTarget;
  readonly #emitsEach: boolean;
  readonly #columns: SlotColumns;
  /** By field: whether results have the column of their records. */
  readonly #passes: readonly boolean[];
  readonly #source: string;
  readonly #loop: RollingLoop;
  readonly #place: RollingPlace = { row: 0, known: 0, ahead: 0 };
  readonly #results: BatchBuilder;
  #nothing = new Uint8Array(0);

  constructor(
    { key, rolling, inputSchema }: ColumnOptions,
    target: RollingTarget,
    emitsEach: boolean,
  ) {
    this.#target = target;
    this.#emitsEach = emitsEach;
    const schema = rollingSchema(rolling, inputSchema)!;
    this.#results = new BatchBuilder(schema);
    this.#passes = schema.fields.map(
      ({ name, kind }) =>
        emitsEach &&
        name !== rolling.field &&
        EXACT_KINDS.includes(kind) &&
        key.kind === 'fields' &&
        key.fields.includes(name),
    );
    const fields = emitsEach
      ? schema.fields
      : schema.fields.map((field) => untilEnd(field, rolling));
    const kept = fields.filter((_, f) => !this.#passes[f]);
    this.#columns = new SlotColumns(kept, rolling.field);
    this.kept = kept.map((field) => ({
      ...field,
      name:
        field.name === rolling.field ? `#${rolling.kind} ${field.name}` : `#field ${field.name}`,
    }));
    this.#source = rollingLoopSource({
      rolling,
      fields,
      columnOf: fields.map((field) => kept.indexOf(field)),
      columns: this.#columns.columns,
      emitsEach,
    });
    const field = schema.fields.find(({ name }) => name === rolling.field)!;
    const misfit = (value: unknown): Error => fieldTypeError(field, value);
    const mixed = (sum: unknown, value: unknown): Error =>
      mixedSumError(`field '${field.name}'`, sum, value);
    this.#loop = makerOf(['misfit', 'mixed'], this.#source)(misfit, mixed) as RollingLoop;
  }

  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): void {
    const { rowCount } = batch;
    this.#columns.reserve(slotCount);
    if (this.#nothing.length < rowCount) this.#nothing = new Uint8Array(rowCount);
    const place = this.#place;
    place.row = 0;
    place.known = known;
    while (place.row < rowCount) {
      const from = place.row;
      this.#joinFrom(batch, slots, rowCount);
      if (this.#emitsEach)
        emitJoined(this.#results, batch, from, place.row, this.#passes, this.#target);
    }
  }

  #joinFrom(batch: Batch, slots: Int32Array, rowCount: number): void {
    const place = this.#place;
    const results = this.#results;
    const to = this.#emitsEach ? Math.min(rowCount, place.row + results.capacity) : rowCount;
    try {
      this.#loop(batch, slots, to, this.#columns.columns, this.#nothing, results, place);
    } catch (error) {
      throw this.#target.errorAt(error, place.row);
    }
  }

  emit(from: number, to: number, times: Float64Array | null): void {
    emitSlots(this.#columns, this.#results, from, to, times, this.#target);
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    this.#columns.appendSlots(builder, firstColumn, slots);
  }

  load(batch: Batch, firstColumn: number, slots: Int32Array, slotCount: number): void {
    this.#columns.reserve(slotCount);
    this.#columns.load(batch, firstColumn, slots);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [{ title: 'each record joined to what its key has', source: this.#source }];
  }
}

/**
 * Emits the results of rows from to to - 1 of a batch, which are in `results` but for columns that `passes` says are those of
 * the batch.
 */
export function emitJoined(
  results: BatchBuilder,
  batch: Batch,
  from: number,
  to: number,
  passes: readonly boolean[],
  target: RollingTarget,
): void {
  results.advance(to - from);
  const { schema, columns } = results.seal();
  const isWhole = from === 0 && to === batch.rowCount;
  const passed = (f: number): Column =>
    isWhole ? batch.columns[f]! : sliceColumn(batch.columns[f]!, from, to);
  target.emit(
    new Batch({
      rowCount: to - from,
      schema,
      columns: columns.map((column, f) => (passes[f] ? passed(f) : column)),
      timestamps: batch.timestamps?.subarray(from, to) ?? null,
      isTransient: true,
    }),
  );
  results.reset();
}

/** The values of slots from to to - 1 are results, at these times from 0 on. */
export function emitSlots(
  columns: SlotColumns,
  results: BatchBuilder,
  from: number,
  to: number,
  times: Float64Array | null,
  target: RollingTarget,
): void {
  const step = columns.hasObjects ? 1 : results.capacity;
  for (let slot = from; slot < to; ) {
    const start = slot;
    while (slot < to && !results.isFull) {
      const end = Math.min(to, slot + step);
      try {
        columns.append(results, 0, slot, end);
      } catch (error) {
        throw target.errorAt(error, null);
      }
      results.advance(end - slot);
      slot = end;
    }
    if (times !== null) results.timestamps().set(times.subarray(start - from, slot - from));
    target.emit(results.seal());
    results.reset();
  }
}

/** A sum of int64 may leave their range and come back before anybody sees it. */
function untilEnd(field: Field, { kind, field: name }: FieldRolling): Field {
  if (kind !== 'sum' || field.name !== name || field.kind !== 'int64') return field;
  return { ...field, kind: 'dynamic' };
}
