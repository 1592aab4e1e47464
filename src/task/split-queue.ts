/**
 * Which splits a source subtask reads, and when. A source is read in stages (most have one, `hybrid` has one for each of its
 * sources): a stage begins when all subtasks together have read the splits of the one before.
 *
 *   take → splits to open; when all of them are read, and `onRead` was told of each: take again
 *
 * What is shared by the subtasks is two counts a stage: splits handed out, and splits read.
 */
import type { SourceAssignment } from '../operator/source.ts';
import type { SplitToRead } from './split-state.ts';

export type SplitStage = {
  readonly assignment: SourceAssignment;
  readonly splits: readonly SplitToRead[];
  /** Number of the next split that nobody reads yet, never given twice over all subtasks. */
  readonly claim: () => number;
  readonly onRead: () => void;
  /** Splits that were read to their end, over all subtasks. */
  readonly readCount: () => number;
};

type Share = { readonly subtask: number; readonly parallelism: number };

export class SplitQueue {
  readonly #stages: readonly SplitStage[];
  readonly #share: Share;
  /** The stage to take splits from, and the one whose splits were taken last. */
  #next = 0;
  #taken = 0;

  constructor(stages: readonly SplitStage[], share: Share) {
    this.#stages = stages;
    this.#share = share;
  }

  /** Splits to read side by side; 'wait': others still read the stage before; 'none': there are none any more. */
  take(): readonly SplitToRead[] | 'wait' | 'none' {
    for (; this.#next < this.#stages.length; this.#next++) {
      if (!this.#isRead(this.#next - 1)) return 'wait';
      const splits = this.#takeFrom(this.#stages[this.#next]!);
      if (splits.length === 0) continue;
      this.#taken = this.#next;
      if (this.#stages[this.#next]!.assignment === 'spread') this.#next++;
      return splits;
    }
    return 'none';
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
