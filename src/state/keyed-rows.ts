/**
 * Rows of one keyed state on their way into a snapshot: key fields and key hashes by slot, then what `fill` writes into
 * the columns behind them. Batches are handed over when they are full, and by `flush`.
 */
import { BATCH_ROWS, STATE_BLOCK_VALUES } from '../base/limits.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import type { Field, Schema } from '../data/schema.ts';
import type { KeySlots } from './key-slots.ts';
import type { SnapshotWriter } from './snapshot.ts';

/** Fills the columns behind the keys with what belongs to slots from to to - 1, from `builder.rowCount` on. */
export type FillRange = (builder: BatchBuilder, from: number, to: number) => void;
/** The same with what belongs to these slots. */
export type FillSlots = (builder: BatchBuilder, slots: Int32Array) => void;

export type KeyedRowsOptions = {
  readonly state: string;
  /** Key fields first. */
  readonly schema: Schema;
  readonly keyFields: readonly Field[];
  readonly isTypedKey: boolean;
};

export class KeyedRows {
  readonly #options: KeyedRowsOptions;
  readonly #writer: SnapshotWriter;
  readonly #builder: BatchBuilder;

  /** `rowCount`: about how many rows will come. */
  constructor(options: KeyedRowsOptions, writer: SnapshotWriter, rowCount: number) {
    this.#options = options;
    this.#writer = writer;
    const values = options.schema.fields.length + 1;
    const rowsMax = Math.max(BATCH_ROWS, Math.floor(STATE_BLOCK_VALUES / values));
    this.#builder = new BatchBuilder(options.schema, Math.max(1, Math.min(rowCount, rowsMax)));
  }

  /** Rows of a batch. */
  get batchRows(): number {
    return this.#builder.capacity;
  }

  append(keys: KeySlots, from: number, to: number, fill: FillRange): void {
    const { keyFields, isTypedKey } = this.#options;
    const builder = this.#builder;
    let at = from;
    while (at < to) {
      const end = Math.min(to, at + builder.capacity - builder.rowCount);
      keys.appendKeys(at, end, builder, keyFields, isTypedKey);
      keys.appendHashes(at, end, builder);
      fill(builder, at, end);
      builder.advance(end - at);
      if (builder.isFull) this.flush();
      at = end;
    }
  }

  /** The same for slots in any order. */
  appendSlots(keys: KeySlots, slots: Int32Array, fill: FillSlots): void {
    const { keyFields, isTypedKey } = this.#options;
    const builder = this.#builder;
    let at = 0;
    while (at < slots.length) {
      const end = Math.min(slots.length, at + builder.capacity - builder.rowCount);
      const some = slots.subarray(at, end);
      keys.appendKeysOf(some, end - at, builder, keyFields, isTypedKey);
      keys.appendHashesOf(some, builder);
      fill(builder, some);
      builder.advance(end - at);
      if (builder.isFull) this.flush();
      at = end;
    }
  }

  flush(): void {
    const builder = this.#builder;
    if (builder.rowCount === 0) return;
    this.#writer.keyed(this.#options.state, builder.seal());
    builder.reset();
  }
}
