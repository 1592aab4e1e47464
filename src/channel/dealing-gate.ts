/**
 * An exchange that sends each row its own way. Rows are dealt to channels and gathered in one builder a channel, which
 * is sent when full, when it has waited for the buffer timeout, when the subtask has nothing else to do, and before
 * every control element.
 *
 * Free-form rows are gathered as columns of an inferred schema, for local channels too: written once, and read by
 * generated loops as typed rows are.
 */
import { BATCH_ROWS, EXCHANGE_BATCH_ROWS_MIN, EXCHANGE_ROWS } from '../base/limits.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { RowEncoder } from '../data/row-encoder.ts';
import type { Schema } from '../data/schema.ts';
import type { RowCount } from '../metrics/metrics.ts';
import type { ChannelWriter } from './channel.ts';
import type { Dealer } from './dealer.ts';
import type { InFlightLog } from './in-flight.ts';
import { Channels, type OutputGate, type Tap } from './output-gate.ts';

/** Rows of a full batch where there are so many channels, so that together they do not hold too many. */
export function fullBatchRows(channels: number): number {
  return Math.max(
    EXCHANGE_BATCH_ROWS_MIN,
    Math.min(BATCH_ROWS, Math.floor(EXCHANGE_ROWS / channels)),
  );
}

/**
 * The least batch that is full has a row for so many channels: where there are many, small ones would take longer to send than
 * what waits is worth.
 */
const CHANNELS_A_ROW = 4;

export type DealingGateOptions = {
  readonly writers: readonly ChannelWriter[];
  readonly dealer: Dealer;
  /** Of the stream; null for free-form rows. */
  readonly schema: Schema | null;
  /** Counts the rows that have been dealt. */
  readonly sent: RowCount;
  /** Rows in a full batch. */
  readonly batchRows: number;
  /** The error for what a function of the user threw at a record, counted from the first that was dealt. */
  readonly errorAt: (thrown: unknown, record: number) => Error;
  /** Left out where no checkpoint is unaligned. */
  readonly inFlight?: InFlightLog | null;
};

export class DealingGate implements OutputGate {
  tap: Tap | null = null;
  readonly #channels: Channels;
  readonly #dealer: Dealer;
  readonly #sent: RowCount;
  readonly #schema: Schema | null;
  readonly #errorAt: DealingGateOptions['errorAt'];
  readonly #rows = new RowEncoder();
  readonly #builders: BatchBuilder[];
  /** By channel, the rows that may wait in it, as of the last batch that was sent there. */
  readonly #rowsMaxOf: Float64Array;
  rowsMax = Infinity;
  #hasPartial = false;
  #haveHashes = false;

  constructor(options: DealingGateOptions) {
    const { writers, dealer, schema, sent, batchRows, errorAt, inFlight } = options;
    this.#channels = new Channels(writers, inFlight ?? null);
    this.#dealer = dealer;
    this.#sent = sent;
    this.#errorAt = errorAt;
    this.#schema = schema;
    this.#builders = writers.map(() => new BatchBuilder(schema, batchRows));
    this.#rowsMaxOf = new Float64Array(writers.length).fill(Infinity);
  }

  get isReady(): boolean {
    return this.#channels.areReady;
  }

  get hasPartial(): boolean {
    return this.#hasPartial;
  }

  get sentRows(): number {
    return this.#sent.rows;
  }

  emit(batch: Batch): void {
    this.tap?.take(batch);
    const dealt = this.#deal(batch);
    this.#keepHashesApart(dealt.keyHashes !== null);
    const { order, starts, ends } = this.#dealer.rows;
    for (let c = 0; c < this.#builders.length; c++) {
      const from = starts[c]!;
      const to = ends[c]!;
      if (from === to) continue;
      if (batch.schema === null) this.#appendRows(dealt, c, order, from, to);
      else this.#appendColumns(dealt, c, order, from, to);
    }
    this.#sent.rows += batch.rowCount;
    this.#hasPartial = true;
  }

