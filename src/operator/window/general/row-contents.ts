/** All rows of a window with their times, in the order in which they came; for functions of whole windows and for evictors. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import type { WindowContents } from './contents.ts';

export type WindowRows = { rows: unknown[]; times: number[] };

/** Takes out the others, in place. */
export function keepRows({ rows, times }: WindowRows, isKept: (i: number) => boolean): void {
  const kept: number[] = [];
  for (let i = 0; i < rows.length; i++) if (isKept(i)) kept.push(i);
  if (kept.length === rows.length) return;
  kept.forEach((from, to) => {
    rows[to] = rows[from];
    times[to] = times[from]!;
  });
  rows.length = kept.length;
  times.length = kept.length;
}

export class RowContents implements WindowContents {
  readonly fields: readonly Field[] = [
    { name: '#rows', kind: 'dynamic', nullable: false },
    { name: '#times', kind: 'dynamic', nullable: false },
  ];
  readonly place = { i: 0 };
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
    this.#windows[slot] = { rows: [], times: [] };
  }

  add(batch: Batch, from: number, to: number, slots: Int32Array): void {
    const rows = batch.rowObjects();
    for (let i = from; i < to; i++) {
      const window = this.#windows[slots[i]!]!;
      window.rows.push(rows[i]);
      window.times.push(this.#timeAt(i));
    }
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

  readAhead(): void {}

  drop(slot: number): void {
    this.#windows[slot] = null;
  }

  save(builder: BatchBuilder, firstColumn: number, slot: number): void {
    const { rows, times } = this.of(slot);
    builder.dynamic(firstColumn).values[builder.rowCount] = rows;
    builder.dynamic(firstColumn + 1).values[builder.rowCount] = Float64Array.from(times);
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    const at = (column: number): unknown => (batch.columns[column] as DynamicColumn).values[row];
    const rows = at(firstColumn) as readonly unknown[];
    const times = at(firstColumn + 1) as Float64Array;
    this.#windows[slot] = { rows: [...rows], times: [...times] };
  }
}
