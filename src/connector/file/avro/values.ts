/** Values of any Avro type from bytes: fields of any shape, fields that are passed over, and rows without a schema. */
import { msOfBigint } from '../int64-time.ts';
import type { AvroField, AvroType } from './avro-schema.ts';
import { JSON_TYPE } from './avro-schema.ts';

/** The bytes of a block, and where in them the next value begins. */
export type BlockBytes = { bytes: Buffer; at: number };

export type ReadValue = (block: BlockBytes) => unknown;

/** A long as a number where one holds it exactly, else as a bigint. */
function readLong(block: BlockBytes): number | bigint {
  const { bytes } = block;
  let low = 0;
  let scale = 1;
  for (let n = 0; n < 7; n++, scale *= 128) {
    const byte = byteAt(bytes, block.at++);
    low += (byte & 0x7f) * scale;
    if (byte < 128) return low % 2 === 0 ? low / 2 : -(low + 1) / 2;
  }
  let value = BigInt(low);
  for (let shift = 49n; ; shift += 7n) {
    if (shift > 63n) throw new RangeError('a number is longer than 64 bits');
    const byte = byteAt(bytes, block.at++);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 128) break;
  }
  const signed = BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new RangeError('a record is cut off');
  return byte;
}

/** A length or count that is not more than the bytes left. */
function readCount(block: BlockBytes): number {
  const count = Number(readLong(block));
  const left = block.bytes.length - block.at;
  if (!(Math.abs(count) <= left))
    throw new RangeError(`a length of ${count} with ${left} bytes left`);
  return count;
}

function take(block: BlockBytes, length: number): number {
  const from = block.at;
  if (!(length >= 0 && length <= block.bytes.length - from))
    throw new RangeError('a value is cut off');
  block.at = from + length;
  return from;
}

function readText(block: BlockBytes): string {
  const length = readCount(block);
  const from = take(block, length);
  return block.bytes.toString('utf8', from, from + length);
}

function readBytes(block: BlockBytes, length: number): Uint8Array {
  const from = take(block, length);
  return new Uint8Array(block.bytes.subarray(from, from + length));
}

/** Units of a logical type of time in a millisecond, 1 / 86,400,000 for days; null for other types. */
export function unitsPerMs(logical: string | null): number | null {
  switch (logical) {
    case 'timestamp-millis':
    case 'local-timestamp-millis':
    case 'time-millis':
      return 1;
    case 'timestamp-micros':
    case 'local-timestamp-micros':
    case 'time-micros':
      return 1e3;
    case 'timestamp-nanos':
    case 'local-timestamp-nanos':
      return 1e6;
    case 'date':
      return 1 / 86_400_000;
    default:
      return null;
  }
}

function inMs(units: number | bigint, perMs: number): number {
  return typeof units === 'bigint' && perMs > 1 ? msOfBigint(units, perMs) : Number(units) / perMs;
}

const cache = new WeakMap<AvroType, ReadValue>();

/** A reader of values of a type; times are milliseconds. */
export function valueReader(type: AvroType): ReadValue {
  let read = cache.get(type);
  if (read === undefined) {
    // A record may contain itself: what it is read by is known before its fields are.
    cache.set(type, (block) => read!(block));
    read = makeReader(type);
    cache.set(type, read);
  }
  return read;
}

function makeReader(type: AvroType): ReadValue {
  switch (type.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (block) => byteAt(block.bytes, block.at++) === 1;
    case 'int':
    case 'long': {
      const perMs = unitsPerMs(type.logical);
      return perMs === null ? readLong : (block) => inMs(readLong(block), perMs);
    }
    case 'float':
      return (block) => block.bytes.readFloatLE(take(block, 4));
    case 'double':
      return (block) => block.bytes.readDoubleLE(take(block, 8));
    case 'string':
      return type.logical === JSON_TYPE ? (block) => JSON.parse(readText(block)) : readText;
    case 'bytes':
      return (block) => readBytes(block, readCount(block));
    case 'fixed':
      return (block) => readBytes(block, type.size);
    case 'enum':
      return (block) => oneOf(type.symbols, readLong(block));
    case 'union': {
      const branches = type.branches.map(valueReader);
      return (block) => oneOf(branches, readLong(block))(block);
    }
    case 'array':
      return listReader(valueReader(type.items));
    case 'map':
      return mapReader(valueReader(type.items));
    case 'record':
      return recordReader(type.fields);
  }
}

function oneOf<T>(list: readonly T[], index: number | bigint): T {
  const found = list[Number(index)];
  if (found === undefined) throw new RangeError(`no. ${index} of ${list.length}`);
  return found;
}

/** Calls for each item of a list or map, which come in blocks. */
function eachItem(block: BlockBytes, item: () => void): void {
  for (;;) {
    let count = readCount(block);
    if (count === 0) return;
    if (count < 0) {
      count = -count;
      readCount(block); // its bytes
    }
    for (let n = 0; n < count; n++) item();
  }
}

function listReader(read: ReadValue): ReadValue {
  return (block) => {
    const list: unknown[] = [];
    eachItem(block, () => list.push(read(block)));
    return list;
  };
}

function mapReader(read: ReadValue): ReadValue {
  return (block) => {
    const entries: [string, unknown][] = [];
    eachItem(block, () => entries.push([readText(block), read(block)]));
    return Object.fromEntries(entries);
  };
}

function recordReader(fields: readonly AvroField[]): ReadValue {
  const readers = fields.map(({ name, type }) => [name, valueReader(type)] as const);
  return (block) => Object.fromEntries(readers.map(([name, read]) => [name, read(block)]));
}
