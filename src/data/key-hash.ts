/**
 * Hashes of keys, as Flink and Java make them: murmur(hashCode(key)), never negative.
 * Benchmark: figure keyed-tumbling.
 *
 *   int32              the value                      boolean    1231 or 1237
 *   float64            high ^ low half of the bits    string     31 * h + unit, over the UTF-16 units
 *   int64, timestamp,  high ^ low half of the long    composite  h0, then 31 * h + next (a Flink tuple)
 *   date
 *
 * In free-form keys a number that is an int32 hashes as int, any other as double, whatever its neighbours are. One
 * rule differs from Java: 0 and -0 are one key here (as in a Map), so -0 hashes as 0. A key that is NaN, null,
 * undefined or an object is no key: EngineError KEY_INVALID. Arrays are read little endian.
 */
import { unreachable } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import {
  type Column,
  type FixedColumn,
  NULL,
  PRESENT,
  type StringColumn,
  type StringEntries,
} from './column.ts';
import { describe, severalParts } from './field-check.ts';

const INT32_MIN = -2147483648;
const TWO_POW_32 = 4294967296;
const LONG_BITS = 64;
const JAVA_TRUE = 1231;
const JAVA_FALSE = 1237;

/** Flink's MathUtils.murmurHash: a non-negative int from any int. */
export function murmur(hashCode: number): number {
  let h = Math.imul(hashCode, 0xcc9e2d51);
  h = (h << 15) | (h >>> 17);
  h = Math.imul(h, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  h = (Math.imul(h, 5) + 0xe6546b64) ^ 4;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  // The absolute value, and 0 for -2^31, without a branch that would be guessed wrong half of the time.
  const sign = h >> 31;
  return ((h ^ sign) - sign) & 0x7fffffff;
}

/** Java's String.hashCode. */
export function stringHashCode(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}

/** The hash code of each entry; computed once and kept with the entries. */
export function entryHashCodes(entries: StringEntries): Int32Array {
  if (entries.hashCodes === null) {
    const codes = new Int32Array(entries.count);
    addEntries(entries, entries.count, codes, 0);
    entries.hashCodes = codes;
  }
  return entries.hashCodes;
}

/**
 * The hash of each row's key, made of one value per column, into out[0] to out[rowCount - 1]. `names` are those of
 * the columns, for the message when a key is missing.
 */
export function hashKeys(
  columns: readonly Column[],
  rowCount: number,
  out: Int32Array,
  names: readonly string[],
): void {
  const [first] = columns;
  if (columns.length === 1 && first!.kind === 'int32' && first!.absent === null) {
    hashInts(first!.values as Int32Array, rowCount, out);
    return;
  }
  for (let c = 0; c < columns.length; c++) {
    const column = columns[c]!;
    const name = names[c] ?? 'key';
    if (column.absent !== null) requirePresent(column.absent, rowCount, name);
    addColumn(column, rowCount, out, c === 0 ? 0 : 31, name);
  }
  for (let i = 0; i < rowCount; i++) out[i] = murmur(out[i]!);
}

/** The first row that has no key, for the error of `hashKeys`. */
export function firstInvalidKey(columns: readonly Column[], rowCount: number): number {
  for (let i = 0; i < rowCount; i++) {
    if (columns.some((column) => !isKeyPart(column, i))) return i;
  }
  return 0;
}

function isKeyPart(column: Column, row: number): boolean {
  if (column.absent !== null && column.absent[row] !== PRESENT) return false;
  if (column.kind === 'string') return true;
  try {
    hashKeyValue(column.values[row]);
    return true;
  } catch {
    return false;
  }
}

/** The commonest case in one loop. */
export function hashInts(values: Int32Array, rowCount: number, out: Int32Array): void {
  for (let i = 0; i < rowCount; i++) out[i] = murmur(values[i]!);
}

/** The hash of a key given as a value; an array is a composite key. */
export function hashKeyValue(value: unknown, names: readonly string[] = []): number {
  return murmur(valueHashCode(value, names.length === 1 ? names[0]! : names.join(', ')));
}

function valueHashCode(value: unknown, name: string): number {
  if (typeof value === 'number') {
    if ((value | 0) === value) return value | 0;
    if (Number.isNaN(value)) throw invalidKey(name, value);
    return doubleHashCode(value);
  }
  if (typeof value === 'string') return stringHashCode(value);
  if (typeof value === 'boolean') return value ? JAVA_TRUE : JAVA_FALSE;
  if (typeof value === 'bigint') return bigintHashCode(value);
  if (Array.isArray(value) && value.length > 0) {
    let h = 0;
    for (let i = 0; i < value.length; i++) {
      if (Array.isArray(value[i])) throw invalidKey(name, value[i]);
      h = (Math.imul(h, 31) + valueHashCode(value[i], name)) | 0;
    }
    return h;
  }
  if (value instanceof Date && !Number.isNaN(value.getTime())) return longHashCode(value.getTime());
  throw invalidKey(name, value);
}

function invalidKey(name: string, value: unknown): EngineError {
  const what = value instanceof Date ? 'an invalid Date' : describe(value);
  return new EngineError(
    'KEY_INVALID',
    `key '${name}' cannot be ${what}; it must be a number, bigint, string, boolean or Date${severalParts(value)}`,
  );
}

function requirePresent(absent: Uint8Array, rowCount: number, name: string): void {
  for (let i = 0; i < rowCount; i++) {
    if (absent[i] !== PRESENT) throw invalidKey(name, absent[i] === NULL ? null : undefined);
  }
}

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

function doubleHashCode(value: number): number {
  double[0] = value + 0; // Adding zero turns -0 into 0.
  return halves[0]! ^ halves[1]!;
}

/** Java's Long.hashCode of a whole number; those of timestamps are far below 2^53. */
function longHashCode(value: number): number {
  return (value | 0) ^ (Math.floor(value / TWO_POW_32) | 0);
}

/** Long.hashCode within 64 bits, BigInteger.hashCode beyond. */
function bigintHashCode(value: bigint): number {
  if (BigInt.asIntN(LONG_BITS, value) === value) {
    return Number(BigInt.asIntN(32, value)) ^ Number(BigInt.asIntN(32, value >> 32n));
  }
  const digits = (value < 0n ? -value : value).toString(16);
  let h = 0;
  for (let end = digits.length % 8, start = 0; start < digits.length; start = end, end += 8) {
    h = (Math.imul(h, 31) + Number.parseInt(digits.slice(start, end) || '0', 16)) | 0;
  }
  return value < 0n ? -h | 0 : h;
}

/** out[i] = out[i] * factor + hash code of the value of row i; factor 0 starts a key. */
function addColumn(
  column: Column,
  rows: number,
  out: Int32Array,
  factor: number,
  name: string,
): void {
  switch (column.kind) {
    case 'string':
      addStrings(column, rows, out, factor);
      break;
    case 'dynamic':
      addValues(column.values, rows, out, factor, name);
      break;
    case 'int32':
      addInts(column.values as Int32Array, rows, out, factor);
      break;
    case 'boolean':
      addBooleans(column.values as Uint8Array, rows, out, factor);
      break;
    case 'int64':
      addHalves(halvesOf(column, rows), rows, out, factor);
      break;
    case 'float64':
      requireNumbers(column.values as Float64Array, rows, name);
      addDoubles(halvesOf(column, rows), rows, out, factor);
      break;
    case 'timestamp':
    case 'date':
      requireNumbers(column.values as Float64Array, rows, name);
      addTimes(column.values as Float64Array, rows, out, factor);
      break;
    default:
      unreachable(column);
  }
}

function halvesOf(column: FixedColumn, rows: number): Int32Array {
  return new Int32Array(column.values.buffer, column.values.byteOffset, rows * 2);
}

function requireNumbers(values: Float64Array, rows: number, name: string): void {
  let sawNaN = false;
  for (let i = 0; i < rows; i++) sawNaN = sawNaN || Number.isNaN(values[i]);
  if (sawNaN) throw invalidKey(name, Number.NaN);
}

function addInts(values: Int32Array, rows: number, out: Int32Array, factor: number): void {
  for (let i = 0; i < rows; i++) out[i] = Math.imul(out[i]!, factor) + values[i]!;
}

function addBooleans(values: Uint8Array, rows: number, out: Int32Array, factor: number): void {
  for (let i = 0; i < rows; i++) {
    out[i] = Math.imul(out[i]!, factor) + (values[i] === 1 ? JAVA_TRUE : JAVA_FALSE);
  }
}

function addHalves(longs: Int32Array, rows: number, out: Int32Array, factor: number): void {
  for (let i = 0; i < rows; i++) {
    out[i] = Math.imul(out[i]!, factor) + (longs[i * 2]! ^ longs[i * 2 + 1]!);
  }
}

function addDoubles(doubles: Int32Array, rows: number, out: Int32Array, factor: number): void {
  for (let i = 0; i < rows; i++) {
    const code = doubles[i * 2]! ^ doubles[i * 2 + 1]!;
    const isMinusZero = doubles[i * 2] === 0 && doubles[i * 2 + 1] === INT32_MIN;
    out[i] = Math.imul(out[i]!, factor) + (isMinusZero ? 0 : code);
  }
}

/** A time with a fraction of a millisecond hashes as the double it is. */
function addTimes(values: Float64Array, rows: number, out: Int32Array, factor: number): void {
  for (let i = 0; i < rows; i++) {
    const value = values[i]!;
    const high = Math.floor(value / TWO_POW_32);
    const code = Math.floor(value) === value ? (value | 0) ^ (high | 0) : doubleHashCode(value);
    out[i] = Math.imul(out[i]!, factor) + code;
  }
}

function addValues(
  values: readonly unknown[],
  rows: number,
  out: Int32Array,
  factor: number,
  name: string,
): void {
  for (let i = 0; i < rows; i++) {
    const value = values[i];
    if (Array.isArray(value)) throw invalidKey(name, value);
    out[i] = Math.imul(out[i]!, factor) + valueHashCode(value, name);
  }
}

function addStrings(column: StringColumn, rows: number, out: Int32Array, factor: number): void {
  const { entries, codes } = column;
  if (codes === null && entries.hashCodes === null) {
    addEntries(entries, rows, out, factor);
    return;
  }
  const hashCodes = entryHashCodes(entries);
  if (codes === null) {
    addInts(hashCodes, rows, out, factor);
    return;
  }
  for (let i = 0; i < rows; i++) out[i] = Math.imul(out[i]!, factor) + hashCodes[codes[i]!]!;
}

function addEntries(entries: StringEntries, count: number, out: Int32Array, factor: number): void {
  const { bytes, offsets } = entries;
  const step = entries.isWide ? 2 : 1;
  let start = offsets[0]!;
  for (let i = 0; i < count; i++) {
    const end = offsets[i + 1]!;
    let h = 0;
    if (step === 1) {
      for (let at = start; at < end; at++) h = (Math.imul(h, 31) + bytes[at]!) | 0;
    } else {
      for (let at = start; at < end; at += 2) {
        h = (Math.imul(h, 31) + (bytes[at]! | (bytes[at + 1]! << 8))) | 0;
      }
    }
    out[i] = Math.imul(out[i]!, factor) + h;
    start = end;
  }
}
