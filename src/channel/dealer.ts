/** Which rows of a batch go to which channel. Rows of one channel keep their order. */
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Batch } from '../data/batch.ts';
import type { GeneratedLoop } from '../data/generated-loop.ts';
import { type KeyReader, keyOfFields } from '../data/key.ts';
import { generatedFieldReader, type RowFunction, RowFunctionLoop } from '../data/row-function.ts';
import type { Schema } from '../data/schema.ts';
import { RowDealer, RowOrder } from './row-dealer.ts';

export interface Dealer {
  /** The rows of the batch dealt last, by channel. */
  readonly rows: RowOrder;
  /** Deals all rows of a batch; returns it, perhaps with the hashes of its keys. */
  deal(batch: Batch): Batch;
  /** The row at which a function of the user threw. */
  readonly failedRow: number;
  /** The loops that it generates, for people. */
  generatedLoops(): readonly GeneratedLoop[];
}

export type KeyDealerOptions = {
  readonly keys: KeyReader;
  readonly channels: number;
  readonly maxParallelism: number;
  /** Whether the consumer is keyed alike: only then are hashes worth anything behind the exchange. */
  readonly handsOn: boolean;
};

/** By the key group of the key. */
export class KeyDealer implements Dealer {
  readonly #keys: KeyReader;
  readonly #dealer: RowDealer;
  readonly #handsOn: boolean;

  constructor({ keys, channels, maxParallelism, handsOn }: KeyDealerOptions) {
    this.#keys = keys;
    this.#dealer = new RowDealer(channels, maxParallelism);
    this.#handsOn = handsOn;
  }

  get rows(): RowOrder {
    return this.#dealer.rows;
  }

  get failedRow(): number {
    return this.#keys.failedRow;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return this.#keys.generatedLoops('dealing');
  }

  /** Hashes go along with the rows where they are handed on, unless the consumer makes them anew faster. */
  deal(batch: Batch): Batch {
    const keys = this.#keys;
    const ints = batch.keyHashes === null ? keys.intColumn(batch) : null;
    if (ints !== null) {
      this.#dealer.dealInts(ints, batch.rowCount);
      return batch;
    }
    const hashes = keys.hashes(batch);
    this.#dealer.deal(hashes, batch.rowCount);
    const goAlong = this.#handsOn && !keys.isInt && batch.keyHashes === null;
    return goAlong ? batch.withKeyHashes(hashes) : batch;
  }
}

/** Rows of a part that is worth to be copied whole. */
const PART_ROWS_MIN = 64;

/** To all channels in turn: row by row, or of a large batch an equal part each, since parts are copied whole. */
export class TurnDealer implements Dealer {
  readonly failedRow = 0;
  readonly rows: RowOrder;
  readonly #channels: number;
  /** The channel of the next row that is dealt by itself. */
  #next = 0;

  constructor(channels: number) {
    this.rows = new RowOrder(channels);
    this.#channels = channels;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [];
  }

  deal(batch: Batch): Batch {
    const { rowCount } = batch;
    const channels = this.#channels;
    this.rows.reserve(rowCount);
    const { order, starts, ends } = this.rows;
    const isInParts = rowCount >= channels * PART_ROWS_MIN;
    const each = Math.floor(rowCount / channels);
    const left = rowCount % channels;
    let at = 0;
    for (let channel = 0; channel < channels; channel++) {
      starts[channel] = at;
      const turn = (channel - this.#next + channels) % channels;
      const end = at + each + (turn < left ? 1 : 0);
      const first = isInParts ? at : turn;
      const step = isInParts ? 1 : channels;
      for (let row = first; at < end; row += step) order[at++] = row;
      ends[channel] = end;
    }
    this.#next = (this.#next + left) % channels;
    return batch;
  }
}

/** Each row to a channel by chance; by the same chance in each run. */
export class ChanceDealer implements Dealer {
  readonly failedRow = 0;
  readonly rows: RowOrder;
  readonly #channels: number;
  readonly #random: Random;

  constructor(channels: number, seed: number) {
    this.rows = new RowOrder(channels);
    this.#channels = channels;
    this.#random = new Random(seed);
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [];
  }

  deal(batch: Batch): Batch {
    const { rowCount } = batch;
    const channelOf = this.rows.channelOf(rowCount);
    for (let i = 0; i < rowCount; i++) channelOf[i] = this.#random.below(this.#channels);
    this.rows.sort(rowCount);
    return batch;
  }
}

/** The subtask for a key, 0 to `subtasks` - 1. */
export type Partitioner = (key: unknown, subtasks: number) => number;

/** To the channel that a function of the user names for the key. */
export class CustomDealer implements Dealer {
  readonly rows: RowOrder;
  readonly #channels: RowFunctionLoop<unknown, number>;
  readonly #field: string | null;

  /** `key` is a field, or a function of the row. */
  constructor(
    partitioner: Partitioner,
    key: string | RowFunction<unknown>,
    schema: Schema | null,
    channels: number,
  ) {
    this.rows = new RowOrder(channels);
    this.#field = typeof key === 'string' ? key : null;
    const read = typeof key === 'string' ? keyOfFields([key]) : key;
    this.#channels = new RowFunctionLoop(schema, read, (value) =>
      checked(partitioner(value, channels), channels),
    );
  }

  get failedRow(): number {
    return this.#channels.row;
  }

  generatedLoops(): readonly GeneratedLoop[] {
    const loop = this.#channels.generatedLoop('channels of rows');
    return this.#field === null ? [loop] : [loop, generatedFieldReader(this.#field)];
  }

  deal(batch: Batch): Batch {
    const { rowCount } = batch;
    this.#channels.run(batch, this.rows.channelOf(rowCount));
    this.rows.sort(rowCount);
    return batch;
  }
}

function checked(channel: number, channels: number): number {
  if (Number.isInteger(channel) && channel >= 0 && channel < channels) return channel;
  throw new EngineError(
    'PARTITION_INVALID',
    `partitionCustom: the function returned ${String(channel)}; it must be 0 to ${channels - 1}`,
  );
}
