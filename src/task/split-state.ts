/** Where a split has to be read from: at the start of a job, and in a snapshot. */
import type { PlainData, SourceSplit } from '../operator/source.ts';

/** State of a source: the splits that have been begun. */
export const SPLITS = 'splits';

/** A split, and where to begin in it. */
export type SplitToRead = {
  readonly split: SourceSplit;
  /** As its reader gave it; null at its start. */
  readonly position: PlainData;
  /** Rows from there on that have gone out already. */
  readonly skip: number;
  /** Greatest event time that has gone out. */
  readonly greatest: number;
};

/** What a snapshot says of a split. */
export type SplitState = SplitToRead & { readonly isRead: boolean };

/** What subtasks of a source are told while they run: the same to all of them, in the same order. */
export type FoundSplits = {
  /** Number of the first of the splits, among all of the last stage. */
  readonly first: number;
  readonly splits: readonly SplitToRead[];
  /** Ids of splits that have been read, which the calling thread has in its part of the next checkpoint. */
  readonly remembered: readonly string[];
};

/** Nothing of the split has been read. */
export function fromItsStart(split: SourceSplit): SplitToRead {
  return { split, position: null, skip: 0, greatest: -Infinity };
}
