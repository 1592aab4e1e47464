/**
 * Columns: the values of one field over the rows of a batch.
 *
 * Arrays may be longer than the batch has rows; what lies behind is not data. `absent` holds one byte a row,
 * or is null when every value is there: PRESENT, NULL, and for free-form rows UNDEFINED (the field was there,
 * without a value) and MISSING (the row had no such field). Columns of a batch are read-only for whoever
 * receives the batch.
 *
 *   FixedColumn    int32 Int32Array | float64, timestamp, date Float64Array | int64 BigInt64Array |
 *                  boolean Uint8Array (0, 1)
 *   StringColumn   entries (bytes and offsets), one a row; or with `codes`, a dictionary of entries
 *   DynamicColumn  JavaScript values, packed only when they leave the thread
 */
import type { Batch } from './batch.ts';
import { SLICE_UNITS_MIN } from './own-text.ts';
import type { FieldKind } from './schema.ts';
import { ComputedValues, UnreadValues } from './selected-values.ts';

/** Entries that are decoded as one text: few enough that it is mostly young memory, which costs little to give back. */
const PIECE_ENTRIES = 512;

/** Of all entries, how few are decoded one by one: it takes some times as long for each. */
const FEW_SHARE = 1 / 32;

export const PRESENT = 0;
export const NULL = 1;
export const UNDEFINED = 2;
export const MISSING = 3;

export type FixedKind = Exclude<FieldKind, 'string' | 'dynamic'>;
export type FixedArray = Int32Array | Float64Array | BigInt64Array | Uint8Array;

export type Column = FixedColumn | StringColumn | DynamicColumn;

/**
 * Numbers, times, booleans: `new FixedColumn('int32', Int32Array.of(3, 1, 4))`. A function in place of the values makes them when
 * somebody reads them first, if anybody does: `new FixedColumn('float64', () => Float64Array.of(1.5, 2.5))`. A number is how many
 * there is room for, in memory that is taken when somebody asks for it first.
 */
export class FixedColumn {
  readonly kind: FixedKind;
  absent: Uint8Array | null;
  /** Null until somebody reads them. */
  #values: FixedArray | null;
  readonly #unread: UnreadValues | null;
  readonly #capacity: number;

  constructor(
    kind: FixedKind,
    values: FixedArray | UnreadValues | (() => FixedArray) | number,
    absent: Uint8Array | null = null,
  ) {
    const isEmpty = typeof values === 'number';
    const unread = typeof values === 'function' ? new ComputedValues(values) : values;
    const isUnread = unread instanceof UnreadValues;
    this.kind = kind;
    this.absent = absent;
    this.#values = isEmpty || isUnread ? null : (unread as FixedArray);
    this.#unread = isUnread ? unread : null;
    this.#capacity = isEmpty ? values : 0;
  }

  get values(): FixedArray {
    this.#values ??= this.#made();
    return this.#values;
  }

  #made(): FixedArray {
    return this.#unread === null ? fixedArray(this.kind, this.#capacity) : this.#unread.read();
  }

  set values(values: FixedArray) {
    this.#values = values;
  }

  /** The values, or what they will be made by: the same for columns, and times, that are the same. */
  get unread(): FixedArray | UnreadValues {
    return this.#unread ?? this.values;
  }
}

/**
 * A list of strings as bytes: entry i is bytes[offsets[i]] to bytes[offsets[i + 1]]. Narrow entries hold one
 * byte a UTF-16 code unit (latin1); when any entry needs more, all are wide: two bytes a unit, little
 * endian, so that lone surrogates survive.
 *
 * `new StringEntries(2, Int32Array.of(0, 1, 3), Buffer.from('abc'), false).get(1)` is 'bc'.
 */
export class StringEntries {
  count: number;
  offsets: Int32Array;
  bytes: Uint8Array;
  isWide: boolean;
  /** Whether the arrays are never written again, so that the entries may be kept by reference. */
  readonly isOwned: boolean;
  #strings: string[] | null = null;
  #text: Buffer | null = null;
  /** How many were asked for one by one. */
  #asked = 0;
  /** Java hash codes of the entries, once somebody needed them; see key-hash.ts. */
  hashCodes: Int32Array | null = null;

  constructor(
    count: number,
    offsets: Int32Array,
    bytes: Uint8Array,
    isWide: boolean,
    isOwned = false,
  ) {
    this.count = count;
    this.offsets = offsets;
    this.bytes = bytes;
    this.isWide = isWide;
    this.isOwned = isOwned;
  }

  /** One entry as a string; all entries are decoded at the first call and shared after that. */
  get(entry: number): string {
    this.#strings ??= this.#decode();
    return this.#strings[entry]!;
  }

