/** Results of windows by their rows: reduced to one, or given to a function of the user. */

import { BATCH_ROWS } from '../../../base/limits.ts';
import type { Batch } from '../../../data/batch.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import type { Schema } from '../../../data/schema.ts';
import type { ReduceFunction } from '../../rolling.ts';
import type { Accumulators, AggregateLoops } from '../aggregate-codegen.ts';
import type { AggregatePlan } from '../aggregate-plan.ts';
import type { TakesAccumulators } from './aggregate-results.ts';
import type { Evictor } from './evictor.ts';
import type { WindowResults } from './results.ts';
import type { RowContents } from './row-contents.ts';
import type { WindowTable } from './window-table.ts';

/** Takes the rows of a window that fires. */
export interface TakesRows {
  /** `sides`: the inputs that they came from, until the call is over; null where there is only one. */
  take(slot: number, time: number, rows: readonly unknown[], sides: readonly number[] | null): void;
  flush(): void;
}

/** Rows that an evictor has gone over. */
export class EvictedResults implements WindowResults {
  readonly #contents: RowContents;
  readonly #windows: WindowTable;
  readonly #evictor: Evictor | null;
  readonly #to: TakesRows;

  constructor(contents: RowContents, windows: WindowTable, evictor: Evictor | null, to: TakesRows) {
    this.#contents = contents;
    this.#windows = windows;
    this.#evictor = evictor;
    this.#to = to;
  }

  fire(slot: number, time: number): void {
    const window = this.#contents.of(slot);
    const evictor = this.#evictor;
    evictor?.before(slot, window);
    // The function of the user may keep what it gets.
    this.#to.take(slot, time, window.rows.slice(), window.sides);
    evictor?.after(slot, window);
    if (window.rows.length === 0) this.#windows.setFilled(slot, false);
  }

  flush(): void {
    this.#to.flush();
  }
}

/** Adds the rows of a window up when it fires. */
export class AggregatedRows implements TakesRows {
  readonly #loops: AggregateLoops;
  readonly #results: TakesAccumulators;
  readonly #builder: BatchBuilder;
  readonly #accumulators: Accumulators;
  /** All rows belong to the first. */
  readonly #slots = new Int32Array(BATCH_ROWS);

  constructor(
    plan: AggregatePlan,
    loops: AggregateLoops,
    inputSchema: Schema | null,
    results: TakesAccumulators,
  ) {
    this.#loops = loops;
    this.#results = results;
    this.#builder = new BatchBuilder(inputSchema);
    this.#accumulators = {
      cells: new Float64Array(plan.cells.length),
      objects: new Array(plan.objects.length).fill(null),
    };
  }

  take(slot: number, time: number, rows: readonly unknown[]): void {
    this.#loops.init(this.#accumulators, 0, 1);
    const builder = this.#builder;
    for (const row of rows) {
      builder.appendRow(row);
      if (builder.isFull) this.#add(builder.seal());
    }
    if (builder.rowCount > 0) this.#add(builder.seal());
    // They are made anew for each.
    this.#results.add(slot, time, this.#accumulators, 0, true);
  }

  #add(batch: Batch): void {
    const place = { i: 0 };
    const add = this.#loops.addFor(batch);
    add(batch, 0, batch.rowCount, this.#slots, this.#accumulators, place);
    this.#builder.reset();
  }

  flush(): void {
    this.#results.flush();
  }
}

/** Joins the rows of a window to one when it fires. */
export class ReducedRows implements TakesRows {
  readonly #reduce: ReduceFunction;
  readonly #to: TakesRow;

  constructor(reduce: ReduceFunction, to: TakesRow) {
    this.#reduce = reduce;
    this.#to = to;
  }

  take(slot: number, time: number, rows: readonly unknown[]): void {
    if (rows.length === 0) return;
    let value = rows[0];
    for (let i = 1; i < rows.length; i++) value = this.#reduce(value, rows[i]);
    this.#to.takeRow(slot, time, value);
  }

  flush(): void {
    this.#to.flush();
  }
}

/** Takes the one row of a window that fires. */
export interface TakesRow {
  takeRow(slot: number, time: number, row: unknown): void;
  flush(): void;
}

/** Windows that keep one row. */
export class ReducedResults implements WindowResults {
  readonly #contents: { of(slot: number): unknown };
  readonly #to: TakesRow;

  constructor(contents: { of(slot: number): unknown }, to: TakesRow) {
    this.#contents = contents;
    this.#to = to;
  }

  fire(slot: number, time: number): void {
    this.#to.takeRow(slot, time, this.#contents.of(slot));
  }

  flush(): void {
    this.#to.flush();
  }
}
