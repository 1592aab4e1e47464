/** Gives windows that fire to the function of windows, or sends their one row on as it is. */
import type { Batch } from '../../../data/batch.ts';
import type { Accumulators } from '../aggregate-codegen.ts';
import type { AggregateResults, TakesAccumulators } from './aggregate-results.ts';
import type { EmitBatch, RowOutput } from './results.ts';
import type { TakesRow, TakesRows } from './row-results.ts';
import type { WindowFunction } from './window-function.ts';

export class ProcessedRows implements TakesRows, TakesRow {
  readonly #code: WindowFunction;
  readonly #output: RowOutput;

  constructor(code: WindowFunction, output: RowOutput) {
    this.#code = code;
    this.#output = output;
  }

  take(slot: number, time: number, rows: readonly unknown[]): void {
    this.#code.call(slot, time, rows);
  }

  takeRow(slot: number, time: number, row: unknown): void {
    this.#code.call(slot, time, row);
  }

  flush(): void {
    this.#output.flush();
  }
}

/** Rows of aggregates, one at a time: the function may look at the window behind each. */
export class ProcessedAggregates implements TakesAccumulators {
  readonly #results: AggregateResults;
  readonly #to: TakesRow;
  #row: unknown = null;

  /** `make`: results that are emitted so. */
  constructor(make: (emit: EmitBatch) => AggregateResults, to: TakesRow) {
    this.#results = make((batch: Batch) => {
      this.#row = batch.rowObjects()[0];
    });
    this.#to = to;
  }

  add(slot: number, time: number, of: Accumulators, at: number, isLast: boolean): void {
    this.#results.add(slot, time, of, at, isLast);
    this.#results.flush();
    this.#to.takeRow(slot, time, this.#row);
  }

  flush(): void {
    this.#to.flush();
  }
}

/** One row a window, as it is. */
export class PlainRows implements TakesRow {
  readonly #output: RowOutput;

  constructor(output: RowOutput) {
    this.#output = output;
  }

  takeRow(_slot: number, time: number, row: unknown): void {
    this.#output.add(row, time);
  }

  flush(): void {
    this.#output.flush();
  }
}
