/** Columns of a batch from vectors of a record batch: numbers as they lie there, texts and bits in our form. */
import type {
  Field as ArrowField,
  Schema as ArrowSchema,
  Data,
  DataType,
  RecordBatch,
  Vector,
} from 'apache-arrow';
import { messageOf } from '../../../base/errors.ts';
import {
  type Column,
  DynamicColumn,
  type FixedArray,
  FixedColumn,
  fixedArray,
  NULL,
  PRESENT,
  StringColumn,
} from '../../../data/column.ts';
import type { Field, Schema } from '../../../data/schema.ts';
import { StringBuilder } from '../../../data/string-builder.ts';
import { msOfBigint } from '../int64-time.ts';
import type { ArrowLibrary } from './ipc.ts';
import { EXTENSION, JSON_EXTENSION } from './json-extension.ts';

/** A column for each field of the schema; an Error for one that the record batch has not, or of another type. */
export function readVectors(
  library: ArrowLibrary,
  schema: Schema,
  batch: RecordBatch,
): readonly Column[] {
  return vectorReaders(library, schema, batch.schema).map(({ index, read }) =>
    read(batch.getChildAt(index)!),
  );
}

/** The same before there is a record batch. */
export function vectorReaders(
  library: ArrowLibrary,
  { fields }: Schema,
  { fields: found }: ArrowSchema,
): readonly { readonly index: number; readonly read: ReadVector }[] {
  return fields.map((field) => {
    const index = found.findIndex(({ name }) => name === field.name);
    if (index < 0) {
      const known = found.map(({ name }) => name).join(', ');
      throw new Error(`it has no column '${field.name}'; it has ${known}`);
    }
    return { index, read: vectorReader(library, field, found[index]!) };
  });
}

/** The values of a vector as a column of all its rows. */
type ReadVector = (vector: Vector) => Column;

/** How a column of a file becomes one of a field; an Error when its type does not fit. */
function vectorReader(library: ArrowLibrary, field: Field, column: ArrowField): ReadVector {
  const { DataType } = library;
  const type = column.type as DataType;
  const { kind } = field;
  switch (kind) {
    case 'string':
      if (isText(library, DataType.isDictionary(type) ? type.dictionary : type)) return textColumn;
      break;
    case 'boolean':
      if (DataType.isBool(type)) return bitColumn;
      break;
    case 'dynamic': {
      const read = column.metadata.get(EXTENSION) === JSON_EXTENSION ? parsed : plain;
      // Null is a value of any shape too.
      return (vector) =>
        new DynamicColumn(Array.from(vector, read), field.nullable ? absentOf(vector) : null);
    }
    case 'timestamp':
    case 'date': {
      const scale = timeScale(library, type);
      if (scale !== null) return (vector) => numberColumn(kind, vector, scale);
      break;
    }
    case 'float64':
      if (DataType.isFloat(type) && type.precision > 0)
        return (vector) => numberColumn(kind, vector, 1);
      if (DataType.isInt(type)) return (vector) => numberColumn(kind, vector, 1);
      break;
    default:
      if (DataType.isInt(type)) return (vector) => integerColumn(kind, vector);
  }
  throw new Error(`column '${field.name}' is ${type}, which does not fit ${kind}`);
}

function isText({ DataType }: ArrowLibrary, type: DataType): boolean {
  return DataType.isUtf8(type) || DataType.isLargeUtf8(type) || DataType.isUtf8View(type);
}

/** Units of a type of time in a millisecond, or the negative of milliseconds in a unit; null for other types. */
function timeScale({ DataType, TimeUnit, DateUnit }: ArrowLibrary, type: DataType): number | null {
  if (DataType.isTimestamp(type)) {
    if (type.unit === TimeUnit.SECOND) return -1000;
    if (type.unit === TimeUnit.MILLISECOND) return 1;
    return type.unit === TimeUnit.MICROSECOND ? 1e3 : 1e6;
  }
  if (DataType.isDate(type)) return type.unit === DateUnit.DAY ? -86_400_000 : 1;
  return DataType.isInt(type) ? 1 : null;
}

/** The values of a vector, which has one piece in a record batch. */
function dataOf(vector: Vector): Data {
  return vector.data[0]!;
}

/** Of a piece: bit i is set where row i has a value. */
function bit(bytes: Uint8Array, i: number): boolean {
  return ((bytes[i >> 3]! >> (i & 7)) & 1) === 1;
}

function absentOf(vector: Vector): Uint8Array | null {
  const { nullCount, nullBitmap, offset, length } = dataOf(vector);
  if (nullCount === 0 || nullBitmap === null || nullBitmap.length === 0) return null;
  const absent = new Uint8Array(length);
  for (let i = 0; i < length; i++) absent[i] = bit(nullBitmap, offset + i) ? PRESENT : NULL;
  return absent;
}

type Numbers = Int32Array | Float64Array | BigInt64Array;

