/**
 * How many rows of a batch a chain is given at once. A batch of records that take a millisecond each would keep barriers,
 * timers, results and the other subtasks of the thread waiting for seconds; in slices they have their turn between two of them.
 * What is left of the batch stays in the input of the subtask: it is not processed yet, and no barrier that overtakes waits for it.
 */
import { BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../base/limits.ts';
import { type BoundedGate, RowsWanted } from './rows-wanted.ts';

export interface BatchSlices {
  /** Most rows of the next slice, at least one. */
  readonly rows: number;
  /** How many rows the chain took in a ms when it was timed last; Infinity before. */
  readonly rowsPerMs: number;
  /** So many rows are handed over next; true where it matters how long the chain takes for them: then `end` has to follow. */
  begin(rows: number): boolean;
  /** The chain was so many ms at them. */
  end(rows: number, ms: number): void;
}

/** Batches as they are. */
export const WHOLE_BATCHES: BatchSlices = {
  rows: Infinity,
  rowsPerMs: Infinity,
  begin: () => false,
  end() {},
};

/**
 * As many rows as take about BATCH_SLICE_MS, by how long the last ones took, and as may wait behind the chain (rows-wanted.ts). It begins
 * with few, since nobody knows yet what the functions of the user do, and at most doubles while they are quick.
 */
export class TimedSlices implements BatchSlices {
  rowsPerMs = Infinity;
  readonly #wanted: RowsWanted;
  #fitting = BATCH_SLICE_ROWS_FIRST;
  /** Rows handed over since the chain was timed, of batches that are small each: they may be slow all the same. The first is timed. */
  #untimed = BATCH_SLICE_ROWS_FIRST;

  /** `gates`: the outputs of the chain. */
  constructor(gates: readonly BoundedGate[]) {
    this.#wanted = new RowsWanted(gates);
  }

  get rows(): number {
    return Math.min(this.#fitting, this.#wanted.rows);
  }

  begin(rows: number): boolean {
    this.#wanted.onRows(rows);
    this.#untimed += rows;
    if (rows < this.#fitting && this.#untimed < BATCH_SLICE_ROWS_FIRST) return false;
    this.#untimed = 0;
    return true;
  }

  end(rows: number, ms: number): void {
    const isFew = rows < this.#fitting && rows < BATCH_SLICE_ROWS_FIRST;
    if (isFew && ms <= BATCH_SLICE_MS) return;
    this.rowsPerMs = rows / ms;
    const fitting = Math.floor(this.rowsPerMs * BATCH_SLICE_MS);
    if (ms > BATCH_SLICE_MS) this.#fitting = Math.max(1, fitting);
    else if (rows >= this.#fitting) this.#fitting = Math.min(2 * this.#fitting, fitting);
  }
}
