/** Rows to Arrow IPC: a record batch a batch, columns to columns. */
import type {
  Field as ArrowField,
  Schema as ArrowSchema,
  DataType,
  RecordBatchWriter,
} from 'apache-arrow';
import type { Batch } from '../../../data/batch.ts';
import { type Column, PRESENT } from '../../../data/column.ts';
import { fieldTypeError } from '../../../data/field-check.ts';
import type { Field, FieldKind, Schema } from '../../../data/schema.ts';
import type { PlainData } from '../../../operator/source.ts';
import { jsonOf } from '../field-text.ts';
import type { FileEncoder } from '../format.ts';
import { RowColumns } from '../row-columns.ts';
import type { ArrowLayout } from './arrow-layout.ts';
import { type ArrowLibrary, queueInto, schemaMessage } from './ipc.ts';
import { EXTENSION, JSON_EXTENSION } from './json-extension.ts';

/** What a writer of the library has for those that extend it. */
type FileWriter = { _write(bytes: Uint8Array): unknown };

/** Of a stream: its fields, once they are written. */
type Snapshot = { readonly fields: readonly Field[] | null };

export class ArrowEncoder implements FileEncoder {
  readonly #library: ArrowLibrary;
  readonly #layout: ArrowLayout;
  readonly #rows: RowColumns;
  readonly #written: Uint8Array[] = [];
  #writer: RecordBatchWriter | null = null;
  #schema: ArrowSchema | null = null;
  /** A stream is whole behind any message; a file has its footer last. */
  readonly snapshot?: () => PlainData;

  constructor(
    library: ArrowLibrary,
    schema: Schema | null,
    layout: ArrowLayout,
    restored?: PlainData,
  ) {
    const fields = (restored as unknown as Snapshot | undefined)?.fields ?? null;
    this.#library = library;
    this.#layout = layout;
    this.#rows = new RowColumns('arrow', schema, schema === null ? fields : null);
    if (fields !== null) {
      this.#begin(fields);
      this.#written.length = 0;
    }
    if (layout === 'stream') this.snapshot = () => this.#snapshot();
  }

  get fields(): readonly Field[] | null {
    return this.#rows.fields;
  }

  encode(batch: Batch): Uint8Array {
    if (batch.rowCount === 0) return new Uint8Array(0);
    const columns = this.#rows.of(batch);
    const fields = this.#rows.fields!;
    const schema = this.#begin(fields);
    const { RecordBatch, Struct, makeData } = this.#library;
    const length = batch.rowCount;
    const children = fields.map((field, c) => this.#data(field, columns[c]!, length));
    const data = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
    this.#writer!.write(new RecordBatch(schema, data));
    return this.#take();
  }

  /** The schema in front of the first record batch. */
  #begin(fields: readonly Field[]): ArrowSchema {
    if (this.#schema !== null) return this.#schema;
    const { Schema, RecordBatchFileWriter, RecordBatchStreamWriter } = this.#library;
    this.#schema = new Schema(fields.map((field) => this.#field(field)));
    const queue = queueInto(this.#library, this.#written);
    if (this.#layout === 'stream') {
      this.#writer = new RecordBatchStreamWriter().reset(queue, this.#schema);
    } else {
      this.#writer = new RecordBatchFileWriter().reset(queue, this.#schema);
      // It writes the schema into the footer only; who reads from front to back needs it here.
      (this.#writer as unknown as FileWriter)._write(schemaMessage(this.#library, this.#schema));
    }
    return this.#schema;
  }

  #field(field: Field): ArrowField {
    const isJson = field.kind === 'dynamic';
    const marks = isJson ? new Map([[EXTENSION, JSON_EXTENSION]]) : null;
    return new this.#library.Field(
      field.name,
      this.#type(field.kind),
      field.nullable || isJson,
      marks,
    );
  }

  #type(kind: FieldKind): DataType {
    const { Bool, Float64, Int32, Int64, Timestamp, TimeUnit, Utf8 } = this.#library;
    switch (kind) {
      case 'int32':
        return new Int32();
      case 'int64':
        return new Int64();
      case 'float64':
        return new Float64();
      case 'boolean':
        return new Bool();
      case 'timestamp':
      case 'date':
        return new Timestamp(TimeUnit.MILLISECOND, 'UTC');
      case 'string':
      case 'dynamic':
        return new Utf8();
    }
  }

