/**
 * State on its way into a snapshot and out of it: columns, as everything else that flows.
 *
 *   keyed state   batches with a key hash for each row; a row belongs to the key group of its hash
 *   list          items or rows: after a restore with another number of subtasks spread evenly over them, else those of each
 *   union         the same: after a restore all of them to every subtask
 *   broadcast     the same: every subtask has a copy; after a restore one copy to each
 *
 * A state has a name, unique in its operator, and one schema. A snapshot is what the state was when the operator was
 * asked for it. What is small is written at once. What is large is captured in slices between later batches: the operator
 * then sees to it that a row is written before it changes (`SlotCapture`).
 *
 * Keyed state may be written as a delta: what has changed since the checkpoint that the operator has written last, if that
 * is `base` (generations.ts, lineage.ts).
 */
import type { Batch } from '../data/batch.ts';
import type { Field } from '../data/schema.ts';
import type { DeltaHead } from './generations.ts';

/** In place of a checkpoint: what a subtask leaves that has come to its end belongs to every one that comes. */
export const AT_END = Infinity;

export type ListMode = 'list' | 'union' | 'broadcast';

/** A state as a snapshot has it, without its rows. */
export type KeptState = {
  /** For people: as the user has named it. */
  readonly name: string;
  /** In the snapshot. */
  readonly stored: string;
  readonly kind: 'keyed' | ListMode;
  /** Of its rows, those of the key first. */
  readonly fields: readonly Field[];
};

/** Writes a slice of what is left, about one batch; true when all is written. */
export type CaptureStep = () => boolean;

export interface SnapshotWriter {
  readonly checkpoint: number;
  /** The complete checkpoint that a delta may be written on; null where state is to be written whole. */
  readonly base: number | null;
  /** Rows of keyed state, with key hashes. The batch is encoded before the call returns. */
  keyed(state: string, batch: Batch): void;
  /** Ahead of the rows of a keyed state: they are those of the keys that have changed since the base. */
  delta(state: string, head: DeltaHead): void;
  /** Keys of a delta that have no row any more: batches of the key fields, with key hashes. */
  removed(state: string, batch: Batch): void;
  /** Items that are not keyed: plain data, or what msgpackr can encode. Once a state and snapshot. */
  items(state: string, mode: ListMode, items: readonly unknown[]): void;
  /** Rows that are not keyed, any number of batches a state. The batch is encoded before the call returns. */
  rows(state: string, mode: ListMode, batch: Batch): void;
  /** Has the rest of the state written by and by. */
  later(step: CaptureStep): void;
}

/** What the snapshot holds for one subtask: rows of its key groups, and its share of the items. */
export interface RestoredState {
  /** Batches in no particular order, transient until the next; none when the snapshot has no such state. */
  keyed(state: string): Iterable<Batch>;
  /** About how many rows they have: what memory may be reserved for. */
  keyedRows(state: string): number;
  items(state: string): readonly unknown[];
  /** Batches of rows that are not keyed, in the order in which they were written, each transient until the next. */
  rows(state: string): Iterable<Batch>;
}

/** Nothing is restored. */
export const NO_STATE: RestoredState = {
  keyed: () => [],
  keyedRows: () => 0,
  items: () => [],
  rows: () => [],
};
