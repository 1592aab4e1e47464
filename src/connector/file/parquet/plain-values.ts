/** Values of the PLAIN encoding, into the typed array or strings that a field wants. */
import type { SchemaElement } from 'hyparquet';
import {
  type FixedArray,
  type FixedKind,
  fixedArray,
  StringEntries,
} from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { StringBuilder } from '../../../data/string-builder.ts';
import { unitsPerMs } from './footer.ts';

/** The values of a page or dictionary: one array element a value, or string entries. */
export type Values = FixedArray | StringEntries;

const TWO_POW_32 = 4294967296;
const INT32_MIN = -2147483648;
const INT32_MAX = 2147483647;

/** Decodes `count` values from `at` on; RangeError when the bytes end before, or a value does not fit the field. */
export function readPlain(
  bytes: Uint8Array,
  at: number,
  count: number,
  field: Field,
  element: SchemaElement,
): Values {
  if (element.type === 'BYTE_ARRAY') return readStrings(bytes, at, count);
  if (element.type === 'BOOLEAN') return readBooleans(bytes, at, count);
  const width = element.type === 'INT32' || element.type === 'FLOAT' ? 4 : 8;
  if (at + count * width > bytes.length) throw new RangeError('values are cut off');
  // A copy starts at a multiple of 8, as typed arrays need it.
  const { buffer } = bytes.slice(at, at + count * width);
  switch (element.type) {
    case 'INT32':
      return converted(new Int32Array(buffer), field, element);
    case 'INT64':
      return fromInt64(buffer, count, field, element);
    case 'FLOAT':
      return Float64Array.from(new Float32Array(buffer));
    case 'DOUBLE':
      return new Float64Array(buffer);
    default:
      throw new RangeError(`type ${element.type} is not supported`);
  }
}

/** Whole numbers as the field wants them; times as milliseconds. */
export function converted(
  values: Int32Array | Float64Array,
  field: Field,
  element: SchemaElement,
): FixedArray {
  const kind = field.kind as FixedKind;
  if (kind === 'int32') {
    if (values instanceof Int32Array) return values;
    const ints = new Int32Array(values.length);
    for (let i = 0; i < values.length; i++) ints[i] = requireInt32(values[i]!);
    return ints;
  }
  const units = kind === 'timestamp' || kind === 'date' ? unitsPerMs(element) : 1;
  const target = fixedArray(kind, values.length);
  if (target instanceof BigInt64Array) {
    for (let i = 0; i < values.length; i++) target[i] = BigInt(values[i]!);
  } else {
    for (let i = 0; i < values.length; i++) target[i] = values[i]! / units;
  }
  return target;
}

function requireInt32(value: number): number {
  if (value < INT32_MIN || value > INT32_MAX) throw new RangeError(`${value} does not fit int32`);
  return value;
}

/** 64-bit integers as floats, exact to 2^53, without a bigint each. */
function fromInt64(
  buffer: ArrayBuffer,
  count: number,
  field: Field,
  element: SchemaElement,
): FixedArray {
  if (field.kind === 'int64') return new BigInt64Array(buffer);
  const halves = new Int32Array(buffer);
  if (field.kind === 'int32') {
    const ints = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const low = halves[i * 2]!;
      if (halves[i * 2 + 1] !== low >> 31) throw new RangeError('a value does not fit int32');
      ints[i] = low;
    }
    return ints;
  }
  const floats = new Float64Array(count);
  for (let i = 0; i < count; i++)
    floats[i] = halves[i * 2 + 1]! * TWO_POW_32 + (halves[i * 2]! >>> 0);
  return field.kind === 'float64' ? floats : converted(floats, field, element);
}

function readBooleans(bytes: Uint8Array, at: number, count: number): Uint8Array {
  if (at + ((count + 7) >> 3) > bytes.length) throw new RangeError('values are cut off');
  const values = new Uint8Array(count);
  for (let i = 0; i < count; i++) values[i] = (bytes[at + (i >> 3)]! >> (i & 7)) & 1;
  return values;
}

/** Strings, each behind its length: copied as they are when all is ASCII, else decoded one by one. */
function readStrings(bytes: Uint8Array, start: number, count: number): StringEntries {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Int32Array(count);
  const offsets = new Int32Array(count + 1);
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 4 > bytes.length) throw new RangeError('strings are cut off');
    const length = view.getInt32(at, true);
    starts[i] = at + 4;
    at += 4 + length;
    if (length < 0 || at > bytes.length) throw new RangeError('a string is cut off');
    offsets[i + 1] = offsets[i]! + length;
  }
  const units = new Uint8Array(offsets[count]!);
  let highest = 0;
  for (let i = 0; i < count; i++) {
    const shift = starts[i]! - offsets[i]!;
    for (let u = offsets[i]!; u < offsets[i + 1]!; u++) {
      const unit = bytes[u + shift]!;
      units[u] = unit;
      highest |= unit;
    }
  }
  if (highest < 0x80) return new StringEntries(count, offsets, units, false, true);
  return decoded(bytes, starts, offsets, count);
}

function decoded(
  bytes: Uint8Array,
  starts: Int32Array,
  offsets: Int32Array,
  count: number,
): StringEntries {
  const builder = new StringBuilder(count);
  for (let i = 0; i < count; i++) {
    builder.appendUtf8(bytes, starts[i]!, starts[i]! + offsets[i + 1]! - offsets[i]!);
  }
  return ownEntries(builder);
}

/** Entries of a builder that is not used again. */
export function ownEntries(builder: StringBuilder): StringEntries {
  const { count, offsets, bytes, isWide } = builder.seal().entries;
  return new StringEntries(count, offsets, bytes, isWide, true);
}
