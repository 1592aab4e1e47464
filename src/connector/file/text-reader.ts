/** What readers of formats with one record a line have in common: batches, positions, what to do with a bad record. */
import { EngineError, messageOf } from '../../base/errors.ts';
import { BATCH_BYTES, BATCH_ROWS } from '../../base/limits.ts';
import { Batch } from '../../data/batch.ts';
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { Schema } from '../../data/schema.ts';
import type { DeadLetter, PlainData, PollResult, SplitReader } from '../../operator/source.ts';
import type { FileRange, InputFile, ReadContext } from './format.ts';
import { type LinePosition, LineReader } from './line-reader.ts';

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

/** Of a malformed record that is handed on. */
const LETTER_BYTES_MAX = 65_536;

export class TextReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #lines: LineReader;
  readonly #range: FileRange;
  readonly #parser: RecordParser;
  readonly #context: ReadContext;
  readonly #builder: BatchBuilder | null;

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
    const lines = this.#lines;
    const rows: unknown[] = [];
    for (let bytes = 0; rows.length < BATCH_ROWS && bytes < BATCH_BYTES; ) {
      if (!lines.next()) {
        if (rows.length === 0) return 'end';
        break;
      }
      const row = this.#record();
      if (row === null) continue;
      rows.push(row);
      bytes += lines.end - lines.start;
    }
    return new Batch({ rowCount: rows.length, schema: null, rows });
  }

  #columns(builder: BatchBuilder): PollResult {
    builder.reset();
    while (!builder.isFull) {
      if (!this.#lines.next()) {
        if (builder.rowCount === 0) return 'end';
        break;
      }
      if (this.#parser.append?.(this.#lines, builder) !== true) this.#record();
    }
    return builder.seal();
  }

  /** The row of the current line, in the builder if there is one; null when there is none, or it is skipped. */
  #record(): unknown {
    try {
      const row = this.#parser.parse(this.#lines);
      if (row !== null) this.#builder?.appendRow(row);
      return row;
    } catch (error) {
      if (this.#context.onMalformed === 'fail') {
        throw new EngineError('INPUT_MALFORMED', `${this.#lines.place}: ${messageOf(error)}`);
      }
      this.#context.malformed(this.#letter(messageOf(error)));
      return null;
    }
  }

  #letter(reason: string): DeadLetter {
    const { place, line, byte, buffer, start, end } = this.#lines;
    const text = buffer.toString('utf8', start, Math.min(end, start + LETTER_BYTES_MAX));
    return { file: this.#file.path, place, line, byte, reason, text };
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
