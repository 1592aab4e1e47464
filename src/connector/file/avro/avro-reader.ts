/** Reads the blocks of a range of an Avro file as batches; a position is a block and the number of a record in it. */
import { EngineError, messageOf } from '../../../base/errors.ts';
import { BATCH_BYTES, BATCH_ROWS, DEAD_LETTER_TEXT_BYTES } from '../../../base/limits.ts';
import { Batch } from '../../../data/batch.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import { fieldTypeError } from '../../../data/field-check.ts';
import type { Schema } from '../../../data/schema.ts';
import type { PlainData, PollResult, SplitReader } from '../../../operator/source.ts';
import { jsonOf } from '../field-text.ts';
import type { FileRange, InputFile, ReadContext } from '../format.ts';
import { type Block, BlockReader, type Container, DamagedBlock, malformed } from './container.ts';
import type { DecodedBlock, DecodeRecords, DecoderPlan } from './record-decoder.ts';
import { type ReadValue, valueReader } from './values.ts';

type Position = { readonly byte: number; readonly record: number };

/** How the records of a file are read: into columns, or as objects. */
export type AvroTarget = { readonly schema: Schema; readonly plan: DecoderPlan } | null;

export class AvroReader implements SplitReader {
  readonly wakeAtMs = Infinity;
  readonly #file: InputFile;
  readonly #range: FileRange;
  readonly #context: ReadContext;
  readonly #blocks: BlockReader;
  readonly #readRow: ReadValue;
  readonly #schema: Schema | null;
  readonly #builder: BatchBuilder | null;
  readonly #decode: DecodeRecords | null;
  #block: Block | null = null;
  readonly #state: DecodedBlock = {
    bytes: Buffer.alloc(0),
    at: 0,
    row: 0,
    misfit: -1,
    misfitAt: 0,
  };
  /** Records of the block that are behind the reader. */
  #record = 0;
  /** Rows without a schema that this poll gives, and bytes that they had. */
  #rows: unknown[] = [];
  #rowBytes = 0;
  /** Of the records that this poll has refused. */
  #letterBytes = 0;

  constructor(
    file: InputFile,
    container: Container,
    range: FileRange,
    target: AvroTarget,
    position: PlainData,
    context: ReadContext,
  ) {
    this.#file = file;
    this.#range = range;
    this.#context = context;
    this.#readRow = valueReader(container.record);
    this.#schema = target?.schema ?? null;
    this.#builder = target === null ? null : new BatchBuilder(target.schema);
    this.#decode = target === null ? null : target.plan.make(this.#builder!);
    const from = position as Position | null;
    this.#blocks = new BlockReader(file, container, range, from?.byte ?? null);
    if (from !== null && from.record > 0) this.#skip(from.record);
  }

  /** Over records of a block that were given, or refused, before. */
  #skip(records: number): void {
    if (!this.#nextBlock() || this.#block === null) throw this.#hasChanged();
    const state = this.#state;
    while (this.#record < records) {
      const at = state.at;
      this.#clear();
      try {
        this.#take(Math.min(BATCH_ROWS, records - this.#record));
      } catch {
        throw this.#hasChanged();
      }
      if (state.misfit >= 0) this.#record++;
      if (state.at === at) throw this.#hasChanged();
    }
  }

  #hasChanged(): EngineError {
    return malformed(this.#file, 'a block is gone: the file has changed');
  }

  #clear(): void {
    this.#builder?.reset();
    this.#rows = [];
    this.#rowBytes = 0;
    this.#letterBytes = 0;
  }

  poll(): PollResult {
    this.#clear();
    let isAtEnd = false;
    while (this.#hasRoom && !isAtEnd) {
      if (this.#block === null) isAtEnd = !this.#nextBlock();
      else this.#records(this.#block);
    }
    if (isAtEnd && this.#rowCount === 0) return 'end';
    if (this.#builder !== null) return this.#builder.seal();
    return new Batch({ rowCount: this.#rows.length, schema: null, rows: this.#rows });
  }

  get #rowCount(): number {
    return this.#builder?.rowCount ?? this.#rows.length;
  }

  get #hasRoom(): boolean {
    if (this.#letterBytes >= BATCH_BYTES) return false;
    if (this.#builder !== null) return !this.#builder.isFull;
    return this.#rows.length < BATCH_ROWS && this.#rowBytes < BATCH_BYTES;
  }

  /** Moves to the next block, over those that are damaged; false when there is none. */
  #nextBlock(): boolean {
    try {
      this.#block = this.#blocks.next();
      this.#record = 0;
      if (this.#block === null) return false;
      this.#state.bytes = this.#block.bytes;
      this.#state.at = 0;
      if (this.#block.count === 0) this.#endBlock(this.#block);
    } catch (error) {
      if (!(error instanceof DamagedBlock)) throw error;
      this.#refuse(error.place, error.message, '');
    }
    return true;
  }

  /** Some records of the block, up to one that is refused. */
  #records(block: Block): void {
    const room = (this.#builder?.capacity ?? BATCH_ROWS) - this.#rowCount;
    const { at } = this.#state;
    try {
      this.#take(Math.min(room, block.count - this.#record));
    } catch (error) {
      this.#block = null;
      this.#refuse(block.place, `record ${this.#record}: ${messageOf(error)}`, '');
      return;
    }
    this.#rowBytes += this.#state.at - at;
    if (this.#state.misfit >= 0) this.#refuseMisfit(block);
    if (this.#record === block.count) this.#endBlock(block);
  }

  /** Up to so many records into the batch; those before one that throws too. */
  #take(count: number): void {
    const from = this.#rowCount;
    this.#state.misfit = -1;
    try {
      if (this.#builder === null) this.#takeRows(count);
      else this.#takeColumns(this.#builder, count);
    } finally {
      this.#record += this.#rowCount - from;
    }
  }

  #takeColumns(builder: BatchBuilder, count: number): void {
    const state = this.#state;
    const from = builder.rowCount;
    state.row = from;
    try {
      this.#decode!(state, from, from + count);
    } finally {
      builder.advance(state.row - from);
      if (state.row < builder.capacity) builder.abandonRow(state.row);
    }
  }

  #takeRows(count: number): void {
    const end = this.#state.at + BATCH_BYTES;
    for (let n = 0; n < count && this.#state.at < end; n++) {
      this.#rows.push(this.#readRow(this.#state));
    }
  }

  #endBlock(block: Block): void {
    const left = block.bytes.length - this.#state.at;
    this.#block = null;
    if (left > 0) this.#refuse(block.place, `${left} bytes are behind its last record`, '');
  }

  /** The record is whole: it is read once more, to be told. */
  #refuseMisfit(block: Block): void {
    const { bytes, misfit, misfitAt } = this.#state;
    const row = this.#readRow({ bytes, at: misfitAt }) as Readonly<Record<string, unknown>>;
    const field = this.#schema!.fields[misfit]!;
    const { message } = fieldTypeError(field, row[field.name]);
    this.#refuse(block.place, `record ${this.#record}: ${message}`, jsonOf(row));
    this.#record++;
  }

  /** Ends the job, or leaves the record or block out. */
  #refuse(byte: number, reason: string, text: string): void {
    const place = `${this.#file.path}, block at byte ${byte}`;
    if (this.#context.onMalformed === 'fail') {
      throw new EngineError('INPUT_MALFORMED', `${place}: ${reason}`);
    }
    const cut = text.slice(0, DEAD_LETTER_TEXT_BYTES);
    this.#letterBytes += cut.length + place.length + reason.length;
    this.#context.malformed({ file: this.#file.path, place, line: null, byte, reason, text: cut });
  }

  position(): PlainData {
    if (this.#block === null) return { byte: this.#blocks.place, record: 0 };
    return { byte: this.#block.place, record: this.#record };
  }

  progress(): number {
    if (this.#blocks.progress !== null) return this.#blocks.progress;
    const { start, end } = this.#range;
    return end <= start
      ? 1
      : Math.min(1, Math.max(0, (this.#blocks.place - start) / (end - start)));
  }

  close(): void {
    this.#blocks.close();
  }
}
