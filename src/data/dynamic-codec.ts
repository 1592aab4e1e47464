/**
 * Values of dynamic columns as bytes, exactly: what comes out equals what went in, except that
 * instances of classes come out as plain objects and symbol keys are dropped, as in a structured clone, and an
 * object that occurs twice within one value may come out as two. Functions, symbols and what else cannot be
 * cloned are an EngineError VALUE_NOT_TRANSFERABLE.
 *
 *   value   uint8 tag, then   UNDEFINED_TAG  nothing
 *                             PLAIN_TAG      MessagePack: null, booleans, numbers, strings, arrays and objects of these
 *                             CLONE_TAG      v8.serialize, for everything else
 *
 * MessagePack is several times faster but loses -0, undefined, holes, lone surrogates, cycles and types;
 * `isPlain` decides by looking at the whole value first. Results never share memory with the bytes given.
 *
 * 'msgpackr' itself also loads an addon, which every thread of a job would wait for. Benchmark: figure cold-start.
 */
import { DefaultDeserializer, serialize } from 'node:v8';
import { Packr } from 'msgpackr/pack';
import { EngineError, messageOf } from '../base/errors.ts';
import { PRESENT } from './column.ts';
import { isElements } from './plain-array.ts';
import { untransferablePath } from './untransferable.ts';

const UNDEFINED_TAG = 0;
const PLAIN_TAG = 1;
const CLONE_TAG = 2;

/** Objects nested deeper, or values of more parts, are cloned: they may be cycles. */
const PLAIN_DEPTH_MAX = 32;
const PLAIN_PARTS_MAX = 10_000;

const PACKED_BYTES_MIN = 1024;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

/** The values of a column: value i is bytes[offsets[i]] to bytes[offsets[i + 1] - 1]; none if the row is absent. */
export type PackedValues = { readonly offsets: Int32Array; readonly bytes: Uint8Array };

export function packValues(
  values: readonly unknown[],
  absent: Uint8Array | null,
  rowCount: number,
  fieldName: string,
): PackedValues {
  const offsets = new Int32Array(rowCount + 1);
  let bytes = new Uint8Array(PACKED_BYTES_MIN);
  let at = 0;
  for (let row = 0; row < rowCount; row++) {
    if (absent === null || absent[row] === PRESENT) {
      const value = values[row];
      const isPlainValue = isPlain(value);
      const packed =
        value === undefined
          ? null
          : isPlainValue
            ? packr.pack(value)
            : cloneBytes(value, fieldName);
      const end = at + 1 + (packed === null ? 0 : packed.length);
      if (end > bytes.length) {
        const grown = new Uint8Array(Math.max(end, bytes.length * 2));
        grown.set(bytes);
        bytes = grown;
      }
      bytes[at] = packed === null ? UNDEFINED_TAG : isPlainValue ? PLAIN_TAG : CLONE_TAG;
      if (packed !== null) bytes.set(packed, at + 1);
      at = end;
    }
    offsets[row + 1] = at;
  }
  return { offsets, bytes: bytes.subarray(0, at) };
}

/** The values of the rows that are not absent; undefined for the others. Bytes that make no sense are FRAME_CORRUPT. */
export function unpackValues(
  packed: PackedValues,
  absent: Uint8Array | null,
  rowCount: number,
): unknown[] {
  const { offsets } = packed;
  const bytes = Buffer.from(packed.bytes.slice().buffer);
  const values = new Array<unknown>(rowCount).fill(undefined);
  try {
    for (let row = 0; row < rowCount; row++) {
      if (absent !== null && absent[row] !== PRESENT) continue;
      values[row] = unpackValue(bytes, offsets[row]!, offsets[row + 1]!);
    }
  } catch (cause) {
    const message = `a packed value cannot be read: ${messageOf(cause)}`;
    throw new EngineError('FRAME_CORRUPT', message, { cause });
  }
  return values;
}

function unpackValue(bytes: Buffer, start: number, end: number): unknown {
  if (start < 0 || start >= end || end > bytes.length) throw new RangeError('offsets out of range');
  switch (bytes[start]) {
    case UNDEFINED_TAG:
      return undefined;
    case PLAIN_TAG:
      return packr.unpack(bytes.subarray(start + 1, end));
    case CLONE_TAG:
      return readClone(bytes.subarray(start + 1, end));
    default:
      throw new RangeError(`unknown tag ${bytes[start]}`);
  }
}

let partsLeft = 0;

/** Whether MessagePack keeps the value exactly. */
export function isPlain(value: unknown): boolean {
  partsLeft = PLAIN_PARTS_MAX;
  return isPlainPart(value, 0);
}

function isPlainPart(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'number':
      return value !== 0 || 1 / value > 0;
    case 'string':
      return value.isWellFormed();
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (depth === PLAIN_DEPTH_MAX || --partsLeft < 0) return false;
      return Array.isArray(value) ? isPlainArray(value, depth) : isPlainObject(value, depth);
    default:
      return false;
  }
}

/** Longer arrays are cloned: it costs less than to look for properties beside the elements. */
function isPlainArray(array: readonly unknown[], depth: number): boolean {
  if (!isElements(array)) return false;
  for (let i = 0; i < array.length; i++) if (!isPlainPart(array[i], depth + 1)) return false;
  return true;
}

function isPlainObject(object: object, depth: number): boolean {
  if (Object.getPrototypeOf(object) !== Object.prototype) return false;
  for (const key in object) {
    // msgpackr reads the constructor of an object and renames __proto__.
    if (key === '__proto__' || key === 'constructor' || !key.isWellFormed()) return false;
    if (!isPlainPart((object as Readonly<Record<string, unknown>>)[key], depth + 1)) return false;
  }
  return true;
}

function cloneBytes(value: unknown, fieldName: string): Buffer {
  try {
    return serialize(value);
  } catch (cause) {
    const found = untransferablePath(value, fieldName);
    const message = found ?? `field '${fieldName}': ${messageOf(cause)}`;
    throw new EngineError('VALUE_NOT_TRANSFERABLE', message, { cause });
  }
}

/** Node's own deserialiser, except that typed arrays get memory of their own. */
class CopyingDeserializer extends DefaultDeserializer {
  _readHostObject(): unknown {
    const inherited = DefaultDeserializer.prototype as unknown as { _readHostObject(): unknown };
    const view = inherited._readHostObject.call(this) as ArrayBufferView;
    const memory = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    if (Buffer.isBuffer(view)) return Buffer.from(memory as ArrayBuffer);
    const ViewClass = view.constructor as new (memory: ArrayBufferLike) => ArrayBufferView;
    return new ViewClass(memory);
  }
}

function readClone(bytes: Buffer): unknown {
  const reader = new CopyingDeserializer(bytes);
  reader.readHeader();
  return reader.readValue();
}
