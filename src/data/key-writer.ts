/**
 * Writes keys as canonical bytes (see key.ts for the form) into one array that is used again for each batch. A
 * column of narrow strings needs no writing at all: the key bytes are the column's.
 */
import { EngineError } from '../base/errors.ts';
import type { FixedColumn, StringColumn } from './column.ts';
import { describe, severalParts } from './field-check.ts';
import type { KeyBytes } from './key.ts';

/** What kind of component follows, in keys whose types may change from row to row. */
export const TAG_INT32 = 1;
export const TAG_FLOAT64 = 2;
export const TAG_STRING = 3;
export const TAG_BOOLEAN = 4;
export const TAG_BIGINT = 5;
export const TAG_DATE = 6;

const BYTES_MIN = 4096;

export class KeyBytesWriter {
  readonly #target: KeyBytes;
  #bytes = new Uint8Array(BYTES_MIN);
  #view = new DataView(this.#bytes.buffer);
  #starts = new Int32Array(0);
  #sizes = new Int32Array(0);
  #at = 0;

  /** Results go to `target`, all but the hashes. */
  constructor(target: KeyBytes) {
    this.#target = target;
  }

  writeStrings(column: StringColumn, rows: number): void {
    this.begin(rows);
    const { entries, codes } = column;
    const { offsets, isWide } = entries;
    const starts = this.#starts;
    const sizes = this.#sizes;
    for (let i = 0; i < rows; i++) {
      const entry = codes === null ? i : codes[i]!;
      starts[i] = offsets[entry]!;
      sizes[i] = (offsets[entry + 1]! - offsets[entry]!) << 1;
    }
    if (!isWide) {
      this.#finish(entries.bytes);
      return;
    }
    for (let i = 0; i < rows; i++) {
      const start = starts[i]!;
      const end = start + (sizes[i]! >> 1);
      starts[i] = this.#at;
      sizes[i] = this.#copyUnits(entries.bytes, start, end, true);
    }
    this.#finish(this.#bytes);
  }

