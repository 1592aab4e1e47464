/** Rows to Parquet, by hyparquet-writer: row groups of 100,000 rows, compressed with Snappy. */
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { EngineError } from '../../../base/errors.ts';
import type { Batch } from '../../../data/batch.ts';
import { valueAt } from '../../../data/column.ts';
import { fieldTypeError, fitsField } from '../../../data/field-check.ts';
import type { Field, FieldKind, Schema } from '../../../data/schema.ts';
import { jsonOf } from '../field-text.ts';
import type { FileEncoder } from '../format.ts';
import { fieldsOf } from '../row-columns.ts';
import { rowsWithFields } from '../row-fields.ts';

const ROW_GROUP_ROWS = 100_000;

export class ParquetEncoder implements FileEncoder {
  #fields: readonly Field[] | null;
  readonly #isFreeForm: boolean;
  readonly #bytes = new ByteWriter();
  #writer: ParquetWriter | null = null;
  #columns: unknown[][] = [];
  #rowCount = 0;
  #taken = 0;

  constructor(schema: Schema | null) {
    this.#fields = schema?.fields ?? null;
    this.#isFreeForm = schema === null;
  }

  get fields(): readonly Field[] | null {
    return this.#fields;
  }

  encode(batch: Batch): Uint8Array {
    if (batch.rowCount === 0) return new Uint8Array(0);
    if (this.#isFreeForm) this.#addRows(batch);
    else this.#addColumns(batch);
    this.#rowCount += batch.rowCount;
    if (this.#rowCount >= ROW_GROUP_ROWS) this.#writeGroup();
    return this.#newBytes();
  }

  #addColumns(batch: Batch): void {
    const fields = this.#fields!;
    this.#begin(fields.length);
    for (let c = 0; c < fields.length; c++) {
      const target = this.#columns[c]!;
      const column = batch.columns[c]!;
      const field = fields[c]!;
      const toStored = STORED[field.kind];
      for (let i = 0; i < batch.rowCount; i++) target.push(toStored(valueAt(column, i), field));
    }
  }

  /** Fields and kinds are those of the first rows; numbers are DOUBLE, and what has no type of its own is JSON. */
  #addRows(batch: Batch): void {
    const rows = rowsWithFields('parquet', batch);
    const fields = fieldsOf('parquet', rows, this.#fields);
    this.#fields = fields;
    this.#begin(fields.length);
    for (let c = 0; c < fields.length; c++) {
      const target = this.#columns[c]!;
      const field = fields[c]!;
      const toStored = STORED[field.kind];
      for (const row of rows) {
        const value = row[field.name] ?? null;
        // The writer would make another value of one that does not fit.
        if (!fitsField(field, value)) throw fieldTypeError(field, value);
        target.push(toStored(value, field));
      }
    }
  }

  #begin(columns: number): void {
    while (this.#columns.length < columns) this.#columns.push([]);
  }

  #writeGroup(): void {
    const fields = this.#fields ?? [];
    this.#writer ??= new ParquetWriter({ writer: this.#bytes, schema: schemaElements(fields) });
    if (this.#rowCount > 0) {
      this.#writer.write({
        columnData: fields.map((field, c) => columnSource(field, this.#columns[c]!)),
        rowGroupSize: this.#rowCount,
      });
    }
    this.#columns = [];
    this.#rowCount = 0;
  }

  /** What the writer has appended since the last call. */
  #newBytes(): Uint8Array {
    const end = this.#bytes.offset;
    const bytes = new Uint8Array(this.#bytes.buffer.slice(this.#taken, end));
    this.#taken = end;
    return bytes;
  }

  finish(): Uint8Array {
    this.#writeGroup();
    this.#writer!.finish();
    return this.#newBytes();
  }
}

/** A dictionary takes 0 and -0 for one value. */
function columnSource({ name, kind }: Field, data: unknown[]): ColumnSource {
  const isPlain = kind === 'float64' && data.some((value) => Object.is(value, -0));
  return isPlain ? { name, data, encoding: 'PLAIN' } : { name, data };
}

/** A value of a kind as the writer takes it. */
const STORED: Readonly<Record<FieldKind, (value: unknown, field: Field) => unknown>> = {
  int32: orNull,
  float64: orNull,
  int64: orNull,
  boolean: orNull,
  string: orNull,
  timestamp: timeOrNull,
  date: timeOrNull,
  dynamic: (value) => (value === null || value === undefined ? null : jsonOf(value)),
};

function orNull(value: unknown): unknown {
  return value ?? null;
}

function timeOrNull(value: unknown, { name }: Field): unknown {
  const time = typeof value === 'number' ? new Date(value) : orNull(value);
  if (!(time instanceof Date && Number.isNaN(time.getTime()))) return time;
  throw new EngineError(
    'FIELD_TYPE',
    `field '${name}' is no time that Parquet can write: ${value}`,
  );
}

const ELEMENTS: Readonly<Record<FieldKind, Partial<SchemaElement>>> = {
  int32: { type: 'INT32' },
  float64: { type: 'DOUBLE' },
  int64: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  timestamp: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  date: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  dynamic: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

function schemaElements(fields: readonly Field[]): SchemaElement[] {
  return [
    { name: 'root', num_children: fields.length },
    ...fields.map(({ name, kind, nullable }): SchemaElement => {
      const mayBeNull = nullable || kind === 'dynamic';
      return { name, repetition_type: mayBeNull ? 'OPTIONAL' : 'REQUIRED', ...ELEMENTS[kind] };
    }),
  ];
}
