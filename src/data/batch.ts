/**
 * What flows: a batch of rows as columns, as row objects, or both; and beside it control elements.
 *
 * A batch with a schema has one column per field, in order. A batch without a schema holds row objects.
 * Row objects of a schema batch are made once, on demand (`rowObjects`), for user functions that need them.
 * Free-form rows come in both forms: as objects, or behind an exchange as columns of a schema inferred from them
 * (free-form.ts), which may change from batch to batch.
 *
 * Ownership: who receives a batch may read it until it returns from the call, and must not change it. A batch
 * marked `isTransient` lives in memory that its maker will use again (a ring frame, a builder): keep it
 * longer by `ownedCopy`. Everything else may be kept by reference.
 *
 * Row order within a batch is arrival order. `timestamps` are event times in ms, NaN for a row without one,
 * or null when no row has one. `keyHashes` are present behind a hash exchange (see key-hash.ts).
 */
import { assert } from '../base/assert.ts';
import type { Column, DynamicColumn } from './column.ts';
import { freeFormOf } from './free-form.ts';
import { materializer } from './materialize.ts';
import type { Schema } from './schema.ts';
import { readValues, type UnreadValues } from './selected-values.ts';

/** A promise that no record at or before this event time follows. */
export type Watermark = number;
export const MIN_WATERMARK: Watermark = -Infinity;
/** Sent at the end of a bounded input. */
export const MAX_WATERMARK: Watermark = Infinity;

export class Batch {
  readonly rowCount: number;
  readonly schema: Schema | null;
  readonly columns: readonly Column[];
  readonly #times: Float64Array | UnreadValues<Float64Array> | null;
  readonly keyHashes: Int32Array | null;
  readonly isTransient: boolean;
  #rows: readonly unknown[] | null;

  constructor(parts: {
    readonly rowCount: number;
    readonly schema: Schema | null;
    readonly columns?: readonly Column[];
    readonly rows?: readonly unknown[] | null;
    readonly timestamps?: Float64Array | UnreadValues<Float64Array> | null;
    readonly keyHashes?: Int32Array | null;
    readonly isTransient?: boolean;
  }) {
    this.rowCount = parts.rowCount;
    this.schema = parts.schema;
    this.columns = parts.columns ?? [];
    this.#rows = parts.rows ?? null;
    this.#times = parts.timestamps ?? null;
    this.keyHashes = parts.keyHashes ?? null;
    this.isTransient = parts.isTransient ?? false;
    assert(
      this.schema === null
        ? this.#rows !== null
        : this.columns.length === this.schema.fields.length,
      'a batch has a column per field, or rows',
    );
  }

  get timestamps(): Float64Array | null {
    return this.#times && readValues(this.#times);
  }

  /** The times, or what they will be copied from. */
  get unreadTimestamps(): Float64Array | UnreadValues<Float64Array> | null {
    return this.#times;
  }

  /**
   * The rows as objects, index 0 to rowCount - 1; made once. They may be kept:
   * `new Batch({ rowCount: 1, schema: null, rows: ['a'] }).rowObjects()`.
   */
  rowObjects(): readonly unknown[] {
    this.#rows ??= this.#materialize();
    return this.#rows;
  }

  #materialize(): readonly unknown[] {
    const schema = this.schema!;
    if (freeFormOf(schema) === 'values') {
      return (this.columns[0] as DynamicColumn).values.slice(0, this.rowCount);
    }
    return materializer(schema)(this.columns, this.rowCount);
  }

  /** The same rows with other event times; shares all else. */
  withTimestamps(timestamps: Float64Array): Batch {
    return this.#with({ timestamps });
  }

  withKeyHashes(keyHashes: Int32Array): Batch {
    return this.#with({ keyHashes });
  }

  /** The rows for steps that may key them by something else. */
  withoutKeyHashes(): Batch {
    return this.#with({ keyHashes: null });
  }

  #with(parts: { timestamps?: Float64Array; keyHashes?: Int32Array | null }): Batch {
    return new Batch({
      rowCount: this.rowCount,
      schema: this.schema,
      columns: this.columns,
      rows: this.#rows,
      timestamps: parts.timestamps ?? this.#times,
      keyHashes: parts.keyHashes === undefined ? this.keyHashes : parts.keyHashes,
      isTransient: this.isTransient,
    });
  }
}
