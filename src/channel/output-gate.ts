/**
 * The output of one exchange: all channels of one producer subtask to the subtasks of the next task.
 *
 * Where every row goes to the same channel, batches pass as they are. By key, rows are sorted to channels by key
 * group and gathered in one builder a channel, which is sent when full, when it has waited for the buffer timeout,
 * when the subtask has nothing else to do, and before every control element.
 */

import type { Batch, Watermark } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { KeyReader } from '../data/key.ts';
import { RowEncoder } from '../data/row-encoder.ts';
import type { Schema } from '../data/schema.ts';
import { ACTIVE, type ChannelWriter, type ControlKind, END, IDLE, WATERMARK } from './channel.ts';
import { RowDealer } from './row-dealer.ts';

export interface OutputGate {
  readonly isReady: boolean;
  emit(batch: Batch): void;
  watermark(watermark: Watermark): void;
  idle(isIdle: boolean): void;
  end(): void;
  /** Moves what waits for room; true when something moved. */
  retry(): boolean;
  /** Sends partial batches and lets consumers see everything; true when there was something. */
  flush(): boolean;
  /** Lets consumers see the full batches sent so far. */
  publish(): void;
  /** Whether rows wait in partial batches. */
  readonly hasPartial: boolean;
}

/** What both kinds of gate do with their channels. */
class Channels {
  readonly writers: readonly ChannelWriter[];

  constructor(writers: readonly ChannelWriter[]) {
    this.writers = writers;
  }

  areReady(): boolean {
    for (const writer of this.writers) if (!writer.isReady) return false;
    return true;
  }

  retry(): boolean {
    let moved = false;
    for (const writer of this.writers) if (writer.retry()) moved = true;
    if (moved) this.publish();
    return moved;
  }

  control(kind: ControlKind, value: number): void {
    for (const writer of this.writers) writer.control(kind, value);
    this.publish();
  }

  publish(): void {
    for (const writer of this.writers) writer.publish();
  }
}

/** Whole batches: to the only channel, or to the channels in turn. */
export class ForwardGate implements OutputGate {
  readonly hasPartial = false;
  readonly #channels: Channels;
  #next = 0;

  constructor(writers: readonly ChannelWriter[]) {
    this.#channels = new Channels(writers);
  }

  get isReady(): boolean {
    return this.#channels.areReady();
  }

  emit(batch: Batch): void {
    const { writers } = this.#channels;
    writers[this.#next]!.put(batch);
    this.#next = (this.#next + 1) % writers.length;
  }

  watermark(watermark: Watermark): void {
    this.#channels.control(WATERMARK, watermark);
  }

  idle(isIdle: boolean): void {
    this.#channels.control(isIdle ? IDLE : ACTIVE, 0);
  }

  end(): void {
    this.#channels.control(END, 0);
  }

  retry(): boolean {
    return this.#channels.retry();
  }

  flush(): boolean {
    this.#channels.publish();
    return false;
  }

  publish(): void {
    this.#channels.publish();
  }
}

export type HashGateOptions = {
  readonly writers: readonly ChannelWriter[];
  readonly keys: KeyReader;
  readonly schema: Schema | null;
  readonly maxParallelism: number;
  readonly batchRows: number;
};

/**
 * Rows by the key group of their key. Free-form rows are gathered as columns of an inferred schema, for local channels
 * too: written once, and read by generated loops as typed rows are.
 */
export class HashGate implements OutputGate {
  readonly #channels: Channels;
  readonly #keys: KeyReader;
  readonly #rows = new RowEncoder();
  readonly #schema: Schema | null;
  readonly #builders: BatchBuilder[];
  readonly #dealer: RowDealer;
  #hasPartial = false;

  constructor(options: HashGateOptions) {
    const { writers, maxParallelism } = options;
    this.#channels = new Channels(writers);
    this.#keys = options.keys;
    this.#schema = options.schema;
    this.#builders = writers.map(() => new BatchBuilder(options.schema, options.batchRows));
    this.#dealer = new RowDealer(writers.length, maxParallelism);
  }

  get isReady(): boolean {
    return this.#channels.areReady();
  }

  get hasPartial(): boolean {
    return this.#hasPartial;
  }

  emit(batch: Batch): void {
    const dealer = this.#dealer;
    const keyed = this.#deal(batch);
    for (let c = 0; c < this.#builders.length; c++) {
      if (batch.schema === null) this.#appendRows(keyed, c, dealer.rows[c]!, dealer.counts[c]!);
      else this.#appendColumns(keyed, c, dealer.rows[c]!, dealer.counts[c]!);
    }
    this.#hasPartial = true;
  }

  /** Deals the rows to channels; the batch with the hashes of its keys, unless the consumer makes them anew faster. */
  #deal(batch: Batch): Batch {
    const keys = this.#keys;
    const ints = batch.keyHashes === null ? keys.intColumn(batch) : null;
    if (ints !== null) {
      this.#dealer.dealInts(ints, batch.rowCount);
      return batch;
    }
    const wereInts = keys.isInt;
    const hashes = keys.hashes(batch);
    this.#dealer.deal(hashes, batch.rowCount);
    if (keys.isInt || batch.keyHashes !== null) return batch;
    if (wereInts) this.#sendAll(); // A batch has hashes for all rows or for none.
    return batch.withKeyHashes(hashes);
  }

  #appendColumns(batch: Batch, channel: number, rows: Int32Array, count: number): void {
    let from = 0;
    while (from < count) {
      const builder = this.#builderOf(channel, this.#schema ?? batch.schema!);
      const to = Math.min(count, from + builder.capacity - builder.rowCount);
      if (!builder.appendSelected(batch, rows, from, to)) {
        this.#send(channel);
        continue;
      }
      from = to;
      if (builder.isFull) this.#send(channel);
    }
  }

  #appendRows(batch: Batch, channel: number, rows: Int32Array, count: number): void {
    const encoder = this.#rows;
    let from = 0;
    while (from < count) {
      const builder = this.#builderOf(channel, encoder.schema);
      const to = Math.min(count, from + builder.capacity - builder.rowCount);
      from += encoder.append(batch, rows, from, to, builder);
      if (from < to) encoder.adapt(batch.rowObjects(), rows, from, count);
      if (builder.isFull) this.#send(channel);
    }
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
    const builder = this.#builders[channel]!;
    this.#builders[channel] = this.#channels.writers[channel]!.putBuilt(builder);
  }

  #sendAll(): void {
    for (let c = 0; c < this.#builders.length; c++) {
      if (this.#builders[c]!.rowCount > 0) this.#send(c);
    }
    this.#hasPartial = false;
  }

  watermark(watermark: Watermark): void {
    this.#sendAll();
    this.#channels.control(WATERMARK, watermark);
  }

  idle(isIdle: boolean): void {
    this.#sendAll();
    this.#channels.control(isIdle ? IDLE : ACTIVE, 0);
  }

  end(): void {
    this.#sendAll();
    this.#channels.control(END, 0);
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
