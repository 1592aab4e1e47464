/** Reads one row group as batches of typed columns; pages are decoded when rows of them are asked for. */
import { closeSync } from 'node:fs';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { BATCH_ROWS } from '../../../base/limits.ts';
import { Batch } from '../../../data/batch.ts';
import {
  type Column,
  DynamicColumn,
  type FixedArray,
  FixedColumn,
  type FixedKind,
  fixedArray,
  PRESENT,
  StringColumn,
} from '../../../data/column.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PlainData, PollResult, SplitReader } from '../../../operator/source.ts';
import { openForReading } from '../file-bytes.ts';
import type { InputFile, ReadContext } from '../format.ts';
import { withoutNulls } from '../null-check.ts';
import {
  chunkRange,
  columnsOf,
  malformed,
  readBytes,
  readFooter,
  type SourceColumn,
} from './footer.ts';
import { type Page, PageReader } from './page.ts';

export class RowGroupReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #group: number;
  readonly #schema: Schema;
  readonly #context: ReadContext;
  readonly #columns: readonly ChunkReader[];
  readonly #rowCount: number;
  #row = 0;

  constructor(
    file: InputFile,
    group: number,
    schema: Schema,
    position: PlainData,
    context: ReadContext,
  ) {
    this.#file = file;
    this.#group = group;
    this.#schema = schema;
    this.#context = context;
    const metadata = readFooter(file);
    const sources = columnsOf(file, metadata, schema);
    const rowGroup = metadata.row_groups[group];
    if (rowGroup === undefined)
      throw malformed(file, `row group ${group} is gone: the file has changed`);
    this.#rowCount = Number(rowGroup.num_rows);
    const descriptor = openForReading(file);
    try {
      this.#columns = sources.map((source) => {
        const meta = rowGroup.columns[source.index]?.meta_data;
        if (meta === undefined)
          throw malformed(file, `row group ${group} has no column '${source.field.name}'`);
        const { start, end } = chunkRange(meta);
        const bytes = readBytes(file, descriptor, start, end);
        return new ChunkReader(source, new PageReader(bytes, source, meta.codec, this.#rowCount));
      });
    } finally {
      closeSync(descriptor);
    }
    this.#skipTo(position === null ? 0 : (position as { row: number }).row);
  }

  #skipTo(row: number): void {
    while (this.#row < row) {
      const count = this.#prepare(Math.min(BATCH_ROWS, row - this.#row));
      for (const column of this.#columns) this.#guarded(column, () => column.skip(count));
      this.#row += count;
    }
  }

  poll(): PollResult {
    if (this.#row >= this.#rowCount) return 'end';
    const rowCount = this.#prepare(Math.min(BATCH_ROWS, this.#rowCount - this.#row));
    const columns = this.#columns.map((column, c) => {
      const stored = this.#guarded(column, () => column.take(rowCount));
      const { kind, nullable } = this.#schema.fields[c]!;
      return kind === 'dynamic' ? parsed(stored as StringColumn, rowCount, nullable) : stored;
    });
    const batch = new Batch({ rowCount, schema: this.#schema, columns, isTransient: true });
    const checked = withoutNulls(batch, this.#schema, (...row) => this.#refuse(...row));
    this.#row += rowCount;
    return checked;
  }

  /** How many rows, at most `wanted`, every column can give in one piece. */
  #prepare(wanted: number): number {
    let count = wanted;
    for (const column of this.#columns) {
      count = Math.min(
        count,
        this.#guarded(column, () => column.available(wanted)),
      );
    }
    return count;
  }

  #guarded<T>(column: ChunkReader, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      throw malformed(
        this.#file,
        `row group ${this.#group}, column '${column.name}': ${messageOf(error)}`,
      );
    }
  }

  /** Ends the job at a row, or leaves it out. */
  #refuse(row: number, reason: string, text: () => string): void {
    const place = `row group ${this.#group}, row ${this.#row + row}`;
    if (this.#context.onMalformed === 'fail') throw malformed(this.#file, `${place}: ${reason}`);
    const file = this.#file.path;
    const at = { file, place: `${file}, ${place}`, line: null, byte: null };
    this.#context.malformed({ ...at, reason, text: text() });
  }

  position(): PlainData {
    return { row: this.#row };
  }

  progress(): number {
    return this.#rowCount === 0 ? 1 : this.#row / this.#rowCount;
  }

  close(): void {}
}

