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
import { msOfHalves } from '../int64-time.ts';
import { isUnsigned, unitsPerMs } from './footer.ts';

/** The values of a page or dictionary: one array element a value, or string entries. */
export type Values = FixedArray | StringEntries;

const TWO_POW_32 = 4294967296;
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
      return fromInt32(new Int32Array(buffer), field, element);
    case 'INT64':
      return fromInt64(new Int32Array(buffer), field, element);
    case 'FLOAT':
      return Float64Array.from(new Float32Array(buffer));
    case 'DOUBLE':
      return new Float64Array(buffer);
    default:
      throw new RangeError(`type ${element.type} is not supported`);
  }
}

/** 32-bit integers as the field wants them; times as milliseconds. RangeError for one that does not fit the field. */
export function fromInt32(values: Int32Array, field: Field, element: SchemaElement): FixedArray {
  const kind = field.kind as FixedKind;
  const found = isUnsigned(element) ? new Uint32Array(values.buffer) : values;
  if (kind === 'int32') {
    if (found !== values)
      for (const value of found) if (value > INT32_MAX) throw misfit(value, kind);
    return values;
  }
  const units = isTime(kind) ? unitsPerMs(element) : 1;
  const target = fixedArray(kind, found.length);
  if (target instanceof BigInt64Array) {
    for (let i = 0; i < found.length; i++) target[i] = BigInt(found[i]!);
  } else {
    for (let i = 0; i < found.length; i++) target[i] = found[i]! / units;
  }
  return target;
}

function misfit(value: number | bigint, kind: FixedKind): RangeError {
  return new RangeError(`${value} does not fit ${kind}`);
}

function isTime(kind: FixedKind): boolean {
  return kind === 'timestamp' || kind === 'date';
}

/** The same for 64-bit integers by their halves, without a bigint each; floats are exact to 2^53. */
export function fromInt64(halves: Int32Array, field: Field, element: SchemaElement): FixedArray {
  const kind = field.kind as FixedKind;
  const count = halves.length / 2;
  const areUnsigned = isUnsigned(element);
  if (areUnsigned && kind !== 'float64') {
    for (let i = 0; i < count; i++) {
      if (halves[i * 2 + 1]! >= 0) continue;
      throw misfit(new BigUint64Array(halves.buffer)[i]!, kind);
    }
  }
  if (kind === 'int64') return new BigInt64Array(halves.buffer);
  if (kind === 'int32') {
    const ints = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const low = halves[i * 2]!;
      if (halves[i * 2 + 1] !== low >> 31) throw misfit(new BigInt64Array(halves.buffer)[i]!, kind);
      ints[i] = low;
    }
    return ints;
  }
  const units = isTime(kind) ? unitsPerMs(element) : 1;
  const floats = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const low = halves[i * 2]! >>> 0;
    const high = areUnsigned ? halves[i * 2 + 1]! >>> 0 : halves[i * 2 + 1]!;
    floats[i] = units > 1 ? msOfHalves(high, low, units) : high * TWO_POW_32 + low;
  }
  return floats;
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
