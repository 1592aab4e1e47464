/**
 * How many rows of a batch a chain is given at once. A batch of records that take a millisecond each would keep barriers,
 * timers, results and the other subtasks of the thread waiting for seconds; in slices they have their turn between two of them.
 * What is left of the batch stays in the input of the subtask: it is not processed yet, and no barrier that overtakes waits for it.
 */
import { BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../base/limits.ts';

export interface BatchSlices {
  /** Most rows of the next slice, at least one. */
  readonly rows: number;
  /** So many rows have been handed over. */
  handedOver(rows: number): void;
  /** How long the chain was at what was handed over since the last call, in ms. */
  took(ms: number): void;
}

/** Batches as they are. */
export const WHOLE_BATCHES: BatchSlices = {
  rows: Infinity,
  handedOver() {},
  took() {},
};

/**
 * As many rows as take about BATCH_SLICE_MS, by how long the last ones took. It begins with few, since nobody knows yet what the
 * functions of the user do, and doubles while they are quick.
 */
export class TimedSlices implements BatchSlices {
  rows = BATCH_SLICE_ROWS_FIRST;
  #handedOver = 0;

  handedOver(rows: number): void {
    this.#handedOver += rows;
  }

  took(ms: number): void {
    const rows = this.#handedOver;
    if (rows === 0) return;
    this.#handedOver = 0;
    if (ms > BATCH_SLICE_MS) {
      this.rows = Math.max(1, Math.floor((Math.min(rows, this.rows) * BATCH_SLICE_MS) / ms));
    } else if (ms < BATCH_SLICE_MS / 2 && rows >= this.rows) {
      this.rows *= 2;
    }
  }
}
