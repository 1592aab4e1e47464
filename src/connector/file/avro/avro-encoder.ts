/** Rows to Avro: a block a batch, so that a file ends behind any of them and another encoder goes on with it. */
import { createHash } from 'node:crypto';
import { EngineError } from '../../../base/errors.ts';
import type { Batch } from '../../../data/batch.ts';
import { type Column, PRESENT, valueAt } from '../../../data/column.ts';
import { fieldTypeError } from '../../../data/field-check.ts';
import type { Field, Schema } from '../../../data/schema.ts';
import type { PlainData } from '../../../operator/source.ts';
import { jsonOf } from '../field-text.ts';
import type { FileEncoder } from '../format.ts';
import { RowColumns } from '../row-columns.ts';
import { AvroOutput } from './avro-output.ts';
import { checkNames, mayBeNull, schemaJson } from './avro-schema.ts';
import { type AvroCodec, compressBlock } from './codec.ts';
import { MAGIC, MARKER_BYTES } from './container.ts';

type Snapshot = { readonly fields: readonly Field[] | null };

export class AvroEncoder implements FileEncoder {
  readonly #rows: RowColumns;
  readonly #codec: AvroCodec;
  readonly #output = new AvroOutput();
  #marker: Uint8Array | null = null;

  constructor(schema: Schema | null, codec: AvroCodec, restored?: PlainData) {
    const fields = (restored as unknown as Snapshot | undefined)?.fields ?? null;
    this.#rows = new RowColumns('avro', schema, schema === null ? fields : null);
    this.#codec = codec;
    if (schema !== null) checkNames(schema.fields);
    if (fields !== null) this.#marker = markerOf(schemaJson(fields));
  }

  encode(batch: Batch): Uint8Array {
    if (batch.rowCount === 0) return new Uint8Array(0);
    const columns = this.#rows.of(batch);
    const fields = this.#rows.fields!;
    const header = this.#header(fields);
    const output = this.#output;
    output.clear();
    const writers = fields.map((field, c) => fieldWriter(field, columns[c]!, output));
    for (let row = 0; row < batch.rowCount; row++) for (const write of writers) write(row);
    return Buffer.concat([header, this.#block(batch.rowCount)]);
  }

  /** In front of the first block. */
  #header(fields: readonly Field[]): Uint8Array {
    if (this.#marker !== null) return new Uint8Array(0);
    checkNames(fields);
    const schema = schemaJson(fields);
    this.#marker = markerOf(schema);
    const output = this.#output;
    output.clear();
    output.bytes(MAGIC);
    output.number(2);
    for (const [name, value] of [
      ['avro.schema', schema],
      ['avro.codec', this.#codec],
    ] as const) {
      output.text(name);
      output.text(value);
    }
    output.number(0);
    output.bytes(this.#marker);
    return output.take();
  }

  /** The records in the output, between their count and the marker. */
  #block(count: number): Uint8Array {
    const content = compressBlock(this.#codec, this.#output.take());
    const output = this.#output;
    output.clear();
    output.number(count);
    output.number(content.length);
    output.bytes(content);
    output.bytes(this.#marker!);
    return output.take();
  }

  snapshot(): PlainData {
    return { fields: this.#marker === null ? null : this.#rows.fields } as unknown as PlainData;
  }

  finish(): Uint8Array {
    return this.#header(this.#rows.fields ?? []);
  }
}

/** Two files of one schema may have one marker; what another encoder goes on with has to. */
function markerOf(schema: string): Uint8Array {
  return createHash('sha256').update(schema).digest().subarray(0, MARKER_BYTES);
}

type WriteField = (row: number) => void;

/** Writes the value of a row of one column, with the branch of a union in front where it may be null. */
function fieldWriter(field: Field, column: Column, output: AvroOutput): WriteField {
  const write = valueWriter(field, column, output);
  const { absent } = column;
  if (!mayBeNull(field)) {
    return (row) => {
      if (absent !== null && absent[row] !== PRESENT) throw fieldTypeError(field, null);
      write(row);
    };
  }
  const values = column.kind === 'dynamic' ? column.values : null;
  return (row) => {
    const isAbsent = absent !== null && absent[row] !== PRESENT;
    const isNull = isAbsent || (values !== null && (values[row] ?? null) === null);
    output.number(isNull ? 0 : 1);
    if (!isNull) write(row);
  };
}

function valueWriter(field: Field, column: Column, output: AvroOutput): WriteField {
  switch (column.kind) {
    case 'string': {
      const strings = column.entries;
      const { codes } = column;
      return (row) => output.text(strings.get(codes === null ? row : codes[row]!));
    }
    case 'dynamic':
      return (row) => output.text(jsonOf(column.values[row]) ?? 'null');
    case 'int64': {
      const values = column.values as BigInt64Array;
      return (row) => output.bigint(values[row]!);
    }
    case 'float64': {
      const values = column.values as Float64Array;
      return (row) => output.double(values[row]!);
    }
    case 'boolean':
      return (row) => output.byte(column.values[row] as number);
    case 'int32': {
      const values = column.values as Int32Array;
      return (row) => output.number(values[row]!);
    }
    default: {
      const values = column.values as Float64Array;
      return (row) => output.time(values[row]!, () => timeError(field, valueAt(column, row)));
    }
  }
}

function timeError({ name }: Field, value: unknown): EngineError {
  return new EngineError('FIELD_TYPE', `field '${name}' is no time that Avro can write: ${value}`);
}
