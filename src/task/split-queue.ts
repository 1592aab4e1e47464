/**
 * Which splits a source subtask reads, and when. A source is read in stages (most have one, `hybrid` has one for each of its
 * sources): a stage begins when all subtasks together have read the splits of the one before.
 *
 *   take → splits to open; when all of them are read, and `onRead` was told of each: take again
 *
 * What is shared by the subtasks is two counts a stage: splits handed out, and splits read. The last stage may be open: then
 * splits are added to it while it is read (open-splits.ts), and it has no end.
 */
import type { SourceAssignment } from '../operator/source.ts';
import { OpenSplits } from './open-splits.ts';
import type { SplitToRead } from './split-state.ts';

export type SplitStage = {
  readonly assignment: SourceAssignment;
  readonly splits: readonly SplitToRead[];
  /** Number of the next split that nobody reads yet, never given twice over all subtasks. */
  readonly claim: () => number;
  /** Numbers that have been given. */
  readonly claimedCount: () => number;
  readonly onRead: () => void;
  /** Splits that were read to their end, over all subtasks. */
  readonly readCount: () => number;
};

export type SplitShare = { readonly subtask: number; readonly parallelism: number };

export class SplitQueue {
  readonly #stages: readonly SplitStage[];
  readonly #share: SplitShare;
  /** Of the last stage; null where no splits come later. */
  readonly #open: OpenSplits | null;
  /** The stage to take splits from, and the one whose splits were taken last. */
  #next = 0;
  #taken = 0;

  /** `isOpen`: splits may be added to the last stage. */
  constructor(stages: readonly SplitStage[], share: SplitShare, isOpen = false) {
    this.#stages = stages;
    this.#share = share;
    this.#open = isOpen ? new OpenSplits(stages.at(-1)!, share) : null;
  }

  /**
   * Splits to read side by side; 'wait': others still read the stage before; 'later': some may be added; 'none': there are none any
   * more.
   */
  take(): readonly SplitToRead[] | 'wait' | 'later' | 'none' {
    for (; this.#next < this.#stages.length; this.#next++) {
      if (!this.#isRead(this.#next - 1)) return 'wait';
      const open = this.#next === this.#stages.length - 1 ? this.#open : null;
      const splits = open?.take() ?? this.#takeFrom(this.#stages[this.#next]!);
      if (splits.length === 0) {
        if (open !== null) return 'later';
        continue;
      }
      this.#taken = this.#next;
      if (open === null && this.#stages[this.#next]!.assignment === 'spread') this.#next++;
      return splits;
    }
    return 'none';
  }

  /** Splits that were found later: all subtasks are given the same ones, numbered in the order in which they were found. */
  add(first: number, splits: readonly SplitToRead[]): void {
    this.#open?.add(first, splits);
  }

  /** Whether there are splits to take beside those that are read. */
  get hasMore(): boolean {
    return this.#open?.hasMore === true && this.#taken === this.#stages.length - 1;
  }

  #isRead(stage: number): boolean {
    if (stage < 0) return true;
    const { splits, readCount } = this.#stages[stage]!;
    return readCount() === splits.length;
  }

  #takeFrom({ assignment, splits, claim }: SplitStage): readonly SplitToRead[] {
    if (assignment === 'inOrder') {
      const split = splits[claim()];
      return split === undefined ? [] : [split];
    }
    const { subtask, parallelism } = this.#share;
    return splits.filter((_, n) => n % parallelism === subtask);
  }

  /** One of the splits that were taken last has been read to its end. */
  onRead(): void {
    this.#stages[this.#taken]!.onRead();
  }
}
