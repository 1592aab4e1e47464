/**
 * Keys of records, read from batches in the form that state tables want: int32 values, or canonical bytes.
 *
 * A single int32 field stays an int. Everything else becomes canonical bytes, equal exactly when the keys are
 * equal (as a Map compares: NaN aside, 0 and -0 are one key):
 *
 *   one string        its units, one byte each when all fit latin1, else two
 *   other typed keys  the components one after the other: fixed kinds as their bytes, strings behind their size
 *   free-form keys    the same with a tag byte before each component, since its type may change from row to row
 *
 * A size is bytes * 2, plus 1 when the units are wide. Free-form keys that are all int32 numbers are read as
 * ints until the first that is not; `isInt` tells, and never comes back.
 */
import { EngineError } from '../base/errors.ts';
import type { Batch } from './batch.ts';
import type { Column, FixedColumn, StringColumn } from './column.ts';
import { fieldsRead } from './fields-read.ts';
import type { GeneratedLoop } from './generated-loop.ts';
import { firstInvalidKey, hashInts, hashKeys, hashKeyValue, murmur } from './key-hash.ts';
import { KeyBytesWriter } from './key-writer.ts';
import { plainField } from './plain-field.ts';
import {
  fieldReader,
  generatedFieldReader,
  type RowFunction,
  RowFunctionLoop,
} from './row-function.ts';
import { type Field, fieldIndex, type Schema } from './schema.ts';
import { SharedKeys } from './shared-keys.ts';

/** How a stream is keyed. The field of a key function is called 'key'. */
export type KeySpec =
  | { readonly kind: 'fields'; readonly fields: readonly string[] }
  | { readonly kind: 'function' }
  /** One key without fields, which all records have. */
  | { readonly kind: 'all' };

const RECENT_DICTIONARIES = 4;

export type KeyFunction = (row: unknown) => unknown;

/** Canonical bytes of keys: key i is bytes[starts[i]], of sizes[i] >> 1 bytes. */
export type StoredKeyBytes = {
  bytes: Uint8Array;
  starts: Int32Array;
  sizes: Int32Array;
};

export type KeyBytes = StoredKeyBytes & {
  hashes: Int32Array;
  /** Each is one string: its hash is of all of its units. The same for all keys of a table. */
  readonly areTexts: boolean;
};

/** The fields of the key, as they stand in results; all are dynamic as soon as one is. */
export function keyFields(key: KeySpec, schema: Schema | null): readonly Field[] {
  if (key.kind === 'all') return [];
  const names = key.kind === 'function' ? ['key'] : key.fields;
  const typed = isTypedKey(key, schema);
  return names.map((name) => {
    if (!typed) return { name, kind: 'dynamic', nullable: false };
    return { ...schema!.fields[fieldIndex(schema!, name, 'keyBy')]!, nullable: false };
  });
}

/** Whether the kinds of all key fields are known, so that the bytes of a key need no tags. */
export function isTypedKey(key: KeySpec, schema: Schema | null): boolean {
  if (key.kind === 'all') return true;
  if (schema === null || key.kind === 'function') return false;
  return key.fields.every(
    (name) => schema.fields[fieldIndex(schema, name, 'keyBy')]!.kind !== 'dynamic',
  );
}

/** Reads the keys of batches of one stream. `read` first; then `ints`, or `keyBytes`, of that batch. */
export class KeyReader {
  /** Whether keys of the last batch are in `ints`; false for ever once a key was no int. */
  isInt: boolean;
  ints: Int32Array = new Int32Array(0);
  readonly keyBytes: KeyBytes;
  /** Keys of the last batch, where they are read once for all rows that have them; null when each row has its own. */
  shared: SharedKeys | null = null;
  /** Those of the dictionaries that came last, the newest in front: splits may be read in turn. */
  readonly #recent: SharedKeys[] = [];
  readonly #columns: readonly number[] | null;
  readonly #names: readonly string[];
  readonly #isByFunction: boolean;
  readonly #isAll: boolean;
  /** Of a key that is one column of any values; -1 for other keys. */
  readonly #valueColumn: number;
  /** Of a key that is one column of ints, by its field or by a function that only reads it; -1 for other keys. */
  readonly #intColumn: number;
  /** For keys that are not typed columns. */
  readonly #hashLoop: RowFunctionLoop<unknown, number>;
  readonly #intLoop: RowFunctionLoop<unknown, number>;
  readonly #valueLoop: RowFunctionLoop<unknown, unknown>;
  #running: { readonly row: number } | null = null;
  #invalidRow = 0;
  readonly #writer: KeyBytesWriter;
  #ownInts = new Int32Array(0);
  #ownHashes = new Int32Array(0);