/** The values of a dynamic field from their texts: JSON, or text that is none. Null is a value of them all. */
function parsed(
  { entries, codes, absent }: StringColumn,
  rowCount: number,
  nullable: boolean,
): DynamicColumn {
  const values = new Array<unknown>(rowCount).fill(null);
  for (let i = 0; i < rowCount; i++) {
    if (absent === null || absent[i] === PRESENT) values[i] = valueOfText(entries.get(codes![i]!));
  }
  return new DynamicColumn(values, nullable && absent !== null ? absent.slice(0, rowCount) : null);
}

function valueOfText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** One column of the row group: its current page, and where in it the next row is. */
class ChunkReader {
  readonly name: string;
  readonly #source: SourceColumn;
  readonly #pages: PageReader;
  readonly #values: FixedArray | null;
  readonly #codes = new Int32Array(BATCH_ROWS);
  readonly #absent = new Uint8Array(BATCH_ROWS);
  #page: Page | null = null;
  #at = 0;

  constructor(source: SourceColumn, pages: PageReader) {
    const { kind, name } = source.field;
    this.name = name;
    this.#source = source;
    this.#pages = pages;
    this.#values = kind === 'string' ? null : fixedArray(kind as FixedKind, BATCH_ROWS);
  }

  /** Rows up to `wanted` that `take` can give at once: strings of one batch share their entries. */
  available(wanted: number): number {
    const page = this.#current();
    const left = page.rowCount - this.#at;
    return page.entries === null ? wanted : Math.min(wanted, left);
  }

  #current(): Page {
    while (this.#page === null || this.#at === this.#page.rowCount) {
      this.#page = this.#pages.next();
      this.#at = 0;
      if (this.#page === null) throw new RangeError('rows are missing');
    }
    return this.#page;
  }

  skip(rowCount: number): void {
    let left = rowCount;
    while (left > 0) {
      const step = Math.min(left, this.#current().rowCount - this.#at);
      this.#at += step;
      left -= step;
    }
  }

  take(rowCount: number): Column {
    const page = this.#current();
    const from = this.#at;
    if (page.rowCount - from >= rowCount) {
      this.#at += rowCount;
      const to = from + rowCount;
      const absent = page.absent?.subarray(from, to) ?? null;
      if (page.entries !== null)
        return new StringColumn(page.entries, page.codes!.subarray(from, to), absent);
      return new FixedColumn(this.#kind, page.values!.subarray(from, to) as FixedArray, absent);
    }
    return this.#takeAcrossPages(rowCount);
  }

  get #kind(): FixedKind {
    return this.#source.field.kind as FixedKind;
  }

  #takeAcrossPages(rowCount: number): Column {
    let hasAbsent = false;
    let filled = 0;
    let entries = null;
    while (filled < rowCount) {
      const page = this.#current();
      const from = this.#at;
      const count = Math.min(rowCount - filled, page.rowCount - from);
      entries = page.entries;
      if (entries !== null) this.#codes.set(page.codes!.subarray(from, from + count), filled);
      else this.#values!.set(page.values!.subarray(from, from + count) as never, filled);
      this.#absent.fill(PRESENT, filled, filled + count);
      if (page.absent !== null) {
        hasAbsent = true;
        this.#absent.set(page.absent.subarray(from, from + count), filled);
      }
      this.#at += count;
      filled += count;
    }
    const absent = hasAbsent ? this.#absent.subarray(0, rowCount) : null;
    if (entries !== null)
      return new StringColumn(entries, this.#codes.subarray(0, rowCount), absent);
    return new FixedColumn(this.#kind, this.#values!.subarray(0, rowCount) as FixedArray, absent);
  }
}