function numberColumn(
  kind: 'float64' | 'timestamp' | 'date',
  vector: Vector,
  scale: number,
): FixedColumn {
  const { values, length } = dataOf(vector) as Data & { values: Numbers };
  if (values.length < length) throw new RangeError('values are missing');
  const absent = absentOf(vector);
  if (scale === 1 && values instanceof Float64Array) return new FixedColumn(kind, values, absent);
  const numbers = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (scale < 0) numbers[i] = Number(value) * -scale;
    else if (typeof value === 'bigint' && scale > 1) numbers[i] = msOfBigint(value, scale);
    else numbers[i] = Number(value) / scale;
  }
  return new FixedColumn(kind, numbers, absent);
}

/** A whole number that the kind cannot hold is an Error: it would be another one. */
function integerColumn(kind: 'int32' | 'int64', vector: Vector): FixedColumn {
  const { values, length } = dataOf(vector) as Data & { values: Numbers };
  if (values.length < length) throw new RangeError('values are missing');
  const absent = absentOf(vector);
  const isOurs = kind === 'int32' ? values instanceof Int32Array : values instanceof BigInt64Array;
  if (isOurs) return new FixedColumn(kind, values as FixedArray, absent);
  const numbers = fixedArray(kind, length);
  for (let i = 0; i < length; i++) {
    const value = kind === 'int64' ? BigInt(values[i]!) : Number(values[i]);
    numbers[i] = value;
    if (numbers[i] !== value && (absent === null || absent[i] === PRESENT)) {
      throw new RangeError(`row ${i}: ${value} does not fit ${kind}`);
    }
  }
  return new FixedColumn(kind, numbers, absent);
}

function bitColumn(vector: Vector): FixedColumn {
  const { values, offset, length } = dataOf(vector) as Data & { values: Uint8Array };
  if (values.length * 8 < offset + length) throw new RangeError('values are missing');
  const flags = fixedArray('boolean', length) as Uint8Array;
  for (let i = 0; i < length; i++) flags[i] = bit(values, offset + i) ? 1 : 0;
  return new FixedColumn('boolean', flags, absentOf(vector));
}

function textColumn(vector: Vector): StringColumn {
  const data = dataOf(vector);
  let absent = absentOf(vector);
  if (data.dictionary === undefined) {
    return new StringColumn(textsOf(vector, absent).entries, null, absent);
  }
  const { entries } = textsOf(data.dictionary, null);
  const hasNull = data.dictionary.nullCount > 0;
  if (hasNull) absent ??= new Uint8Array(data.length).fill(PRESENT);
  const codes = Int32Array.from({ length: data.length }, (_, i) => Number(data.values[i]));
  for (let i = 0; i < codes.length; i++) {
    if (absent !== null && absent[i] !== PRESENT) codes[i] = 0;
    else if (!(codes[i]! >= 0 && codes[i]! < entries.count)) {
      throw new RangeError(`row ${i}: no entry ${codes[i]} in a dictionary of ${entries.count}`);
    } else if (hasNull && !data.dictionary.isValid(codes[i]!)) absent![i] = NULL;
  }
  return new StringColumn(entries, codes, absent);
}

/** The texts of a vector, without those that are absent. */
function textsOf(vector: Vector, absent: Uint8Array | null): StringColumn {
  const builder = new StringBuilder(vector.length);
  if (vector.data.every((piece) => piece.valueOffsets !== undefined)) {
    for (const piece of vector.data) appendTexts(builder, piece, absent);
  } else {
    // Views, which lie in several places.
    for (const text of vector) builder.append((text as string | null) ?? '');
  }
  return builder.seal();
}

function appendTexts(builder: StringBuilder, data: Data, absent: Uint8Array | null): void {
  const { length, values } = data as Data & { values: Uint8Array };
  const offsets = data.valueOffsets as Int32Array | BigInt64Array;
  for (let i = 0; i < length; i++) {
    if (absent !== null && absent[i] !== PRESENT) {
      builder.appendEmpty();
      continue;
    }
    const from = Number(offsets[i]);
    const to = Number(offsets[i + 1]);
    if (!(from >= 0 && to >= from && to <= values.length))
      throw new RangeError(`row ${i}: a text is cut off`);
    builder.appendUtf8(values, from, to);
  }
}

/** A value of a column of JSON. */
function parsed(value: unknown, row: number): unknown {
  if (typeof value !== 'string') return plain(value);
  try {
    return JSON.parse(value);
  } catch (error) {
    throw new Error(`row ${row}: a text is no JSON: ${messageOf(error)}`);
  }
}

/** A value of a type that we have no column for. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
  const json = (value as { toJSON?: () => unknown }).toJSON?.() ?? value;
  if (Array.isArray(json)) return json.map(plain);
  return Object.fromEntries(
    Object.entries(json as object).map(([name, part]) => [name, plain(part)]),
  );
}
