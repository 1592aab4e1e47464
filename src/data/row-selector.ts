/**
 * The rows of a batch that have passed a filter, side by side: transient, valid until the next call.
 *
 * Numbers are copied. Texts are not where most rows pass: their column is the old entries and the numbers of the rows
 * (StringColumn.isSelection), so that they are copied once, by the exchange or the sink that wants them. Nexmark q0 measures it.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch } from './batch.ts';
import {
  type Column,
  DynamicColumn,
  type FixedArray,
  FixedColumn,
  fixedArray,
  StringColumn,
} from './column.ts';
import { gatherFixed } from './gather.ts';
import { StringBuilder } from './string-builder.ts';

/** Of the rows of a batch; with fewer, their texts are copied rather than dragged along with the others. */
const SHARE_MIN = 0.5;

export class RowSelector {
  /** Memory by column, and that of times and hashes. */
  readonly #columns: ColumnMemory[] = [];
  readonly #times = new FixedMemory<Float64Array>(() => new Float64Array(this.#capacity));
  readonly #hashes = new FixedMemory<Int32Array>(() => new Int32Array(this.#capacity));
  #capacity = BATCH_ROWS;

  /** Rows selection[0] to selection[count - 1], ascending. */
  select(batch: Batch, selection: Int32Array, count: number): Batch {
    if (count > this.#capacity) this.#grow(count);
    const { timestamps, keyHashes } = batch;
    return new Batch({
      rowCount: count,
      schema: batch.schema,
      columns: batch.columns.map((column, c) =>
        this.#memory(c).select(column, batch.rowCount, selection, count),
      ),
      timestamps: timestamps && this.#times.gather(timestamps, selection, count),
      keyHashes: keyHashes && this.#hashes.gather(keyHashes, selection, count),
      isTransient: true,
    });
  }

  #memory(column: number): ColumnMemory {
    this.#columns[column] ??= new ColumnMemory(this.#capacity);
    return this.#columns[column];
  }

  #grow(capacity: number): void {
    this.#capacity = capacity;
    this.#columns.length = 0;
    this.#times.forget();
    this.#hashes.forget();
  }
}

/** An array that is made when it is needed first. */
class FixedMemory<A extends FixedArray> {
  readonly #make: () => A;
  #values: A | null = null;

  constructor(make: () => A) {
    this.#make = make;
  }

  gather(source: A, selection: Int32Array, count: number): A {
    this.#values ??= this.#make();
    gatherFixed(this.#values, 0, source, selection, 0, count);
    return this.#values;
  }

  forget(): void {
    this.#values = null;
  }
}

class ColumnMemory {
  readonly #capacity: number;
  readonly #absent: FixedMemory<Uint8Array>;
  readonly #codes: FixedMemory<Int32Array>;
  #fixed: FixedMemory<FixedArray> | null = null;
  #texts: StringBuilder | null = null;
  #values: unknown[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#absent = new FixedMemory(() => new Uint8Array(capacity));
    this.#codes = new FixedMemory(() => new Int32Array(capacity));
  }

  select(column: Column, rowCount: number, selection: Int32Array, count: number): Column {
    const absent = column.absent && this.#absent.gather(column.absent, selection, count);
    switch (column.kind) {
      case 'string':
        return this.#selectTexts(column, absent, rowCount, selection, count);
      case 'dynamic':
        return new DynamicColumn(this.#selectValues(column.values, selection, count), absent);
      default: {
        const { kind } = column;
        this.#fixed ??= new FixedMemory(() => fixedArray(kind, this.#capacity));
        return new FixedColumn(kind, this.#fixed.gather(column.values, selection, count), absent);
      }
    }
  }

  #selectTexts(
    column: StringColumn,
    absent: Uint8Array | null,
    rowCount: number,
    selection: Int32Array,
    count: number,
  ): StringColumn {
    const { entries, codes, isSelection } = column;
    if (codes !== null && !isSelection) {
      return new StringColumn(entries, this.#codes.gather(codes, selection, count), absent);
    }
    if (count < SHARE_MIN * (codes === null ? rowCount : entries.count)) {
      this.#texts ??= new StringBuilder(this.#capacity);
      this.#texts.reset();
      this.#texts.appendSelected(column, selection, 0, count);
      const { entries: copied } = this.#texts.seal();
      return new StringColumn(copied, null, absent);
    }
    const rows = codes === null ? selection : this.#codes.gather(codes, selection, count);
    return new StringColumn(entries, rows, absent, true);
  }

  #selectValues(values: readonly unknown[], selection: Int32Array, count: number): unknown[] {
    const selected = this.#values;
    selected.length = count;
    for (let i = 0; i < count; i++) selected[i] = values[selection[i]!];
    return selected;
  }
}
