/**
 * Reduce over rows with a schema. Values are columns by slot where the function picks one of its rows (rolling-picks.ts), or
 * rows have no texts (rolling-typed.ts). With the first value that is no row of these columns all become objects, for good,
 * as those of other functions are (rolling-rows.ts). A snapshot has objects in any case, so that another function can go on
 * from it.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { DynamicColumn } from '../data/column.ts';
import { sliceBatch } from '../data/copy.ts';
import { fitsField } from '../data/field-check.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { fieldsToPick } from '../data/picked-row.ts';
import type { Field, Schema } from '../data/schema.ts';
import { type KeyField, SlotColumns } from '../state/slot-columns.ts';
import type {
  ColumnReduce,
  Misfit,
  ReduceFunction,
  RollingOptions,
  RollingTarget,
  RollingValues,
} from './rolling.ts';
import { emitSlots } from './rolling-columns.ts';
import { PickingReduce } from './rolling-picks.ts';
import { RowValues } from './rolling-rows.ts';
import { handsOnKey, hasTypedValues, TypedReduce } from './rolling-typed.ts';

/** Values while they are columns. */
type InColumns = {
  readonly schema: Schema;
  readonly columns: SlotColumns;
  readonly reduce: ColumnReduce;
};

export class ReduceValues implements RollingValues {
  readonly kept: readonly Field[];
  readonly #target: RollingTarget;
  readonly #emitsEach: boolean;
  readonly #objects: RowValues;
  /** Null when values are objects. */
  #inColumns: InColumns | null;
  #results: BatchBuilder | null = null;
  /** Rows of the batch that were joined before it came to `#objects`. */
  #rowsBefore = 0;

  /** `intKey`: the field of records that is their key; -1 for another key. */
  constructor(
    options: RollingOptions,
    target: RollingTarget,
    emitsEach: boolean,
    intKey: KeyField,
  ) {
    this.#target = target;
    this.#emitsEach = emitsEach;
    const ofObjects: RollingTarget = {
      emit: (batch) => target.emit(batch),
      errorAt: (thrown, row) =>
        target.errorAt(thrown, row === null ? null : row + this.#rowsBefore),
    };
    this.#objects = new RowValues(options, ofObjects, emitsEach);
    this.kept = this.#objects.kept;
    this.#inColumns = inColumns(options, target, emitsEach, intKey);
  }

  join(batch: Batch, slots: Int32Array, known: number, slotCount: number): void {
    const misfit = this.#inColumns?.reduce.join(batch, slots, known, slotCount);
    if (misfit === null) return;
    if (misfit === undefined) this.#objects.join(batch, slots, known, slotCount);
    else this.#joinRest(batch, slots, misfit, slotCount);
  }

  /** Goes on with the result that is no row of the columns, and the rows behind. */
  #joinRest(batch: Batch, slots: Int32Array, misfit: Misfit, slotCount: number): void {
    const { row, value, known } = misfit;
    const { rowCount, timestamps } = batch;
    const slot = slots[row]!;
    this.#leaveColumns(known);
    this.#objects.put(slot, [value]);
    if (this.#emitsEach) {
      this.#objects.emit(slot, slot + 1, timestamps?.slice(row, row + 1) ?? null);
    }
    const next = row + 1;
    if (next === rowCount) return;
    this.#rowsBefore = next;
    const rest = sliceBatch(batch, next, rowCount);
    this.#objects.join(rest, slots.subarray(next, rowCount), known, slotCount);
    this.#rowsBefore = 0;
  }

