/** All rows of a window with their times, in the order in which they came; for functions of whole windows and for evictors. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { readObjectsAhead } from '../../../state/read-ahead.ts';
import type { WindowContents } from './contents.ts';

export type WindowRows = {
  readonly rows: unknown[];
  readonly times: number[];
  /** The inputs that they came from; null where there is only one. */
  readonly sides: number[] | null;
};

/** What is kept of each row, side by side. */
export function listsOf({ rows, times, sides }: WindowRows): readonly unknown[][] {
  return sides === null ? [rows, times] : [rows, times, sides];
}

/** Takes out the others, in place. */
export function keepRows(window: WindowRows, isKept: (i: number) => boolean): void {
  const { length } = window.rows;
  const kept: number[] = [];
  for (let i = 0; i < length; i++) if (isKept(i)) kept.push(i);
  if (kept.length === length) return;
  for (const list of listsOf(window)) {
    kept.forEach((from, to) => {
      list[to] = list[from];
    });
    list.length = kept.length;
  }
}

export class RowContents implements WindowContents {
  readonly fields: readonly Field[] = [
    { name: '#rows', kind: 'dynamic', nullable: false },
    { name: '#times', kind: 'dynamic', nullable: false },
  ];
  readonly place = { i: 0 };
  /** Of read-ahead.ts. */
  ahead = 0;
  readonly #windows: (WindowRows | null)[] = [];
  readonly #timeAt: (row: number) => number;

  /** `timeAt`: of a record of the batch that is being added. */
  constructor(timeAt: (row: number) => number) {
    this.#timeAt = timeAt;
  }

  reserve(capacity: number): void {
    while (this.#windows.length < capacity) this.#windows.push(null);
  }

  begin(slot: number): void {
    this.put(slot, { rows: [], times: [], sides: null });
  }

  add(batch: Batch, from: number, to: number, slots: Int32Array): void {
    const rows = batch.rowObjects();
    for (let i = from; i < to; i++) {
      const window = this.#windows[slots[i]!]!;
      window.rows.push(rows[i]);
      window.times.push(this.#timeAt(i));
    }
  }

  protected put(slot: number, window: WindowRows): void {
    this.#windows[slot] = window;
  }

  /** To be changed by evictors only. */
  of(slot: number): WindowRows {
    return this.#windows[slot]!;
  }

  mergeFrom(slot: number, other: number): void {
    const into = this.of(slot);
    const { rows, times } = this.of(other);
    for (let i = 0; i < rows.length; i++) {
      into.rows.push(rows[i]);
      into.times.push(times[i]!);
    }
  }

  readAhead(slots: Int32Array, count: number): void {
    this.ahead = readObjectsAhead(this.#windows, 1, 0, slots, 0, count);
  }

  drop(slot: number): void {
    this.#windows[slot] = null;
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const { values: rows } = builder.dynamic(firstColumn);
    const { values: times } = builder.dynamic(firstColumn + 1);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) {
      const window = this.of(slots[i]!);
      rows[at + i] = window.rows;
      times[at + i] = window.times;
    }
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    const at = (column: number): unknown => (batch.columns[column] as DynamicColumn).values[row];
    const rows = at(firstColumn) as readonly unknown[];
    const times = at(firstColumn + 1) as readonly number[];
    this.put(slot, { rows: [...rows], times: [...times], sides: null });
  }
}
