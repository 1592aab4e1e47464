/**
 * What a function of the user makes of the rows of one key in a window, a slice at a time: each pair for itself, or all
 * together.
 */
import { iteratorOrNone } from '../returned-rows.ts';
import type { JoinResults } from './join-results.ts';

/** A key that is being worked off. */
export interface GroupWork {
  /** Makes up to so many rows; how many it made, fewer when the key is done. */
  make(most: number): number;
}

export type ApplyPair = (left: unknown, right: unknown) => unknown;

export type ApplyGroups = (
  lefts: readonly unknown[],
  rights: readonly unknown[],
  out: (row: unknown) => void,
) => unknown;

/** Every left row with every right one. */
export class Pairs implements GroupWork {
  readonly #lefts: readonly unknown[];
  readonly #rights: readonly unknown[];
  readonly #apply: ApplyPair;
  readonly #results: JoinResults;
  readonly #time: number;
  #left = 0;
  #right = 0;

  constructor(
    lefts: readonly unknown[],
    rights: readonly unknown[],
    apply: ApplyPair,
    results: JoinResults,
    time: number,
  ) {
    this.#lefts = lefts;
    this.#rights = rights;
    this.#apply = apply;
    this.#results = results;
    this.#time = time;
  }

  make(most: number): number {
    const apply = this.#apply;
    const rights = this.#rights;
    let made = 0;
    while (made < most && this.#left < this.#lefts.length) {
      const left = this.#lefts[this.#left]!;
      const end = Math.min(rights.length, this.#right + most - made);
      made += end - this.#right;
      for (let r = this.#right; r < end; r++) this.#results.add(apply(left, rights[r]), this.#time);
      this.#right = end === rights.length ? 0 : end;
      if (this.#right === 0) this.#left++;
    }
    return made;
  }
}

/** What the function pushes, then what it returns. */
export class Groups implements GroupWork {
  readonly #call: () => unknown;
  readonly #results: JoinResults;
  readonly #time: number;
  /** What is returned and not read to its end; null before the call. */
  #left: Iterator<unknown> | null = null;

  constructor(
    lefts: readonly unknown[],
    rights: readonly unknown[],
    apply: ApplyGroups,
    results: JoinResults,
    time: number,
  ) {
    this.#call = () => apply(lefts, rights, (row) => void results.add(row, time));
    this.#results = results;
    this.#time = time;
  }

  make(most: number): number {
    this.#left ??= iteratorOrNone(this.#call());
    for (let made = 0; made < most; made++) {
      const next = this.#left.next();
      if (next.done === true) return made;
      this.#results.add(next.value, this.#time);
    }
    return most;
  }
}