  /** The values of the first slots become objects. */
  #leaveColumns(slotCount: number): void {
    for (let from = 0; from < slotCount; from += BATCH_ROWS) {
      const to = Math.min(slotCount, from + BATCH_ROWS);
      this.#objects.put(from, rowsOf(this.#inColumns!, from, to));
    }
    this.#inColumns = null;
  }

  emit(from: number, to: number, times: Float64Array | null): void {
    if (this.#inColumns === null) {
      this.#objects.emit(from, to, times);
      return;
    }
    const { columns, schema } = this.#inColumns;
    this.#results ??= new BatchBuilder(schema);
    emitSlots(columns, this.#results, from, to, times, this.#target);
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    if (this.#inColumns === null) {
      this.#objects.save(builder, firstColumn, slots);
      return;
    }
    const { columns, schema } = this.#inColumns;
    const rows = builder.objects(firstColumn, schema);
    columns.appendSlots(rows, 0, slots);
    rows.advance(slots.length);
  }

  load(batch: Batch, firstColumn: number, slots: Int32Array, slotCount: number): void {
    const { values } = batch.columns[firstColumn] as DynamicColumn;
    const { rowCount } = batch;
    const into = this.#inColumns;
    if (into !== null && !areKept(values, slots, rowCount, into)) {
      this.#leaveColumns(slotCount - rowCount);
    }
    if (this.#inColumns === null) {
      this.#objects.load(batch, firstColumn, slots, slotCount);
      return;
    }
    const { columns, schema } = this.#inColumns;
    const rows = new BatchBuilder(schema, rowCount);
    for (let i = 0; i < rowCount; i++) rows.appendRow(values[i]);
    columns.reserve(slotCount);
    columns.load(rows.seal(), 0, slots);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return (this.#inColumns?.reduce ?? this.#objects).generatedLoops();
  }
}

/** Null where values are objects from the beginning. */
function inColumns(
  { key, inputSchema: schema, functions }: RollingOptions,
  target: RollingTarget,
  emitsEach: boolean,
  intKey: KeyField,
): InColumns | null {
  if (schema === null) return null;
  const join = functions[key.kind === 'function' ? 1 : 0] as ReduceFunction;
  const reads = fieldsToPick(join, schema);
  if (reads !== null) {
    const columns = new SlotColumns(schema.fields);
    const reduce = new PickingReduce(join, reads, schema, columns, target, emitsEach);
    return { schema, columns, reduce };
  }
  if (!hasTypedValues(schema)) return null;
  const isHandedOn = handsOnKey(join, schema, intKey.field);
  const columns = new SlotColumns(schema.fields, null, isHandedOn ? intKey : null);
  const reduce = new TypedReduce(join, schema, columns, target, emitsEach);
  return { schema, columns, reduce };
}

/** The values of slots from to to - 1, of at most a batch. */
function rowsOf({ schema, columns }: InColumns, from: number, to: number): readonly unknown[] {
  const builder = new BatchBuilder(schema, to - from);
  columns.append(builder, 0, from, to);
  builder.advance(to - from);
  return builder.seal().rowObjects();
}

/** Whether the columns can have the values of these slots. */
function areKept(
  values: readonly unknown[],
  slots: Int32Array,
  count: number,
  { schema, columns }: InColumns,
): boolean {
  if (!areRows(values, count, schema)) return false;
  const { key } = columns;
  if (key === null) return true;
  const { name } = schema.fields[key.field]!;
  const { ints } = key.keys;
  // Another function may have made them.
  for (let i = 0; i < count; i++) {
    if ((values[i] as Readonly<Record<string, unknown>>)[name] !== ints[slots[i]!]) return false;
  }
  return true;
}

/** Whether values have the fields of a schema and no others. */
function areRows(values: readonly unknown[], count: number, { fields }: Schema): boolean {
  for (let i = 0; i < count; i++) {
    const value = values[i] as Readonly<Record<string, unknown>> | null;
    if (typeof value !== 'object' || value === null || value.constructor !== Object) return false;
    if (Object.keys(value).length !== fields.length) return false;
    for (const field of fields) {
      if (!Object.hasOwn(value, field.name) || !fitsField(field, value[field.name])) return false;
    }
  }
  return true;
}