  constructor(key: KeySpec, schema: Schema | null, keyFunction: KeyFunction | null) {
    const fields = keyFields(key, schema);
    const isTyped = isTypedKey(key, schema);
    this.#columns = isTyped
      ? fields.map((field) => fieldIndex(schema!, field.name, 'keyBy'))
      : null;
    this.#names = fields.map((field) => field.name);
    this.#isAll = key.kind === 'all';
    const isColumn = keyFunction === null && schema !== null && fields.length === 1 && !isTyped;
    this.#valueColumn = isColumn ? fieldIndex(schema, fields[0]!.name, 'keyBy') : -1;
    this.#isByFunction = keyFunction !== null;
    this.#intColumn = intColumnOf(this.#columns, keyFunction, schema);
    const of = keyFunction ?? keyOfFields(this.#names);
    const read = keyFunction === null ? new Set(this.#names) : fieldsRead(keyFunction, schema);
    this.#hashLoop = new RowFunctionLoop(schema, of, (value) => this.#hashOf(value), read);
    this.#intLoop = new RowFunctionLoop(schema, of, (value) => this.#intOf(value), read);
    this.#valueLoop = new RowFunctionLoop(schema, of, (value) => value, read);
    this.isInt = this.#isAll || (fields.length === 1 && (!isTyped || fields[0]!.kind === 'int32'));
    this.keyBytes = {
      bytes: new Uint8Array(0),
      starts: new Int32Array(0),
      sizes: new Int32Array(0),
      hashes: new Int32Array(0),
      areTexts: isTyped && fields.length === 1 && fields[0]!.kind === 'string',
    };
    this.#writer = new KeyBytesWriter(this.keyBytes);
  }

  /** The loops behind `hashes`, for dealing, or behind `read`; none for keys that are typed columns. */
  generatedLoops(use: 'dealing' | 'reading'): readonly GeneratedLoop[] {
    if (this.#columns !== null) return [];
    const readers = this.#isByFunction ? [] : this.#names.map(generatedFieldReader);
    if (use === 'dealing') return [this.#hashLoop.generatedLoop('hashes of keys'), ...readers];
    const ints = this.isInt ? [this.#intLoop.generatedLoop('keys, as long as all are ints')] : [];
    return [...ints, this.#valueLoop.generatedLoop('keys of any kind'), ...readers];
  }

  /** The row of the batch whose key could not be read. */
  get failedRow(): number {
    return this.#running?.row ?? this.#invalidRow;
  }

  /** Hashes of the keys, for choosing a channel: those of the batch, or made now. */
  hashes(batch: Batch): Int32Array {
    if (batch.keyHashes !== null) return batch.keyHashes;
    const rows = batch.rowCount;
    if (this.#ownHashes.length < rows) this.#ownHashes = new Int32Array(rows);
    if (this.#isAll) {
      this.#ownHashes.fill(murmur(0));
    } else if (this.#columns !== null) {
      this.#hashColumns(this.#keyColumns(batch), rows, this.#ownHashes);
    } else {
      const ints =
        this.intColumn(batch) ?? (this.isInt && this.#copyInts(batch) ? this.#ownInts : null);
      if (ints !== null) hashInts(ints, rows, this.#ownHashes);
      else this.#run(this.#hashLoop, batch, this.#ownHashes);
    }
    return this.#ownHashes;
  }

  #hashColumns(columns: readonly Column[], rows: number, out: Int32Array): void {
    try {
      hashKeys(columns, rows, out, this.#names);
    } catch (error) {
      this.#invalidRow = firstInvalidKey(columns, rows);
      throw error;
    }
  }

  #hashOf(value: unknown): number {
    if (typeof value === 'number' && (value | 0) === value) return murmur(value);
    this.isInt = false;
    return hashKeyValue(value, this.#names);
  }

  /** The number of the int field that is the key, by itself or by a function that only reads it; -1 for other keys. */
  get intField(): number {
    return this.#intColumn;
  }

  /** The column that is the key of a batch, when it is a single int32 field, of which none is absent; else null. */
  intColumn(batch: Batch): Int32Array | null {
    if (this.#intColumn < 0 || !this.isInt) return null;
    const { values, absent } = batch.columns[this.#intColumn] as FixedColumn;
    return absent === null ? (values as Int32Array) : null;
  }

  /** As `read`, for who takes keys that rows share: of key columns that are dictionaries. */
  readShared(batch: Batch): void {
    const shared = this.#columns === null || this.isInt ? null : this.#sharedOf(batch);
    if (shared === null) this.read(batch);
    else this.shared = shared;
  }

  #sharedOf(batch: Batch): SharedKeys | null {
    const columns = this.#keyColumns(batch);
    const found =
      this.#recent.find((recent) => recent.areOf(columns)) ??
      this.#newShared(columns, batch.rowCount);
    return found?.read(columns as StringColumn[], batch.rowCount) === true ? found : null;
  }

  #newShared(columns: readonly Column[], rows: number): SharedKeys | null {
    const made = SharedKeys.of(columns, rows);
    if (made === null) return null;
    this.#recent.unshift(made);
    this.#recent.length = Math.min(this.#recent.length, RECENT_DICTIONARIES);
    return made;
  }

  read(batch: Batch): void {
    this.shared = null;
    if (this.#isAll) {
      if (this.#ownInts.length < batch.rowCount) this.#ownInts = new Int32Array(batch.rowCount);
      this.ints = this.#ownInts;
      return;
    }
    if (this.#columns === null) {
      this.#readValues(batch);
      return;
    }
    const columns = this.#keyColumns(batch);
    if (this.isInt) {
      const column = columns[0] as FixedColumn;
      if (column.absent !== null) this.#hashColumns(columns, batch.rowCount, this.hashes(batch));
      this.ints = column.values as Int32Array;
      return;
    }
    this.keyBytes.hashes = this.hashes(batch);
    if (columns.length === 1 && columns[0]!.kind === 'string') {
      this.#writer.writeStrings(columns[0] as StringColumn, batch.rowCount);
    } else {
      this.#writer.writeColumns(columns as (FixedColumn | StringColumn)[], batch.rowCount);
    }
  }

  #keyColumns(batch: Batch): Column[] {
    return this.#columns!.map((c) => batch.columns[c]!);
  }

  #readValues(batch: Batch): void {
    const rows = batch.rowCount;
    const column = this.intColumn(batch);
    if (column !== null) {
      this.ints = column;
      return;
    }
    if (this.isInt) {
      const areCopied = this.#copyInts(batch);
      this.ints = this.#ownInts;
      if (!areCopied) this.#run(this.#intLoop, batch, this.ints);
    }
    if (this.isInt) return;
    const values = new Array<unknown>(rows);
    this.#run(this.#valueLoop, batch, values);
    if (this.keyBytes.hashes.length < rows) this.keyBytes.hashes = new Int32Array(rows);
    const { hashes } = this.keyBytes;
    this.#hashValues(values, batch.keyHashes, hashes);
    this.#writer.writeValues(values, rows, this.#names);
  }

  /** Takes the keys of a column of values as they are; false when they are no such column, or not all ints. */
  #copyInts({ columns, rowCount }: Batch): boolean {
    if (this.#ownInts.length < rowCount) this.#ownInts = new Int32Array(rowCount);
    const column = columns[this.#valueColumn];
    if (column?.kind !== 'dynamic' || column.absent !== null) return false;
    const { values } = column;
    const ints = this.#ownInts;
    for (let i = 0; i < rowCount; i++) {
      const value = values[i];
      if (typeof value !== 'number' || (value | 0) !== value) return false;
      ints[i] = value;
    }
    return true;
  }

  #hashValues(values: readonly unknown[], known: Int32Array | null, out: Int32Array): void {
    let i = 0;
    try {
      for (; i < values.length; i++) out[i] = known?.[i] ?? hashKeyValue(values[i], this.#names);
    } catch (error) {
      this.#running = null;
      this.#invalidRow = i;
      throw error;
    }
  }

  #run<Out>(loop: RowFunctionLoop<unknown, Out>, batch: Batch, out: { [row: number]: Out }): void {
    this.#running = loop;
    loop.run(batch, out);
  }

  #intOf(value: unknown): number {
    if (typeof value === 'number' && (value | 0) === value) return value;
    this.isInt = false;
    return 0;
  }

  /** Canonical bytes of int keys, for a table that had ints before `isInt` became false. */
  intsAsBytes(ints: Int32Array, count: number): KeyBytes {
    const values = Array.from(ints.subarray(0, count));
    const hashes = new Int32Array(count);
    for (let i = 0; i < count; i++) hashes[i] = hashKeyValue(values[i], this.#names);
    const target: KeyBytes = { ...this.keyBytes, hashes };
    new KeyBytesWriter(target).writeValues(values, count, this.#names);
    return target;
  }
}

function intColumnOf(
  columns: readonly number[] | null,
  keyFunction: KeyFunction | null,
  schema: Schema | null,
): number {
  const only = columns?.length === 1 ? columns[0]! : plainField(keyFunction, schema);
  return only !== null && schema!.fields[only]!.kind === 'int32' ? only : -1;
}

/** The value of the only field, or the values of several. */
export function keyOfFields(names: readonly string[]): RowFunction<unknown> {
  const readers = names.map((name) =>
    fieldReader(name, () => {
      throw new EngineError('KEY_INVALID', `keyBy '${name}': the row is not an object`);
    }),
  );
  const [only] = readers;
  return readers.length === 1 ? only! : (row) => readers.map((read) => read(row));
}
