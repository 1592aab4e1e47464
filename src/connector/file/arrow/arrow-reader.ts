/** Reads the record batches of a range of an Arrow file or stream; a position is a message and a row in it. */
import type { RecordBatch } from 'apache-arrow';
import { EngineError, messageOf } from '../../../base/errors.ts';
import { Batch } from '../../../data/batch.ts';
import { batchRowsOf } from '../../../data/batch-weight.ts';
import {
  type Column,
  DynamicColumn,
  type FixedArray,
  FixedColumn,
  StringColumn,
  StringEntries,
} from '../../../data/column.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PlainData, PollResult, SplitReader } from '../../../operator/source.ts';
import { checkWhole } from '../file-bytes.ts';
import type { FileRange, InputFile, ReadContext } from '../format.ts';
import { withoutNulls } from '../null-check.ts';
import { dictionaryMessages, readSchemaMessage } from './footer.ts';
import { type ArrowLibrary, type MessagePlace, MessageWalker } from './ipc.ts';
import { readVectors } from './vector-columns.ts';

type Position = { readonly byte: number; readonly row: number };

export class ArrowReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #range: FileRange;
  readonly #schema: Schema;
  readonly #context: ReadContext;
  readonly #library: ArrowLibrary;
  readonly #walker: MessageWalker;
  /** The schema, and the dictionaries so far: what any record batch is decoded with. */
  readonly #before: Uint8Array[];
  /** Whether it holds all dictionaries, wherever in the file they are. */
  readonly #hasDictionaries: boolean;
  /** Behind the messages that have been read. */
  #from: number;
  /** Of the record batch that is read: its message, its columns, rows of a batch, and the next row. */
  #message: MessagePlace | null = null;
  #columns: readonly Column[] = [];
  #rowCount = 0;
  #batchRows = 1;
  #row: number;

  constructor(
    file: InputFile,
    range: FileRange,
    schema: Schema,
    position: PlainData,
    context: ReadContext,
    library: ArrowLibrary,
  ) {
    this.#file = file;
    this.#range = range;
    this.#schema = schema;
    this.#context = context;
    this.#library = library;
    this.#walker = new MessageWalker(file, library);
    try {
      const dictionaries = dictionaryMessages(file, library);
      this.#before = [readSchemaMessage(file, this.#walker, library), ...(dictionaries ?? [])];
      this.#hasDictionaries = dictionaries !== null;
    } catch (error) {
      this.#walker.close();
      throw error;
    }
    const { byte, row } = (position as Position | null) ?? { byte: range.start, row: 0 };
    this.#from = byte;
    this.#row = row;
  }

  poll(): PollResult {
    while (this.#message === null) if (!this.#nextMessage()) return 'end';
    const { start } = this.#message;
    const first = this.#row;
    const rowCount = Math.min(this.#batchRows, this.#rowCount - first);
    const columns = this.#columns.map((column) => slice(column, first, first + rowCount));
    const batch = new Batch({ rowCount, schema: this.#schema, columns });
    const checked = withoutNulls(batch, this.#schema, (row, reason, text) =>
      this.#refuse(start, `row ${first + row}: ${reason}`, text()),
    );
    this.#row += rowCount;
    if (this.#row >= this.#rowCount) this.#endMessage(this.#message.end);
    return checked;
  }

  /** Moves over a message, to its rows where it is a record batch that is whole; false at the end. */
  #nextMessage(): boolean {
    const message = this.#walker.next();
    if (message === null) {
      if (!this.#walker.isEnded) checkWhole(this.#file, this.#walker.place, this.#range.end);
      return false;
    }
    if (message.start >= this.#range.end) return false;
    const isBatch = message.kind === 'batch';
    if (isBatch ? message.start < this.#from : this.#hasDictionaries) return true;
    const bytes = this.#walker.bytes(message);
    if (!isBatch) {
      this.#before.push(bytes);
      return true;
    }
    try {
      this.#decode(bytes);
    } catch (error) {
      this.#refuse(message.start, messageOf(error), '');
      this.#endMessage(message.end);
      return true;
    }
    this.#message = message;
    if (this.#rowCount === 0) this.#endMessage(message.end);
    return true;
  }

  #decode(bytes: Uint8Array): void {
    const reader = this.#library.RecordBatchReader.from([...this.#before, bytes]);
    const { value } = reader.next() as { value: RecordBatch | null };
    if (value === null) throw new Error('it holds no record batch');
    // A row has a bit at least: a damaged count must not ask for more.
    if (!(value.numRows >= 0 && value.numRows <= bytes.length * 8)) {
      throw new Error(`${value.numRows} rows in ${bytes.length} bytes`);
    }
    this.#columns = readVectors(this.#library, this.#schema, value);
    this.#rowCount = value.numRows;
    this.#batchRows = batchRowsOf(bytes.length / Math.max(1, value.numRows));
  }

  #endMessage(end: number): void {
    this.#from = end;
    this.#message = null;
    this.#row = 0;
  }

  /** Ends the job, or leaves a row or message out. */
  #refuse(byte: number, reason: string, text: string): void {
    const place = `${this.#file.path}, message at byte ${byte}`;
    if (this.#context.onMalformed === 'fail') {
      throw new EngineError('INPUT_MALFORMED', `${place}: ${reason}`);
    }
    this.#context.malformed({ file: this.#file.path, place, line: null, byte, reason, text });
  }

  position(): PlainData {
    return { byte: this.#message?.start ?? this.#from, row: this.#row };
  }

  progress(): number {
    if (this.#walker.progress !== null) return this.#walker.progress;
    const { start, end } = this.#range;
    return end === start ? 1 : Math.min(1, Math.max(0, (this.#from - start) / (end - start)));
  }

  close(): void {
    this.#walker.close();
  }
}

/** Rows from to to - 1 of a column, in the same memory. */
function slice(column: Column, from: number, to: number): Column {
  const absent = column.absent?.subarray(from, to) ?? null;
  if (column.kind === 'dynamic') return new DynamicColumn(column.values.slice(from, to), absent);
  if (column.kind !== 'string') {
    return new FixedColumn(column.kind, column.values.subarray(from, to) as FixedArray, absent);
  }
  const { entries, codes } = column;
  if (codes !== null) return new StringColumn(entries, codes.subarray(from, to), absent);
  const offsets = entries.offsets.subarray(from, to + 1);
  const part = new StringEntries(to - from, offsets, entries.bytes, entries.isWide, true);
  return new StringColumn(part, null, absent);
}
