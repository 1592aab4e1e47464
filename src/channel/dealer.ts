/** Which rows of a batch go to which channel. Rows of one channel keep their order. */
import { EngineError } from '../base/errors.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import type { Batch } from '../data/batch.ts';
import type { KeyReader } from '../data/key.ts';
import { type RowFunction, RowFunctionLoop } from '../data/row-function.ts';
import type { Schema } from '../data/schema.ts';
import { RowDealer } from './row-dealer.ts';

export interface Dealer {
  /** Per channel: the numbers of its rows in the batch dealt last, and how many they are. */
  readonly rows: readonly Int32Array[];
  readonly counts: Int32Array;
  /** Deals all rows of a batch; returns it, perhaps with the hashes of its keys. */
  deal(batch: Batch): Batch;
  /** The row at which a function of the user threw. */
  readonly failedRow: number;
}

/** By the key group of the key. */
export class KeyDealer implements Dealer {
  readonly #keys: KeyReader;
  readonly #rows: RowDealer;

  constructor(keys: KeyReader, channels: number, maxParallelism: number) {
    this.#keys = keys;
    this.#rows = new RowDealer(channels, maxParallelism);
  }

  get rows(): readonly Int32Array[] {
    return this.#rows.rows;
  }

  get counts(): Int32Array {
    return this.#rows.counts;
  }

  get failedRow(): number {
    return this.#keys.failedRow;
  }

  /** Hashes go along with the rows unless the consumer makes them anew faster. */
  deal(batch: Batch): Batch {
    const keys = this.#keys;
    const ints = batch.keyHashes === null ? keys.intColumn(batch) : null;
    if (ints !== null) {
      this.#rows.dealInts(ints, batch.rowCount);
      return batch;
    }
    const hashes = keys.hashes(batch);
    this.#rows.deal(hashes, batch.rowCount);
    return keys.isInt || batch.keyHashes !== null ? batch : batch.withKeyHashes(hashes);
  }
}

/** To all channels in turn. */
export class TurnDealer implements Dealer {
  readonly failedRow = 0;
  readonly rows: Int32Array[];
  readonly counts: Int32Array;
  #next = 0;

  constructor(channels: number) {
    this.rows = Array.from({ length: channels }, () => new Int32Array(BATCH_ROWS));
    this.counts = new Int32Array(channels);
  }

  deal(batch: Batch): Batch {
    const channels = this.rows.length;
    const { rowCount } = batch;
    for (let n = 0; n < channels; n++) {
      const channel = (this.#next + n) % channels;
      this.counts[channel] = strided(this.rows, channel, n, rowCount, channels);
    }
    this.#next = (this.#next + rowCount) % channels;
    return batch;
  }
}

/** rows[channel] = every `step`-th number from `first` on, below `end`; returns how many. */
function strided(
  rows: Int32Array[],
  channel: number,
  first: number,
  end: number,
  step: number,
): number {
  const count = Math.max(0, Math.ceil((end - first) / step));
  if (rows[channel]!.length < count) rows[channel] = new Int32Array(count);
  const target = rows[channel]!;
  for (let i = 0, row = first; i < count; i++, row += step) target[i] = row;
  return count;
}

/** The subtask for a key, 0 to `subtasks` - 1. */
export type Partitioner = (key: unknown, subtasks: number) => number;

/** To the channel that a function of the user names for the key. */
export class CustomDealer implements Dealer {
  readonly rows: Int32Array[];
  readonly counts: Int32Array;
  readonly #channels: RowFunctionLoop<unknown, number>;
  #channelOf = new Int32Array(0);

  constructor(
    partitioner: Partitioner,
    key: RowFunction<unknown>,
    schema: Schema | null,
    channels: number,
  ) {
    this.rows = Array.from({ length: channels }, () => new Int32Array(BATCH_ROWS));
    this.counts = new Int32Array(channels);
    this.#channels = new RowFunctionLoop(schema, key, (value) =>
      checked(partitioner(value, channels), channels),
    );
  }

  get failedRow(): number {
    return this.#channels.row;
  }

  deal(batch: Batch): Batch {
    const { rows, counts } = this;
    const { rowCount } = batch;
    if (this.#channelOf.length < rowCount) this.#channelOf = new Int32Array(rowCount);
    this.#channels.run(batch, this.#channelOf);
    for (let c = 0; c < rows.length; c++) {
      if (rows[c]!.length < rowCount) rows[c] = new Int32Array(rowCount);
    }
    counts.fill(0);
    for (let i = 0; i < rowCount; i++) {
      const channel = this.#channelOf[i]!;
      rows[channel]![counts[channel]!++] = i;
    }
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
