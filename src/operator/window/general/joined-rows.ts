/**
 * What a function makes of the rows of two inputs in a window that fires: of each pair, or of all. It may be more than the
 * output takes: then the rows of the window, which may change, wait as they were when it fired.
 */
import { FIRE_SLICE_ROWS } from '../../../base/limits.ts';
import {
  type ApplyGroups,
  type ApplyPair,
  Groups,
  type GroupWork,
  Pairs,
} from '../../join/group-output.ts';
import { JoinResults } from '../../join/join-results.ts';
import type { EmitBatch } from './results.ts';
import type { TakesRows } from './row-results.ts';

export class JoinedRows implements TakesRows {
  readonly #takes: 'pairs' | 'groups';
  readonly #apply: object;
  readonly #results: JoinResults;
  readonly #isReady: () => boolean;
  /** Of windows that have fired, in this order. */
  readonly #waiting: GroupWork[] = [];

  constructor(takes: 'pairs' | 'groups', apply: object, emit: EmitBatch, isReady: () => boolean) {
    this.#takes = takes;
    this.#apply = apply;
    this.#results = new JoinResults(null, emit);
    this.#isReady = isReady;
  }

  /** Whether the output is to take more of what has fired. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  take(
    _slot: number,
    time: number,
    rows: readonly unknown[],
    sides: readonly number[] | null,
  ): void {
    const lefts = rows.filter((_, n) => sides![n] === 0);
    const rights = rows.filter((_, n) => sides![n] === 1);
    this.#waiting.push(
      this.#takes === 'pairs'
        ? new Pairs(lefts, rights, this.#apply as ApplyPair, this.#results, time)
        : new Groups(lefts, rights, this.#apply as ApplyGroups, this.#results, time),
    );
    this.resume();
  }

  /** Works off what has fired, as far as the output takes it. */
  resume(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0 && this.#isReady()) {
      if (waiting[0]!.make(FIRE_SLICE_ROWS) < FIRE_SLICE_ROWS) waiting.shift();
    }
  }

  flush(): void {
    if (!this.isWaiting) this.#results.send();
  }
}
