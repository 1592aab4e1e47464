/** What readers of formats with one record a line have in common: batches, positions, what to do with a bad record. */
import { EngineError, messageOf } from '../../base/errors.ts';
import { BATCH_BYTES, BATCH_ROWS, DEAD_LETTER_TEXT_BYTES } from '../../base/limits.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Schema } from '../../data/schema.ts';
import type { PlainData, PollResult, SplitReader } from '../../operator/source.ts';
import type { FileRange, InputFile, ReadContext } from './format.ts';
import { type LinePosition, LineReader, TOO_LONG } from './line-reader.ts';

/** Reads the record in the reader's current line. */
export interface RecordParser {
  /** The row; null for a line without a record. Throws what is wrong with it. */
  parse(lines: LineReader): Readonly<Record<string, unknown>> | null;
  /**
   * Appends the record to the columns of a builder without making a row, where it is simple enough; false, with nothing
   * appended, where `parse` has to look at it.
   */
  append?(lines: LineReader, builder: BatchBuilder): boolean;
}

export class TextReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #lines: LineReader;
  readonly #range: FileRange;
  readonly #parser: RecordParser;
  readonly #context: ReadContext;
  readonly #builder: BatchBuilder | null;
  /** Of the records that this poll has refused. */
  #letterBytes = 0;

  constructor(
    file: InputFile,
    range: FileRange,
    position: PlainData,
    context: ReadContext,
    schema: Schema | null,
    parser: RecordParser,
  ) {
    this.#file = file;
    this.#lines = new LineReader(file, range, position as LinePosition | null);
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
    const isAtEnd = this.#eachLine(
      () => bytes < BATCH_BYTES,
      () => {
        const row = this.#record();
        if (row === null) return;
        rows.push(row);
        bytes += this.#lines.end - this.#lines.start;
      },
    );
    if (isAtEnd && rows.length === 0) return 'end';
    return new Batch({ rowCount: rows.length, schema: null, rows });
  }

  #columns(builder: BatchBuilder): PollResult {
    builder.reset();
    const isAtEnd = this.#eachLine(
      () => !builder.isFull,
      () => {
        if (this.#parser.append?.(this.#lines, builder) !== true) this.#record();
      },
    );
    return isAtEnd && builder.rowCount === 0 ? 'end' : builder.seal();
  }

  /**
   * As many lines as one poll may take, those without a record and those that are refused too; true when the last was
   * among them.
   */
  #eachLine(hasRoom: () => boolean, take: () => void): boolean {
    this.#letterBytes = 0;
    for (let n = 0; n < BATCH_ROWS && hasRoom() && this.#letterBytes < BATCH_BYTES; n++) {
      if (!this.#lines.next()) return true;
      if (this.#lines.isCut) this.#refuse(TOO_LONG);
      else take();
    }
    return false;
  }

  /** The row of the current line, in the builder if there is one; null when there is none, or it is skipped. */
  #record(): unknown {
    try {
      const row = this.#parser.parse(this.#lines);
      if (row !== null) this.#builder?.appendRow(row);
      return row;
    } catch (error) {
      this.#refuse(this.#lines.isCut ? TOO_LONG : messageOf(error));
      return null;
    }
  }

  /** Ends the job, or leaves the record out. */
  #refuse(reason: string): void {
    if (this.#context.onMalformed === 'fail') {
      throw new EngineError('INPUT_MALFORMED', `${this.#lines.place}: ${reason}`);
    }
    const { place, line, byte, buffer, start, end } = this.#lines;
    const cut = Math.min(end, start + DEAD_LETTER_TEXT_BYTES);
    this.#letterBytes += cut - start;
    const text = buffer.toString('utf8', start, cut);
    this.#context.malformed({ file: this.#file.path, place, line, byte, reason, text });
  }

  position(): PlainData {
    return this.#lines.position;
  }

  progress(): number {
    if (this.#lines.progress !== null) return this.#lines.progress;
    const { start, end } = this.#range;
    return end === start ? 1 : Math.min(1, (this.#lines.position.byte - start) / (end - start));
  }

  close(): void {
    this.#lines.close();
  }
}
