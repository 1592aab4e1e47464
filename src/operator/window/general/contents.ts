/**
 * What is kept of the records of a window: accumulators, one row, or all rows. By window slot.
 *
 *   begin → (add | mergeFrom)* → begin (purged) → ... → drop
 */
import type { Batch } from '../../../data/batch.ts';
import type { WindowState } from './trigger.ts';

export interface WindowContents extends WindowState {
  /** The row that `add` is at, or was at when it threw. */
  readonly place: { i: number };
  /** Adds rows from to to - 1 of a batch, row i to window slots[i]. */
  add(batch: Batch, from: number, to: number, slots: Int32Array): void;
  /** The contents of another window come behind those of this one; the other is not used any more. */
  mergeFrom(slot: number, other: number): void;
  /** Brings what is kept of windows into the cache. */
  readAhead(slots: Int32Array, count: number): void;
  /** The window is over. */
  drop(slot: number): void;
}
