/**
 * Calls functions of the user one after the other: what comes while one has not answered waits for it. One that answers at once
 * costs no promise. Behind one that has failed nothing is called any more.
 */
import { isThenable } from '../../base/thenable.ts';

export class InTurn {
  readonly #wake: () => void;
  #last: PromiseLike<unknown> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /** Whether a call is under way, or has failed. */
  get isBusy(): boolean {
    return this.#last !== null || this.#failure !== null;
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  run<T>(call: () => T | PromiseLike<T>): T | PromiseLike<T> {
    this.throwFailure();
    const answer = this.#last === null ? call() : this.#last.then(call);
    if (!isThenable(answer)) return answer;
    this.#last = answer;
    const settle = (failure: { readonly error: unknown } | null): void => {
      this.#failure ??= failure;
      if (this.#last === answer) this.#last = null;
      this.#wake();
    };
    answer.then(
      () => settle(null),
      (error: unknown) => settle({ error }),
    );
    return answer;
  }
}