  #deal(batch: Batch): Batch {
    try {
      return this.#dealer.deal(batch);
    } catch (thrown) {
      throw this.#errorAt(thrown, this.#sent.rows + this.#dealer.failedRow);
    }
  }

  /** A batch has hashes for all rows or for none. */
  #keepHashesApart(haveHashes: boolean): void {
    if (haveHashes !== this.#haveHashes) this.#sendAll();
    this.#haveHashes = haveHashes;
  }

  #appendColumns(
    batch: Batch,
    channel: number,
    rows: Int32Array,
    start: number,
    end: number,
  ): void {
    let from = start;
    while (from < end) {
      const builder = this.#builderOf(channel, this.#schema ?? batch.schema!);
      const to = this.#batchEnd(channel, from, end);
      if (!builder.appendSelected(batch, rows, from, to)) {
        this.#send(channel);
        continue;
      }
      from = to;
      if (builder.isFull || to < end) this.#send(channel);
    }
  }

  #appendRows(batch: Batch, channel: number, rows: Int32Array, start: number, end: number): void {
    const encoder = this.#rows;
    let from = start;
    while (from < end) {
      const builder = this.#builderOf(channel, encoder.schema);
      const to = this.#batchEnd(channel, from, end);
      from += encoder.append(batch, rows, from, to, builder);
      if (from < to && !builder.isFull) encoder.adapt(batch.rowObjects(), rows, from, end);
      if (builder.isFull || (from === to && to < end)) this.#send(channel);
    }
  }

  /** Up to which row the batch of a channel takes some: it is full earlier where the consumer wants few to wait. */
  #batchEnd(channel: number, from: number, end: number): number {
    const { capacity, rowCount } = this.#builders[channel]!;
    const to = Math.min(end, from + capacity - rowCount);
    const least = Math.ceil(this.#builders.length / CHANNELS_A_ROW);
    if (rowCount + to - from <= least) return to;
    const wanted = Math.floor(this.#channels.writers[channel]!.rowsMax / 2);
    const full = Math.max(least, wanted);
    return Math.max(from, Math.min(to, from + full - rowCount));
  }

  /** The builder for rows of a schema; what was gathered under another is sent first. */
  #builderOf(channel: number, schema: Schema): BatchBuilder {
    const builder = this.#builders[channel]!;
    if (builder.schema === schema) return builder;
    if (builder.rowCount > 0) this.#send(channel);
    const next = new BatchBuilder(schema, builder.capacity);
    this.#builders[channel] = next;
    return next;
  }

  #send(channel: number): void {
    const writer = this.#channels.writers[channel]!;
    this.#builders[channel] = writer.putBuilt(this.#builders[channel]!);
    const { rowsMax } = writer;
    if (rowsMax !== this.#rowsMaxOf[channel]) this.#onRowsMax(channel, rowsMax);
  }

  /** A channel has another bound. Each gets its share of the rows, about as many as the others. */
  #onRowsMax(channel: number, rowsMax: number): void {
    this.#rowsMaxOf[channel] = rowsMax;
    let least = Infinity;
    for (const most of this.#rowsMaxOf) if (most < least) least = most;
    this.rowsMax = least * this.#rowsMaxOf.length;
  }

  #sendAll(): void {
    for (let c = 0; c < this.#builders.length; c++) {
      if (this.#builders[c]!.rowCount > 0) this.#send(c);
    }
    this.#hasPartial = false;
  }

  watermark(watermark: Watermark): void {
    this.#sendAll();
    this.#channels.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#sendAll();
    this.#channels.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#sendAll();
    this.#channels.barrier(checkpoint);
  }

  end(): void {
    this.#sendAll();
    this.#channels.end();
  }

  retry(): boolean {
    return this.#channels.retry();
  }

  flush(): boolean {
    const had = this.#hasPartial;
    this.#sendAll();
    this.#channels.publish();
    return had;
  }

  publish(): void {
    this.#channels.publish();
  }
}
