/** One row for each window: its first record, joined to each that followed by a function of the user. */
import type { Batch } from '../../../data/batch.ts';
import type { BatchBuilder } from '../../../data/batch-builder.ts';
import type { DynamicColumn } from '../../../data/column.ts';
import type { Field } from '../../../data/schema.ts';
import { readObjectsAhead } from '../../../state/read-ahead.ts';
import type { ReduceFunction } from '../../rolling.ts';
import type { WindowContents } from './contents.ts';

/** No record yet: rows of the user may be anything. */
const NO_ROW = Symbol('no row');

export class ReducedContents implements WindowContents {
  readonly fields: readonly Field[] = [{ name: '#reduced', kind: 'dynamic', nullable: false }];
  readonly place = { i: 0 };
  /** Of read-ahead.ts. */
  ahead = 0;
  readonly #values: unknown[] = [];
  readonly #reduce: ReduceFunction;

  constructor(reduce: ReduceFunction) {
    this.#reduce = reduce;
  }

  reserve(capacity: number): void {
    while (this.#values.length < capacity) this.#values.push(NO_ROW);
  }

  begin(slot: number): void {
    this.#values[slot] = NO_ROW;
  }

  add(batch: Batch, from: number, to: number, slots: Int32Array): void {
    const rows = batch.rowObjects();
    for (let i = from; i < to; i++) {
      this.place.i = i;
      this.#join(slots[i]!, rows[i]);
    }
  }

  #join(slot: number, row: unknown): void {
    const value = this.#values[slot];
    this.#values[slot] = value === NO_ROW ? row : this.#reduce(value, row);
  }

  /** Of a window that has records. */
  of(slot: number): unknown {
    return this.#values[slot];
  }

  mergeFrom(slot: number, other: number): void {
    if (this.#values[other] !== NO_ROW) this.#join(slot, this.#values[other]);
  }

  readAhead(slots: Int32Array, count: number): void {
    this.ahead = readObjectsAhead(this.#values, 1, 0, slots, 0, count);
  }

  drop(slot: number): void {
    this.#values[slot] = NO_ROW;
  }

  save(builder: BatchBuilder, firstColumn: number, slots: Int32Array): void {
    const { values } = builder.dynamic(firstColumn);
    const at = builder.rowCount;
    for (let i = 0; i < slots.length; i++) {
      const value = this.#values[slots[i]!];
      values[at + i] = value === NO_ROW ? [] : [value];
    }
  }

  load(batch: Batch, firstColumn: number, row: number, slot: number): void {
    const saved = (batch.columns[firstColumn] as DynamicColumn).values[row] as readonly unknown[];
    this.#values[slot] = saved.length === 0 ? NO_ROW : saved[0];
  }
}
