/** Turns keys of a state table back into the key columns of results; the inverse of key-writer.ts. */
import { assert } from '../base/assert.ts';
import type { BatchBuilder } from './batch-builder.ts';
import type { FixedColumn } from './column.ts';
import type { StoredKeyBytes } from './key.ts';
import { TAG_BOOLEAN, TAG_DATE, TAG_FLOAT64, TAG_INT32, TAG_STRING } from './key-writer.ts';
import type { Field, FieldKind } from './schema.ts';
import type { StringBuilder } from './string-builder.ts';

/** Appends ints[from] to ints[to - 1] to the first column, which is int32 or dynamic; `advance` is the caller's. */
export function appendIntKeys(
  ints: Int32Array,
  from: number,
  to: number,
  builder: BatchBuilder,
  field: Field,
): void {
  const at = builder.rowCount;
  const values =
    field.kind === 'dynamic' ? builder.dynamic(0).values : (builder.fixed(0).values as Int32Array);
  for (let i = from; i < to; i++) values[at + i - from] = ints[i]!;
}

/** Appends keys from to to - 1 to the first columns, one a field; `advance` is the caller's. */
export function appendByteKeys(
  keys: StoredKeyBytes,
  from: number,
  to: number,
  builder: BatchBuilder,
  fields: readonly Field[],
  isTyped: boolean,
): void {
  const at = builder.rowCount;
  const cursor = new KeyCursor(keys.bytes);
  for (let i = from; i < to; i++) {
    const row = at + i - from;
    cursor.at = keys.starts[i]!;
    if (isTyped && fields.length === 1 && fields[0]!.kind === 'string') {
      cursor.copyUnits(keys.sizes[i]!, builder.strings(0));
      continue;
    }
    for (let c = 0; c < fields.length; c++) {
      const kind = fields[c]!.kind;
      if (!isTyped) builder.dynamic(c).values[row] = cursor.value();
      else if (kind === 'string') cursor.copyUnits(cursor.int32(), builder.strings(c));
      else cursor.copyFixed(builder.fixed(c), row);
    }
  }
}

/** The values of one key, one a field. */
export function readByteKey(
  keys: StoredKeyBytes,
  key: number,
  fields: readonly Field[],
  isTyped: boolean,
): readonly unknown[] {
  const cursor = new KeyCursor(keys.bytes);
  cursor.at = keys.starts[key]!;
  if (!isTyped) return fields.map(() => cursor.value());
  if (fields.length === 1 && fields[0]!.kind === 'string') return [cursor.units(keys.sizes[key]!)];
  return fields.map(({ kind }) => cursor.typedValue(kind));
}

class KeyCursor {
  at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int32(): number {
    this.at += 4;
    return this.#view.getInt32(this.at - 4, true);
  }

  float64(): number {
    this.at += 8;
    return this.#view.getFloat64(this.at - 8, true);
  }

  copyUnits(size: number, target: StringBuilder): void {
    if ((size & 1) === 0) {
      target.appendLatin1(this.#bytes, this.at, this.at + (size >> 1));
      this.at += size >> 1;
    } else {
      target.append(this.units(size));
    }
  }

  copyFixed(column: FixedColumn, row: number): void {
    switch (column.kind) {
      case 'int32':
        column.values[row] = this.int32();
        break;
      case 'boolean':
        column.values[row] = this.#bytes[this.at++]!;
        break;
      case 'int64':
        column.values[row] = this.#view.getBigInt64(this.at, true);
        this.at += 8;
        break;
      default:
        column.values[row] = this.float64();
    }
  }

  /** A component of a kind that is known. */
  typedValue(kind: FieldKind): unknown {
    switch (kind) {
      case 'string':
        return this.units(this.int32());
      case 'int32':
        return this.int32();
      case 'boolean':
        return this.#bytes[this.at++] === 1;
      case 'int64':
        this.at += 8;
        return this.#view.getBigInt64(this.at - 8, true);
      case 'date':
        return new Date(this.float64());
      default:
        return this.float64();
    }
  }

  /** A tagged component. */
  value(): unknown {
    const tag = this.#bytes[this.at++]!;
    switch (tag) {
      case TAG_INT32:
        return this.int32();
      case TAG_FLOAT64:
        return this.float64();
      case TAG_STRING:
        return this.units(this.int32());
      case TAG_BOOLEAN:
        return this.#bytes[this.at++] === 1;
      case TAG_DATE:
        return new Date(this.float64());
      default:
        return BigInt(this.units(this.int32()));
    }
  }

  units(size: number): string {
    const length = size >> 1;
    const start = this.at;
    this.at += length;
    assert(this.at <= this.#bytes.length, 'key bytes end inside a key');
    const bytes = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
    return bytes.toString((size & 1) === 1 ? 'utf16le' : 'latin1');
  }
}
