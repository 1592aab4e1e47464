/**
 * Keys of rows whose key columns are dictionaries: written and hashed once for each combination of entries that comes, not
 * once a row. They hold for all batches with the same dictionaries, as those of a row group of Parquet.
 * Benchmark: figure flights.
 */
import { type Column, StringColumn, type StringEntries } from './column.ts';
import type { KeyBytes } from './key.ts';
import { entryHashCodes, murmur } from './key-hash.ts';
import { KeyBytesWriter } from './key-writer.ts';

/** Combinations of entries to a row of the first batch, each of which takes four bytes: it may be the only batch. */
const COMBINATIONS_A_ROW_MAX = 64;
/** More would not stay in the cache beside the tables of several panes. */
const KEYS_MAX = 8192;
/** Rows of a batch to an entry of a dictionary below which most keys come once. */
const ROWS_AN_ENTRY_MIN = 2;

export class SharedKeys {
  readonly keys: KeyBytes;
  /** Of the batch read last: row i has key codes[i]. */
  codes = new Int32Array(0);
  count = 0;
  readonly #dictionaries: readonly StringEntries[];
  /** By combination of entries: the number of its key, from 1 on; 0 for one that has not come. */
  readonly #numbers: Int32Array;
  readonly #writer: KeyBytesWriter;
  readonly #keysMax: number;
  #areTooMany = false;

  private constructor(dictionaries: readonly StringEntries[], combinations: number) {
    this.#dictionaries = dictionaries;
    this.#numbers = new Int32Array(combinations);
    this.#keysMax = Math.min(KEYS_MAX, combinations);
    this.keys = {
      bytes: new Uint8Array(0),
      starts: new Int32Array(0),
      sizes: new Int32Array(0),
      hashes: new Int32Array(this.#keysMax),
      areTexts: dictionaries.length === 1,
    };
    this.#writer = new KeyBytesWriter(this.keys);
    this.#writer.begin(this.#keysMax);
  }

  /** For a batch with these key columns; null when keys are not shared there. */
  static of(columns: readonly Column[], rowCount: number): SharedKeys | null {
    let combinations = 1;
    for (const column of columns) {
      if (!isDictionary(column)) return null;
      if (column.entries.count * ROWS_AN_ENTRY_MIN > rowCount) return null;
      combinations *= column.entries.count;
    }
    if (combinations > rowCount * COMBINATIONS_A_ROW_MAX) return null;
    const dictionaries = (columns as readonly StringColumn[]).map(({ entries }) => entries);
    return new SharedKeys(dictionaries, combinations);
  }

  /** Whether they serve a batch with these key columns too. */
  areOf(columns: readonly Column[]): boolean {
    return columns.every(
      (column, c) => isDictionary(column) && column.entries === this.#dictionaries[c],
    );
  }

  /** Reads the keys of a batch with these dictionaries; false when there are too many different ones. */
  read(columns: readonly StringColumn[], rows: number): boolean {
    if (this.#areTooMany) return false;
    if (this.codes.length < rows) this.codes = new Int32Array(rows);
    const { codes } = this;
    const numbers = this.#numbers;
    combine(columns, rows, codes);
    for (let i = 0; i < rows; i++) {
      const combination = codes[i]!;
      if (numbers[combination] === 0) {
        if (this.count === this.#keysMax) {
          this.#areTooMany = true;
          return false;
        }
        this.#append(columns, i);
        numbers[combination] = this.count;
      }
      codes[i] = numbers[combination]! - 1;
    }
    return true;
  }

  #append(columns: readonly StringColumn[], row: number): void {
    let hashCode = 0;
    for (const { entries, codes } of columns)
      hashCode = (Math.imul(hashCode, 31) + entryHashCodes(entries)[codes![row]!]!) | 0;
    this.keys.hashes[this.count] = murmur(hashCode);
    this.#writer.appendStrings(columns, row, this.count++);
  }
}

/** Known by its entries, which therefore stay as they are. Not one that has rows without a value, which are no keys. */
function isDictionary(column: Column): column is StringColumn {
  return (
    column instanceof StringColumn &&
    column.codes !== null &&
    !column.isSelection &&
    column.entries.isOwned &&
    column.absent === null
  );
}

/** out[i] = the combination of entries that row i has. */
function combine(columns: readonly StringColumn[], rows: number, out: Int32Array): void {
  out.fill(0, 0, rows);
  for (const { entries, codes } of columns) {
    const { count } = entries;
    for (let i = 0; i < rows; i++) out[i] = out[i]! * count + codes![i]!;
  }
}