  writeColumns(columns: readonly (FixedColumn | StringColumn)[], rows: number): void {
    this.begin(rows);
    for (let i = 0; i < rows; i++) {
      const start = this.#at;
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c]!;
        if (column.kind === 'string') this.#writeEntry(column, i);
        else this.#writeFixed(column, i);
      }
      this.#starts[i] = start;
      this.#sizes[i] = (this.#at - start) << 1;
    }
    this.#finish(this.#bytes);
  }

  /** Writes the key of one row, of columns of strings, behind those since `begin`, as key `number`. */
  appendStrings(columns: readonly StringColumn[], row: number, number: number): void {
    const start = this.#at;
    if (columns.length === 1) {
      const { entries, codes } = columns[0]!;
      const entry = codes![row]!;
      const [from, to] = [entries.offsets[entry]!, entries.offsets[entry + 1]!];
      this.#sizes[number] = this.#copyUnits(entries.bytes, from, to, entries.isWide);
    } else {
      for (const column of columns) this.#writeEntry(column, row);
      this.#sizes[number] = (this.#at - start) << 1;
    }
    this.#starts[number] = start;
    this.#finish(this.#bytes);
  }

  /** Free-form keys: one value a row, or an array of values when the key has several fields. */
  writeValues(values: readonly unknown[], rows: number, names: readonly string[]): void {
    this.begin(rows);
    for (let i = 0; i < rows; i++) {
      const start = this.#at;
      const value = values[i];
      if (names.length > 1) {
        for (const component of value as readonly unknown[]) this.#writeTagged(component);
      } else {
        this.#writeTagged(value);
      }
      this.#starts[i] = start;
      this.#sizes[i] = (this.#at - start) << 1;
    }
    this.#finish(this.#bytes);
  }

  /** Starts anew, with room for so many keys. */
  begin(rows: number): void {
    this.#at = 0;
    if (this.#starts.length >= rows) return;
    this.#starts = new Int32Array(rows);
    this.#sizes = new Int32Array(rows);
  }

  #finish(bytes: Uint8Array): void {
    this.#target.bytes = bytes;
    this.#target.starts = this.#starts;
    this.#target.sizes = this.#sizes;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#at + bytes, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #writeEntry(column: StringColumn, row: number): void {
    const { entries, codes } = column;
    const entry = codes === null ? row : codes[row]!;
    const start = entries.offsets[entry]!;
    const end = entries.offsets[entry + 1]!;
    this.#reserve(4 + end - start);
    const head = this.#at;
    this.#at += 4;
    this.#view.setInt32(head, this.#copyUnits(entries.bytes, start, end, entries.isWide), true);
  }

  /** Copies units, as one byte each where all fit; returns the size. */
  #copyUnits(source: Uint8Array, start: number, end: number, isWide: boolean): number {
    this.#reserve(end - start);
    const target = this.#bytes;
    let at = this.#at;
    const step = isWide && isNarrow(source, start, end) ? 2 : 1;
    for (let i = start; i < end; i += step) target[at++] = source[i]!;
    const length = at - this.#at;
    this.#at = at;
    return (length << 1) | (isWide && step === 1 ? 1 : 0);
  }

  #writeFixed(column: FixedColumn, row: number): void {
    this.#reserve(8);
    const value = column.values[row]!;
    switch (column.kind) {
      case 'int32':
        this.#view.setInt32(this.#at, value as number, true);
        this.#at += 4;
        break;
      case 'boolean':
        this.#view.setUint8(this.#at, value as number);
        this.#at += 1;
        break;
      case 'int64':
        this.#view.setBigInt64(this.#at, value as bigint, true);
        this.#at += 8;
        break;
      default:
        // Adding zero turns -0 into 0.
        this.#view.setFloat64(this.#at, (value as number) + 0, true);
        this.#at += 8;
    }
  }

  #writeTagged(value: unknown): void {
    this.#reserve(16);
    const view = this.#view;
    const at = this.#at;
    if (typeof value === 'string') this.#writeString(value);
    else if (typeof value === 'number') {
      const isInt = (value | 0) === value;
      view.setUint8(at, isInt ? TAG_INT32 : TAG_FLOAT64);
      if (isInt) view.setInt32(at + 1, value, true);
      else view.setFloat64(at + 1, value, true);
      this.#at = at + (isInt ? 5 : 9);
    } else if (typeof value === 'boolean') {
      view.setUint8(at, TAG_BOOLEAN);
      view.setUint8(at + 1, value ? 1 : 0);
      this.#at = at + 2;
    } else if (value instanceof Date) {
      view.setUint8(at, TAG_DATE);
      view.setFloat64(at + 1, value.getTime(), true);
      this.#at = at + 9;
    } else if (typeof value === 'bigint') {
      const digits = value.toString();
      this.#writeString(digits);
      this.#view.setUint8(at, TAG_BIGINT);
    } else {
      throw new EngineError(
        'KEY_INVALID',
        `a key cannot be ${describe(value)}${severalParts(value)}`,
      );
    }
  }

  #writeString(value: string): void {
    const units = value.length;
    this.#reserve(5 + units * 2);
    let at = this.#at;
    const bytes = this.#bytes;
    bytes[at] = TAG_STRING;
    const head = at + 1;
    at += 5;
    let i = 0;
    for (; i < units; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0xff) break;
      bytes[at + i] = unit;
    }
    const isWide = i < units;
    if (isWide)
      for (i = 0; i < units; i++) this.#view.setUint16(at + i * 2, value.charCodeAt(i), true);
    const length = isWide ? units * 2 : units;
    this.#view.setInt32(head, (length << 1) | (isWide ? 1 : 0), true);
    this.#at = at + length;
  }
}

function isNarrow(units: Uint8Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i += 2) if (units[i] !== 0) return false;
  return true;
}