  #data(field: Field, column: Column, length: number) {
    const { makeData } = this.#library;
    const isNull = nulls(field, column, length);
    const nullCount = isNull.reduce((sum, flag) => sum + flag, 0);
    const nullBitmap = nullCount === 0 ? null : bitmap(length, (row) => isNull[row] === 0);
    const shape = { type: this.#type(field.kind) as never, length, nullCount, nullBitmap };
    if (column.kind === 'string' || column.kind === 'dynamic') {
      const { offsets, bytes } = texts(column, isNull, length);
      return makeData({ ...shape, valueOffsets: offsets, data: bytes } as never);
    }
    return makeData({ ...shape, data: stored(field, column.values, isNull, length) } as never);
  }

  #take(): Uint8Array {
    const bytes = Buffer.concat(this.#written);
    this.#written.length = 0;
    return bytes;
  }

  #snapshot(): PlainData {
    return { fields: this.#schema === null ? null : this.#rows.fields } as unknown as PlainData;
  }

  finish(): Uint8Array {
    this.#begin(this.#rows.fields ?? []);
    this.#writer!.finish();
    return this.#take();
  }
}

/** 1 for rows without a value, which the field must allow. */
function nulls(field: Field, column: Column, length: number): Uint8Array {
  const isNull = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const isAbsent = column.absent !== null && column.absent[i] !== PRESENT;
    if (isAbsent || (column.kind === 'dynamic' && (column.values[i] ?? null) === null))
      isNull[i] = 1;
    if (isNull[i] === 1 && !field.nullable && field.kind !== 'dynamic')
      throw fieldTypeError(field, null);
  }
  return isNull;
}

function bitmap(length: number, isSet: (row: number) => boolean): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3);
  for (let i = 0; i < length; i++) if (isSet(i)) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

/** Values of fixed kinds, as Arrow has them. */
function stored(
  field: Field,
  values: Int32Array | Float64Array | BigInt64Array | Uint8Array,
  isNull: Uint8Array,
  length: number,
): ArrayBufferView {
  if (field.kind === 'boolean') return bitmap(length, (row) => values[row] === 1);
  if (field.kind !== 'timestamp' && field.kind !== 'date') return values.slice(0, length);
  const times = new BigInt64Array(length);
  for (let i = 0; i < length; i++) {
    if (isNull[i] === 1) continue;
    const ms = Math.trunc(values[i] as number);
    if (!(Math.abs(ms) < 2 ** 63)) throw fieldTypeError(field, ms);
    times[i] = BigInt(ms);
  }
  return times;
}

/** Texts as UTF-8; a lone surrogate becomes U+FFFD. */
function texts(
  column: Extract<Column, { kind: 'string' | 'dynamic' }>,
  isNull: Uint8Array,
  length: number,
): { offsets: Int32Array; bytes: Uint8Array } {
  const offsets = new Int32Array(length + 1);
  const parts: string[] = [];
  for (let i = 0; i < length; i++) {
    const text = isNull[i] === 1 ? '' : textAt(column, i).toWellFormed();
    parts.push(text);
    offsets[i + 1] = offsets[i]! + Buffer.byteLength(text);
  }
  return { offsets, bytes: new Uint8Array(Buffer.from(parts.join(''))) };
}

function textAt(column: Extract<Column, { kind: 'string' | 'dynamic' }>, row: number): string {
  if (column.kind === 'dynamic') return jsonOf(column.values[row]) ?? 'null';
  return column.entries.get(column.codes === null ? row : column.codes[row]!);
}
