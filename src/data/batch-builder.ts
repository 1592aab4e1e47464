/**
 * Collects rows into a batch: by row objects, by selecting rows of other batches, or by filling columns.
 *
 *   append... → seal → (the batch is read) → reset → append...
 *
 * A sealed batch shares the builder's memory (it is transient) until `reset`. A builder with a schema holds
 * columns; without one it holds row objects. String columns that come from one dictionary keep it: then only
 * codes are copied.
 */
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch } from './batch.ts';
import { BatchWeight, isSample } from './batch-weight.ts';
import {
  type Column,
  DynamicColumn,
  FixedColumn,
  NULL,
  PRESENT,
  type StringColumn,
} from './column.ts';
import { fieldTypeError } from './field-check.ts';
import { freeFormSchema } from './free-form.ts';
import { gatherFixed } from './gather.ts';
import { type AppendRow, rowAppender } from './row-appender.ts';
import type { Field, Schema } from './schema.ts';
import { StringBuilder } from './string-builder.ts';

/** Event times that there is room for at first, where the memory is not used again. */
const FEW_TIMES = 16;

type ColumnBuilder = FixedColumn | DynamicColumn | StringBuilder;

/**
 * Builds batches again and again in the same memory, row by row, or by filling columns:
 *
 *   const builder = new BatchBuilder(record({ word: t.string, length: t.int32, note: t.nullable(t.float64), tags: t.dynamic() }));
 *   builder.appendRow({ word: 'to', length: 2, note: null, tags: [] }, 10);
 *   const row = builder.rowCount;
 *   builder.strings(0).append('be');
 *   builder.fixed(1).values[row] = 2;
 *   builder.float64(2)[row] = 0.5;
 *   builder.dynamic(3).values[row] = ['verb'];
 *   builder.timestamps()[row] = 20;
 *   builder.setNull(2, row);
 *   builder.advance(1);
 *   builder.seal().rowObjects();
 *   builder.reset();
 */
export class BatchBuilder {
  readonly schema: Schema | null;
  readonly capacity: number;
  rowCount = 0;
  /** Of the rows so far. */
  readonly weight = new BatchWeight();
  readonly #columns: readonly ColumnBuilder[];
  /** By dynamic column: its values, where they are filled as columns. */
  readonly #objects: { readonly schema: Schema; readonly builder: BatchBuilder }[] = [];
  #rows: unknown[] = [];
  #timestamps: Float64Array | null = null;
  #keyHashes: Int32Array | null = null;
  #hasKeyHashes = false;
  #appender: AppendRow | null = null;
  /** Most rows that there were before some were taken back. */
  #takenBack = 0;

  constructor(schema: Schema | null, capacity: number = BATCH_ROWS) {
    this.schema = schema;
    this.capacity = capacity;
    this.#columns =
      schema === null ? [] : schema.fields.map((field) => columnFor(field, capacity, this.weight));
  }

  /** Whether it has as many rows as it can, or as many bytes as a batch should; then seal. */
  get isFull(): boolean {
    return this.rowCount === this.capacity || (this.weight.isHeavy && this.rowCount > 0);
  }

