/**
 * How many rows of a batch a chain is given at once. A batch of records that take a millisecond each would keep barriers,
 * timers, results and the other subtasks of the thread waiting for seconds; in slices they have their turn between two of them.
 * What is left of the batch stays in the input of the subtask: it is not processed yet, and no barrier that overtakes waits for it.
 */
import { BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../base/limits.ts';

export interface BatchSlices {
  /** Most rows of the next slice, at least one. */
  readonly rows: number;
  /** Whether it matters how long the chain takes for so many rows. */
  areTimed(rows: number): boolean;
  /** The chain was so many ms at the rows that were handed over. */
  onSlice(rows: number, ms: number): void;
}

/** Batches as they are. */
export const WHOLE_BATCHES: BatchSlices = {
  rows: Infinity,
  areTimed: () => false,
  onSlice() {},
};

/**
 * As many rows as take about BATCH_SLICE_MS, by how long the last ones took. It begins with few, since nobody knows yet what the
 * functions of the user do, and at most doubles while they are quick.
 */
export class TimedSlices implements BatchSlices {
  rows = BATCH_SLICE_ROWS_FIRST;

  areTimed(rows: number): boolean {
    return rows >= this.rows || rows >= BATCH_SLICE_ROWS_FIRST;
  }

  onSlice(rows: number, ms: number): void {
    const fitting = Math.floor((rows * BATCH_SLICE_MS) / ms);
    if (ms > BATCH_SLICE_MS) this.rows = Math.max(1, fitting);
    else if (rows >= this.rows) this.rows = Math.min(2 * this.rows, fitting);
  }
}
