/** What readers of formats whose records stand alone, as lines do, have in common: batches, positions, what to do with a bad record. */
import { EngineError, messageOf } from '../../base/errors.ts';
import { BATCH_BYTES, BATCH_ROWS, DEAD_LETTER_TEXT_BYTES } from '../../base/limits.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Schema } from '../../data/schema.ts';
import type { PlainData, PollResult, SplitReader } from '../../operator/source.ts';
import type { FileRange, InputFile, ReadContext } from './format.ts';
import { type LinePosition, LineReader } from './line-reader.ts';

/** The records of a range as bytes, one after the other. */
export interface RecordFrames {
  /** The current record: bytes start to end - 1 of the buffer. */
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
  /** What is there is only the beginning of a record, which is refused for this reason. */
  readonly isCut: boolean;
  readonly cutReason: string;
  /** Where the current record is, for people; its line, from 1, and byte. */
  readonly place: string;
  readonly line: number | null;
  readonly byte: number;
  /** Where the next record begins. */
  readonly position: { readonly byte: number; readonly [key: string]: PlainData };
  /** Share of the file that has been read; null where the position tells. */
  readonly progress: number | null;
  /** Moves to the next record; false when there is none in the range. */
  next(): boolean;
  close(): void;
}

/** Records that are lines. */
export interface LineFrames extends RecordFrames {
  /** Joins the current line with the one behind it; false where there is none, or the two are too long. */
  extend(): boolean;
}

/** Reads the current record. */
export interface RecordParser<Frames extends RecordFrames = LineReader> {
  /** The row, which may be null; undefined for a line without a record. Throws what is wrong with it. */
  parse(record: Frames): unknown;
  /**
   * Appends the record to the columns of a builder without making a row, where it is simple enough; false, with nothing
   * appended, where `parse` has to look at it.
   */
  append?(record: Frames, builder: BatchBuilder): boolean;
  /** The next record is the first of another input; left out where that makes no difference. */
  restart?(): void;
  /**
   * Whether the next record is one that those behind it cannot be read without, such as a header: what is wrong with it ends the job, or
   * its input, whatever is done with malformed records. Then `parse` gets one that is cut too. Left out where there are none.
   */
  readonly isInHead?: boolean;
}

/** Reads lines. */
export function textReader(
  file: InputFile,
  range: FileRange,
  position: PlainData,
  context: ReadContext,
  schema: Schema | null,
  parser: RecordParser,
): SplitReader {
  const lines = new LineReader(file, range, position as LinePosition | null);
  return new FrameReader(file, range, context, schema, lines, parser);
}

export class FrameReader<Frames extends RecordFrames> implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #records: Frames;
  readonly #range: FileRange;
  readonly #parser: RecordParser<Frames>;
  readonly #context: ReadContext;
  readonly #builder: BatchBuilder | null;
  /** Of the records that this poll has refused. */
  #letterBytes = 0;

  constructor(
    file: InputFile,
    range: FileRange,
    context: ReadContext,
    schema: Schema | null,
    records: Frames,
    parser: RecordParser<Frames>,
  ) {
    this.#file = file;
    this.#records = records;
    this.#range = range;
    this.#parser = parser;
    this.#context = context;
    this.#builder = schema === null ? null : new BatchBuilder(schema);
  }

  poll(): PollResult {
    return this.#builder === null ? this.#rows() : this.#columns(this.#builder);
  }

  #rows(): PollResult {
    const rows: unknown[] = [];
    let bytes = 0;
    const isAtEnd = this.#eachRecord(
      () => bytes < BATCH_BYTES,
      () => {
        const row = this.#record();
        if (row === undefined) return;
        rows.push(row);
        bytes += this.#records.end - this.#records.start;
      },
    );
    if (isAtEnd && rows.length === 0) return 'end';
    return new Batch({ rowCount: rows.length, schema: null, rows });
  }

  #columns(builder: BatchBuilder): PollResult {
    builder.reset();
    const isAtEnd = this.#eachRecord(
      () => !builder.isFull,
      () => {
        if (this.#parser.append?.(this.#records, builder) !== true) this.#record();
      },
    );
    return isAtEnd && builder.rowCount === 0 ? 'end' : builder.seal();
  }

  /**
   * As many lines as one poll may take, those without a record and those that are refused too; true when the last was
   * among them.
   */
  #eachRecord(hasRoom: () => boolean, take: () => void): boolean {
    this.#letterBytes = 0;
    for (let n = 0; n < BATCH_ROWS && hasRoom() && this.#letterBytes < BATCH_BYTES; n++) {
      if (!this.#records.next()) return true;
      if (this.#records.isCut && !this.#isInHead) this.#refuse(this.#records.cutReason);
      else take();
    }
    return false;
  }

  /** The row of the current line, in the builder if there is one; undefined when there is none, or it is skipped. */
  #record(): unknown {
    try {
      const row = this.#parser.parse(this.#records);
      if (row !== undefined) this.#builder?.appendRow(row);
      return row;
    } catch (error) {
      if (this.#isInHead && error instanceof EngineError) throw error;
      this.#refuse(this.#records.isCut ? this.#records.cutReason : messageOf(error));
      return undefined;
    }
  }

  get #isInHead(): boolean {
    return this.#parser.isInHead === true;
  }

  /** Ends the job, or leaves the record out. */
  #refuse(reason: string): void {
    if (this.#context.onMalformed === 'fail' || this.#isInHead) {
      throw new EngineError('INPUT_MALFORMED', `${this.#records.place}: ${reason}`);
    }
    const { place, line, byte, buffer, start, end } = this.#records;
    const cut = Math.min(end, start + DEAD_LETTER_TEXT_BYTES);
    this.#letterBytes += cut - start;
    const text = buffer.toString('utf8', start, cut);
    this.#context.malformed({ file: this.#file.path, place, line, byte, reason, text });
  }

  position(): PlainData {
    return this.#records.position;
  }

  progress(): number {
    if (this.#records.progress !== null) return this.#records.progress;
    const { start, end } = this.#range;
    return end === start ? 1 : Math.min(1, (this.#records.position.byte - start) / (end - start));
  }

  close(): void {
    this.#records.close();
  }
}
