/**
 * The rows of a batch that have passed a filter, side by side: transient, valid until the next call.
 *
 * Numbers are copied when somebody reads them (selected-values.ts). Texts are not where most rows pass: their column is the old
 * entries and the numbers of the rows (StringColumn.isSelection), so that they are copied once, by the exchange or the sink that
 * wants them. Nexmark q0 measures it.
 */
import { BATCH_ROWS } from '../base/limits.ts';
import { Batch } from './batch.ts';
import { type Column, DynamicColumn, FixedColumn, fixedArray, StringColumn } from './column.ts';
import { SelectedValues, SelectionMemory, type UnreadValues } from './selected-values.ts';
import { StringBuilder } from './string-builder.ts';

/** Of the rows of a batch; with fewer, their texts are copied rather than dragged along with the others. */
const SHARE_MIN = 0.5;

export class RowSelector {
  /** Memory by column, and that of times and hashes. */
  readonly #columns: ColumnMemory[] = [];
  #times = timesMemory(BATCH_ROWS);
  #hashes = intMemory(BATCH_ROWS);
  #capacity = BATCH_ROWS;

  /** Rows selection[0] to selection[count - 1], ascending. */
  select(batch: Batch, selection: Int32Array, count: number): Batch {
    if (count > this.#capacity) this.#grow(count);
    const { keyHashes } = batch;
    const columns = batch.columns.map((column, c) =>
      this.#memory(c).select(column, batch.rowCount, selection, count),
    );
    return new Batch({
      rowCount: count,
      schema: batch.schema,
      columns,
      timestamps: this.#timestamps(batch, columns, selection, count),
      keyHashes: keyHashes && this.#hashes.gather(keyHashes, selection, count),
      isTransient: true,
    });
  }

  /** Those of a column, where that has the times, so that they are copied once. */
  #timestamps(
    batch: Batch,
    selected: readonly Column[],
    selection: Int32Array,
    count: number,
  ): UnreadValues<Float64Array> | null {
    const times = batch.unreadTimestamps;
    if (times === null) return null;
    const same = batch.columns.findIndex(
      (column) => column instanceof FixedColumn && column.unread === times,
    );
    if (same < 0) return new SelectedValues(times, selection, count, this.#times);
    return (selected[same] as FixedColumn).unread as UnreadValues<Float64Array>;
  }

  #memory(column: number): ColumnMemory {
    this.#columns[column] ??= new ColumnMemory(this.#capacity);
    return this.#columns[column];
  }

  #grow(capacity: number): void {
    this.#capacity = capacity;
    this.#columns.length = 0;
    this.#times = timesMemory(capacity);
    this.#hashes = intMemory(capacity);
  }
}

function timesMemory(capacity: number): SelectionMemory<Float64Array> {
  return new SelectionMemory(() => new Float64Array(capacity));
}

function intMemory(capacity: number): SelectionMemory<Int32Array> {
  return new SelectionMemory(() => new Int32Array(capacity));
}

class ColumnMemory {
  readonly #capacity: number;
  readonly #absent: SelectionMemory<Uint8Array>;
  readonly #codes: SelectionMemory<Int32Array>;
  #fixed: SelectionMemory | null = null;
  #texts: StringBuilder | null = null;
  #values: unknown[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#absent = new SelectionMemory(() => new Uint8Array(capacity));
    this.#codes = intMemory(capacity);
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
        this.#fixed ??= new SelectionMemory(() => fixedArray(kind, this.#capacity));
        const values = new SelectedValues(column.unread, selection, count, this.#fixed);
        return new FixedColumn(kind, values, absent);
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
