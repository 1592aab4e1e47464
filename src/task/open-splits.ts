/**
 * The splits of a stage to which some are added while it is read, as one subtask sees them. All subtasks are told of the same splits
 * under the same numbers, so each finds its own by the rule of the assignment, and nobody deals:
 *
 *   spread    split n is of subtask n mod parallelism, which takes it as soon as it is there
 *   inOrder   a subtask that is free claims the next number, and waits for the split that gets it
 */
import type { SplitShare, SplitStage } from './split-queue.ts';
import type { SplitToRead } from './split-state.ts';

const NO_SPLITS: readonly SplitToRead[] = [];

export class OpenSplits {
  readonly #stage: SplitStage;
  readonly #share: SplitShare;
  /** By number: those that this subtask may take. */
  readonly #waiting = new Map<number, SplitToRead>();
  /** How many it has been told of. */
  #told = 0;
  /** The number that it has claimed; null where none is. */
  #claimed: number | null = null;

  constructor(stage: SplitStage, share: SplitShare) {
    this.#stage = stage;
    this.#share = share;
    this.add(0, stage.splits);
  }

  /** Some of them may have been told before. */
  add(first: number, splits: readonly SplitToRead[]): void {
    for (const [n, split] of splits.entries()) {
      const number = first + n;
      if (number < this.#told) continue;
      this.#told = number + 1;
      if (this.#mayBeOwn(number)) this.#waiting.set(number, split);
    }
    if (this.#stage.assignment === 'inOrder') this.#dropOthers();
  }

  /** Numbers that others have claimed: a subtask that reads one split for long keeps none of theirs. */
  #dropOthers(): void {
    const claimed = this.#stage.claimedCount();
    for (const number of this.#waiting.keys()) {
      if (number < claimed && number !== this.#claimed) this.#waiting.delete(number);
    }
  }

  /** How many it keeps. */
  get size(): number {
    return this.#waiting.size;
  }

  #mayBeOwn(number: number): boolean {
    const { subtask, parallelism } = this.#share;
    return this.#stage.assignment === 'inOrder' || number % parallelism === subtask;
  }

  /** Whether some can be taken beside others. */
  get hasMore(): boolean {
    return this.#waiting.size > 0 && this.#stage.assignment === 'spread';
  }

  take(): readonly SplitToRead[] {
    if (this.#stage.assignment === 'inOrder') return this.#takeClaimed();
    const splits = [...this.#waiting.values()];
    this.#waiting.clear();
    return splits;
  }

  #takeClaimed(): readonly SplitToRead[] {
    this.#claimed ??= this.#stage.claim();
    const split = this.#waiting.get(this.#claimed);
    if (split !== undefined) this.#claimed = null;
    this.#dropOthers();
    return split === undefined ? NO_SPLITS : [split];
  }
}