  /** Bytes of all entries of string columns. */
  get stringBytes(): number {
    let bytes = 0;
    for (const column of this.#columns) if (column.kind === 'string') bytes += column.byteLength;
    return bytes;
  }

  /** The typed array of a fixed column, to be filled from `rowCount` on; then call `advance`. */
  fixed(column: number): FixedColumn {
    return this.#columns[column] as FixedColumn;
  }

  /** The same for a float64, timestamp or date column. */
  float64(column: number): Float64Array {
    return this.fixed(column).values as Float64Array;
  }

  /** The builder of a string column, for appending one entry a row; then call `advance`. */
  strings(column: number): StringBuilder {
    return this.#columns[column] as StringBuilder;
  }

  dynamic(column: number): DynamicColumn {
    return this.#columns[column] as DynamicColumn;
  }

  /**
   * A builder for the values of a dynamic column that are objects with these fields, a row of it for each row of this one:
   * `new BatchBuilder(record({ at: t.dynamic() })).objects(0, record({ x: t.float64 })).appendRow({ x: 1 })`.
   * They are written as columns, without objects on the way; any field may be null.
   */
  objects(column: number, schema: Schema): BatchBuilder {
    const known = this.#objects[column];
    if (known === undefined) {
      const fields = schema.fields.map((field) => ({ ...field, nullable: true }));
      const builder = new BatchBuilder(freeFormSchema(fields, 'fields'), this.capacity);
      this.#objects[column] = { schema, builder };
      return builder;
    }
    assert(known.schema === schema, 'the same objects in all rows');
    return known.builder;
  }

  /** Marks the value of a row as null, in a column whose values are filled directly. */
  setNull(column: number, row: number): void {
    this.setAbsent(column, row, NULL);
  }

  /** The same for any kind of absence: NULL, UNDEFINED, MISSING. */
  setAbsent(column: number, row: number, absence: number): void {
    const builder = this.#columns[column]!;
    builder.absent ??= new Uint8Array(this.capacity);
    builder.absent[row] = absence;
  }

  /** Event times to be filled from `rowCount` on. */
  timestamps(): Float64Array {
    return this.#timesOf(this.capacity);
  }

  /** Event times with room for so many rows: without a schema each batch keeps its own, and one of few rows has few. */
  #timesOf(rows: number): Float64Array {
    const times = this.#timestamps;
    if (times !== null && times.length >= rows) return times;
    const wanted = Math.max(FEW_TIMES, rows, 4 * (times?.length ?? 0));
    const room = this.schema === null ? Math.min(this.capacity, wanted) : this.capacity;
    const grown = new Float64Array(room).fill(Number.NaN, times?.length ?? 0);
    if (times !== null) grown.set(times);
    this.#timestamps = grown;
    return grown;
  }

  /** Key hashes to be filled from `rowCount` on. */
  keyHashes(): Int32Array {
    this.#keyHashes ??= new Int32Array(this.capacity);
    this.#hasKeyHashes = true;
    return this.#keyHashes;
  }

  /** Counts rows whose columns have been filled. */
  advance(rows: number): void {
    this.rowCount += rows;
    assert(this.rowCount <= this.capacity, 'builder overfilled');
  }

  /** Appends a row object; a field of the wrong type is an EngineError that names it. */
  appendRow(row: unknown, timestamp: number = Number.NaN): void {
    const at = this.rowCount;
    assert(at < this.capacity, 'builder overfilled');
    if (this.schema === null) this.#rows.push(row);
    else this.#appendFields(row, at);
    if (this.#timestamps !== null || !Number.isNaN(timestamp)) {
      this.#timesOf(at + 1)[at] = timestamp;
    }
    this.rowCount = at + 1;
  }

