/** The footer of a Parquet file, and which of its columns are the fields of a schema. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadata,
  type SchemaElement,
} from 'hyparquet';
import { EngineError, messageOf } from '../../../base/errors.ts';
import type { Field, FieldKind, Schema } from '../../../data/schema.ts';
import { notReadable } from '../file-bytes.ts';
import type { CountedFile, InputFile } from '../format.ts';

const TAIL_BYTES = 8;
const MAGIC = 'PAR1';

/** A field and the leaf column it is read from. */
export type SourceColumn = {
  /** As it is stored: a dynamic field as text. */
  readonly field: Field;
  readonly element: SchemaElement;
  readonly index: number;
};

/** Reads bytes start to end - 1 of an open file. */
export function readBytes(
  file: CountedFile,
  descriptor: number,
  start: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  const { size } = fstatSync(descriptor);
  const areOffsets = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (!(areOffsets && start >= 0 && end >= start && end <= size)) {
    throw malformed(file, `it has no bytes ${start} to ${end}: it ends at byte ${size}`);
  }
  const bytes = new Uint8Array(end - start);
  let at = 0;
  while (at < bytes.length) {
    const read = readSync(descriptor, bytes, at, bytes.length - at, start + at);
    if (read === 0) throw malformed(file, `it ends at byte ${start + at}`);
    at += read;
  }
  file.onRead?.(at);
  return bytes;
}

/** EngineErrors INPUT_NOT_FOUND and INPUT_MALFORMED. */
export function readFooter(file: InputFile): FileMetaData {
  let descriptor: number;
  try {
    descriptor = openSync(file.path, 'r');
  } catch (error) {
    throw notReadable(file, error);
  }
  try {
    const { size } = fstatSync(descriptor);
    if (size < TAIL_BYTES + MAGIC.length)
      throw malformed(file, 'it is too short for a Parquet file');
    const tail = Buffer.from(readBytes(file, descriptor, size - TAIL_BYTES, size));
    const length = tail.readUInt32LE(0);
    if (tail.toString('latin1', 4) !== MAGIC || length > size - TAIL_BYTES) {
      throw malformed(file, 'it does not end as a Parquet file does');
    }
    const footer = readBytes(file, descriptor, size - TAIL_BYTES - length, size);
    return parquetMetadata(footer.buffer);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw malformed(file, `its footer cannot be read: ${messageOf(error)}`);
  } finally {
    closeSync(descriptor);
  }
}

/** The column of each field of the schema; an EngineError for a field without one, or of another type. */
export function columnsOf(file: InputFile, metadata: FileMetaData, schema: Schema): SourceColumn[] {
  const leaves = leafElements(file, metadata.schema);
  return schema.fields.map((field) => {
    const index = leaves.findIndex((leaf) => leaf.isFlat && leaf.element.name === field.name);
    if (index < 0) {
      const known = leaves.filter((leaf) => leaf.isFlat).map((leaf) => leaf.element.name);
      throw malformed(file, `it has no flat column '${field.name}'; it has ${known.join(', ')}`);
    }
    const { element } = leaves[index]!;
    checkType(file, field, element);
    const isText = field.kind === 'dynamic';
    return { field: isText ? { ...field, kind: 'string' } : field, element, index };
  });
}

function leafElements(
  file: InputFile,
  schema: readonly SchemaElement[],
): { element: SchemaElement; isFlat: boolean }[] {
  const leaves: { element: SchemaElement; isFlat: boolean }[] = [];
  let at = 1;
  const walk = (count: number, depth: number): void => {
    for (let n = 0; n < count; n++) {
      const element = schema[at++];
      if (element === undefined) throw malformed(file, 'its schema is cut off');
      const children = element.num_children ?? 0;
      if (children > 0) walk(children, depth + 1);
      else leaves.push({ element, isFlat: depth === 0 && element.repetition_type !== 'REPEATED' });
    }
  };
  walk(schema[0]?.num_children ?? 0, 0);
  return leaves;
}

const PHYSICAL_TYPES: Readonly<Record<FieldKind, readonly string[]>> = {
  int32: ['INT32', 'INT64'],
  int64: ['INT32', 'INT64'],
  float64: ['DOUBLE', 'FLOAT', 'INT32', 'INT64'],
  boolean: ['BOOLEAN'],
  string: ['BYTE_ARRAY'],
  timestamp: ['INT64', 'INT32'],
  date: ['INT64', 'INT32'],
  dynamic: ['BYTE_ARRAY'],
};

function checkType(file: InputFile, field: Field, element: SchemaElement): void {
  const isDecimal =
    element.converted_type === 'DECIMAL' || element.logical_type?.type === 'DECIMAL';
  if (PHYSICAL_TYPES[field.kind].includes(element.type ?? '') && !isDecimal) return;
  const found = isDecimal
    ? 'DECIMAL'
    : (element.logical_type?.type ?? element.converted_type ?? element.type);
  throw malformed(file, `column '${field.name}' is ${found}, which does not fit ${field.kind}`);
}

/** Whether the integers of a column are never negative: their highest bit is no sign. */
export function isUnsigned({ logical_type: logical, converted_type }: SchemaElement): boolean {
  if (logical?.type === 'INTEGER') return !logical.isSigned;
  return converted_type?.startsWith('UINT_') ?? false;
}

/** By how much an integer of a time column is divided to give milliseconds. */
export function unitsPerMs(element: SchemaElement): number {
  const logical = element.logical_type;
  const unit = logical?.type === 'TIMESTAMP' || logical?.type === 'TIME' ? logical.unit : null;
  if (unit === 'NANOS') return 1e6;
  if (unit === 'MICROS' || element.converted_type?.endsWith('_MICROS')) return 1e3;
  if (logical?.type === 'DATE' || element.converted_type === 'DATE') return 1 / 86_400_000;
  return 1;
}

/** Place and length in the file of the pages of a column chunk. */
export function chunkRange(column: ColumnMetaData): { start: number; end: number } {
  const data = Number(column.data_page_offset);
  const dictionary = Number(column.dictionary_page_offset ?? data);
  const start = dictionary > 0 ? Math.min(data, dictionary) : data;
  return { start, end: start + Number(column.total_compressed_size) };
}

export function malformed(file: InputFile, reason: string): EngineError {
  return new EngineError('INPUT_MALFORMED', `'${file.path}': ${reason}`);
}
