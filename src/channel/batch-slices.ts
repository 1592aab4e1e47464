/**
 * How many rows of a batch a chain is given at once. A batch of records that take a millisecond each would keep barriers,
 * timers, results and the other subtasks of the thread waiting for seconds; in slices they have their turn between two of them.
 * What is left of the batch stays in the input of the subtask: it is not processed yet, and no barrier that overtakes waits for it.
 */
import { BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../base/limits.ts';

export interface BatchSlices {
  /** Most rows of the next slice, at least one. */
  readonly rows: number;
  /** How many rows the chain took in a ms when it was timed last; Infinity before. */
  readonly rowsPerMs: number;
  /** Whether it matters how long the chain takes for so many rows. */
  areTimed(rows: number): boolean;
  /** The chain was so many ms at the rows that were handed over. */
  onSlice(rows: number, ms: number): void;
}

/** Batches as they are. */
export const WHOLE_BATCHES: BatchSlices = {
  rows: Infinity,
  rowsPerMs: Infinity,
  areTimed: () => false,
  onSlice() {},
};

/** Where the rows of a slice end up. */
export interface RowsWanted {
  /** About so many at once are enough: see OutputGate. */
  readonly rowsWanted: number;
}

/**
 * As many rows as take about BATCH_SLICE_MS, by how long the last ones took, and as may wait in front of what comes behind. It begins
 * with few, since nobody knows yet what the functions of the user do, and at most doubles while they are quick.
 */
export class TimedSlices implements BatchSlices {
  rowsPerMs = Infinity;
  readonly #behind: RowsWanted;
  #fitting = BATCH_SLICE_ROWS_FIRST;

  constructor(behind: RowsWanted) {
    this.#behind = behind;
  }

  get rows(): number {
    return Math.min(this.#fitting, Math.max(1, Math.floor(this.#behind.rowsWanted)));
  }

  areTimed(rows: number): boolean {
    return rows >= this.#fitting || rows >= BATCH_SLICE_ROWS_FIRST;
  }

  onSlice(rows: number, ms: number): void {
    this.rowsPerMs = rows / ms;
    const fitting = Math.floor(this.rowsPerMs * BATCH_SLICE_MS);
    if (ms > BATCH_SLICE_MS) this.#fitting = Math.max(1, fitting);
    else if (rows >= this.#fitting) this.#fitting = Math.min(2 * this.#fitting, fitting);
  }
}
