/** Portions from an iterable, or an async one, of the user. */
import { wrong } from '../../base/options.ts';
import { isThenable } from '../../base/thenable.ts';
import type { PlainData } from '../../operator/source.ts';
import type { Feed, NextPortion, Portion } from './portion.ts';

export type IteratorOf<T> = Iterable<T> | AsyncIterable<T>;

type AnyPortion = Portion<unknown, PlainData>;
type Portions = Iterator<AnyPortion> | AsyncIterator<AnyPortion>;

export class IterableFeed implements Feed {
  readonly #closing = new AbortController();
  readonly #portions: Portions;

  constructor(read: (signal: AbortSignal) => IteratorOf<unknown>) {
    this.#portions = iteratorOf(read(this.#closing.signal) as IteratorOf<AnyPortion>);
  }

  next(): NextPortion | PromiseLike<NextPortion> {
    const result = this.#portions.next();
    return isThenable(result) ? result.then(portionOf) : portionOf(result);
  }

  pauseMs(): number {
    return 0;
  }

  /** A generator that waits for something ends when that comes, or at once by the signal. */
  close(): void {
    this.#closing.abort();
    const end = this.#portions.return?.();
    if (end !== undefined && isThenable(end)) end.then(undefined, () => {});
  }
}

function portionOf(result: IteratorResult<AnyPortion>): NextPortion {
  return result.done === true ? null : result.value;
}

function iteratorOf(portions: IteratorOf<AnyPortion>): Portions {
  if (typeof portions === 'object' && portions !== null) {
    if (Symbol.asyncIterator in portions) return portions[Symbol.asyncIterator]();
    if (Symbol.iterator in portions) return portions[Symbol.iterator]();
  }
  throw wrong('read', 'gives an iterable or an async iterable of portions', portions);
}