  /** A row that does not fit leaves nothing behind. */
  #appendFields(row: unknown, at: number): void {
    if (row === undefined || row === null) {
      throw new EngineError('FIELD_TYPE', `the row is ${row}`);
    }
    this.#appender ??= rowAppender(this.schema!, this);
    const misfit = this.#appender(row, at);
    if (misfit < 0) return;
    this.abandonRow(at);
    const field = this.schema!.fields[misfit]!;
    throw fieldTypeError(field, (row as Readonly<Record<string, unknown>>)[field.name]);
  }

  /** Takes back all rows from `at` on. */
  truncate(at: number): void {
    for (let row = this.rowCount; row >= at; row--) this.abandonRow(row);
    this.#takenBack = Math.max(this.#takenBack, this.rowCount);
    this.#rows.length = Math.min(this.#rows.length, at);
    this.rowCount = at;
  }

  /** Takes back what some columns hold already of a row that will not be counted. */
  abandonRow(at: number): void {
    for (const column of this.#columns) {
      if (column.kind === 'string') column.truncate(at);
      if (column.absent !== null) column.absent[at] = PRESENT;
    }
  }

  /**
   * Appends rows selection[from] to selection[to - 1] of a batch of the same schema. False, with nothing
   * appended, when a string dictionary of the batch does not fit what the builder holds: seal first.
   */
  appendSelected(batch: Batch, selection: Int32Array, from: number, to: number): boolean {
    const at = this.rowCount;
    const count = to - from;
    assert(at + count <= this.capacity, 'builder overfilled');
    if (this.schema === null) {
      const rows = batch.rowObjects();
      for (let i = from; i < to; i++) this.#rows.push(rows[selection[i]!]);
    } else if (!this.#selectColumns(batch.columns, selection, from, to)) {
      return false;
    }
    this.appendTimes(batch, selection, from, to);
    this.rowCount = at + count;
    return true;
  }

  /** Event times and key hashes of rows of a batch, beside columns that are filled directly; then call `advance`. */
  appendTimes(batch: Batch, selection: Int32Array, from: number, to: number): void {
    const at = this.rowCount;
    if (batch.timestamps !== null) {
      const times = this.#timesOf(at + to - from);
      gatherFixed(times, at, batch.timestamps, selection, from, to);
    } else if (this.#timestamps !== null) {
      this.#timesOf(at + to - from).fill(Number.NaN, at, at + to - from);
    }
    if (batch.keyHashes !== null) {
      gatherFixed(this.keyHashes(), at, batch.keyHashes, selection, from, to);
    }
  }

  #selectColumns(
    columns: readonly Column[],
    selection: Int32Array,
    from: number,
    to: number,
  ): boolean {
    const at = this.rowCount;
    for (let c = 0; c < columns.length; c++) {
      const builder = this.#columns[c]!;
      if (builder.kind === 'string' && !builder.accepts(columns[c] as StringColumn)) return false;
    }
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!;
      const builder = this.#columns[c]!;
      if (builder.kind === 'string') {
        builder.appendSelected(column as StringColumn, selection, from, to);
      } else if (builder.kind === 'dynamic') {
        this.#selectValues(builder, (column as DynamicColumn).values, selection, from, to);
      } else {
        gatherFixed(builder.values, at, (column as FixedColumn).values, selection, from, to);
      }
      if (column.absent !== null) {
        builder.absent ??= new Uint8Array(this.capacity);
        gatherFixed(builder.absent, at, column.absent, selection, from, to);
      } else if (builder.absent !== null) {
        builder.absent.fill(PRESENT, at, at + to - from);
      }
    }
    return true;
  }

  #selectValues(
    builder: DynamicColumn,
    values: readonly unknown[],
    selection: Int32Array,
    from: number,
    to: number,
  ): void {
    const shift = this.rowCount - from;
    for (let i = from; i < to; i++) {
      const value = values[selection[i]!];
      builder.values[i + shift] = value;
      if (isSample(i + shift)) this.weight.addSample(value);
    }
  }

  /** The rows so far as a transient batch. */
  seal(): Batch {
    return new Batch({
      rowCount: this.rowCount,
      schema: this.schema,
      columns: this.#columns.map((column, c) => this.#sealed(column, c)),
      rows: this.schema === null ? this.#rows : null,
      timestamps: this.#timestamps,
      keyHashes: this.#hasKeyHashes ? this.#keyHashes : null,
      isTransient: this.schema !== null,
    });
  }

  #sealed(column: ColumnBuilder, c: number): Column {
    if (column.kind === 'string') return column.seal();
    const objects = this.#objects[c]?.builder;
    if (objects === undefined || objects.rowCount === 0) return column;
    assert(objects.rowCount === this.rowCount, 'an object in each row');
    return new DynamicColumn(objects.seal());
  }

  /** Forgets all rows; memory is used again. */
  reset(): void {
    const used = this.#rowsUsed();
    this.rowCount = 0;
    this.#takenBack = 0;
    this.weight.bytes = 0;
    this.#hasKeyHashes = false;
    this.#rows = [];
    // A free-form batch may be kept, times and all; one of columns may not.
    if (this.schema === null) this.#timestamps = null;
    else this.#timestamps?.fill(Number.NaN, 0, used);
    for (let c = 0; c < this.#columns.length; c++) {
      const column = this.#columns[c]!;
      column.absent?.fill(PRESENT);
      if (column.kind === 'string') column.reset();
      else if (column.kind === 'dynamic' && !this.#resetObjects(c) && column.isMade) {
        column.values.fill(undefined, 0, used);
      }
    }
  }

  /** Rows that may hold something, also one that was not counted. Where none was counted, nobody knows how many were begun. */
  #rowsUsed(): number {
    if (this.rowCount === 0) return this.capacity;
    return Math.min(this.capacity, Math.max(this.rowCount, this.#takenBack) + 1);
  }

  /** Whether the values of a dynamic column were filled as columns. */
  #resetObjects(c: number): boolean {
    const objects = this.#objects[c]?.builder;
    if (objects === undefined || objects.rowCount === 0) return false;
    objects.reset();
    return true;
  }
}

/** Takes no memory for rows before the first: of the builders of a job that has just started, many never see one. */
function columnFor(field: Field, capacity: number, weight: BatchWeight): ColumnBuilder {
  switch (field.kind) {
    case 'string':
      return new StringBuilder(capacity, weight);
    case 'dynamic':
      return new DynamicColumn(capacity);
    default:
      return new FixedColumn(field.kind, capacity);
  }
}