  /** One entry as a string of its own, decoded alone: where few of many are wanted. */
  one(entry: number): string {
    const { bytes, offsets, isWide } = this;
    this.#text ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#text.toString(isWide ? 'utf16le' : 'latin1', offsets[entry], offsets[entry + 1]);
  }

  /** One entry as a string, where it shows with time whether few of them are wanted or many. */
  few(entry: number): string {
    if (this.#strings !== null) return this.#strings[entry]!;
    if (this.#asked++ < this.count * FEW_SHARE) return this.one(entry);
    return this.get(entry);
  }

  /** Whether all are decoded. */
  get isDecoded(): boolean {
    return this.#strings !== null;
  }

  /** One entry as a string that keeps no other alive, where all are wanted. */
  own(entry: number): string {
    const text = this.get(entry);
    return text.length < SLICE_UNITS_MIN ? text : this.one(entry);
  }

  /** All entries as strings. Long ones are slices of longer strings: copy what outlives the batch. */
  all(): readonly string[] {
    this.#strings ??= this.#decode();
    return this.#strings;
  }

  #decode(): string[] {
    const { count, offsets, isWide } = this;
    const bytes = Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    const encoding = isWide ? 'utf16le' : 'latin1';
    const shift = isWide ? 1 : 0;
    const strings = new Array<string>(count);
    for (let i = 0; i < count; ) {
      const last = Math.min(count, i + PIECE_ENTRIES);
      const start = offsets[i]!;
      const text = bytes.toString(encoding, start, offsets[last]);
      for (let from = start; i < last; i++) {
        const to = offsets[i + 1]!;
        strings[i] =
          from === to ? '' : text.substring((from - start) >> shift, (to - start) >> shift);
        from = to;
      }
    }
    return strings;
  }
}

/**
 * Strings: of each row its own entry, or by `codes` one of a few. Of rows that a filter has let pass, `codes` may be where
 * their entries are among those of all: a selection, which nobody keeps as a dictionary.
 */
export class StringColumn {
  readonly kind = 'string';
  entries: StringEntries;
  /** Null: row i is entry i. Otherwise row i is entry codes[i]. */
  codes: Int32Array | null;
  absent: Uint8Array | null;
  readonly isSelection: boolean;

  constructor(
    entries: StringEntries,
    codes: Int32Array | null = null,
    absent: Uint8Array | null = null,
    isSelection = false,
  ) {
    this.entries = entries;
    this.codes = codes;
    this.absent = absent;
    this.isSelection = isSelection;
  }
}

/** Any values. A number in place of them is how many there is room for, in memory that is taken when somebody asks for it first. */
export class DynamicColumn {
  readonly kind = 'dynamic';
  absent: Uint8Array | null;
  /** The values as rows of columns, which become objects when somebody reads them; null where there are objects only. */
  readonly rows: Batch | null;
  /** Throws at a value that may not leave the thread; asked for those that are packed, not for plain ones of one shape. */
  check: ((value: unknown) => void) | null = null;
  #values: unknown[] | null;
  readonly #capacity: number;

  constructor(values: unknown[] | Batch | number, absent: Uint8Array | null = null) {
    const areValues = Array.isArray(values);
    const isEmpty = typeof values === 'number';
    this.absent = absent;
    this.rows = areValues || isEmpty ? null : values;
    this.#values = areValues ? values : null;
    this.#capacity = isEmpty ? values : 0;
  }

  /** Whether there are values that may be no longer wanted. */
  get isMade(): boolean {
    return this.#values !== null;
  }

  get values(): unknown[] {
    this.#values ??= this.rows === null ? new Array(this.#capacity) : [...this.rows.rowObjects()];
    return this.#values;
  }
}

/** A fresh array for `capacity` values of a kind. */
export function fixedArray(kind: FixedKind, capacity: number): FixedArray {
  switch (kind) {
    case 'int32':
      return new Int32Array(capacity);
    case 'int64':
      return new BigInt64Array(capacity);
    case 'boolean':
      return new Uint8Array(capacity);
    case 'float64':
    case 'timestamp':
    case 'date':
      return new Float64Array(capacity);
  }
}

/** One value as the user sees it; undefined for a MISSING field too. Not for hot loops. */
export function valueAt(column: Column, row: number): unknown {
  if (column.absent !== null && column.absent[row] !== PRESENT) {
    return column.absent[row] === NULL ? null : undefined;
  }
  switch (column.kind) {
    case 'string':
      return column.entries.get(column.codes === null ? row : column.codes[row]!);
    case 'dynamic':
      return column.values[row];
    case 'boolean':
      return column.values[row] === 1;
    case 'date':
      return new Date(column.values[row] as number);
    default:
      return column.values[row];
  }
}
