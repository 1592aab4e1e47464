/** An asynchronous function whose answers a test gives, in any order it likes. */
import type { AsyncContext } from '../../../src/api/async-options.ts';

type Question<Out> = {
  readonly resolve: (result: Out) => void;
  readonly reject: (error: unknown) => void;
  readonly ctx: AsyncContext;
};

export class Answers<Key, Out> {
  /** Of what has been asked and not answered, the last question for each key. */
  readonly #open = new Map<Key, Question<Out>>();
  /** All keys that were asked for, in order. */
  readonly asked: Key[] = [];

  ask = (key: Key, ctx: AsyncContext): Promise<Out> => {
    this.asked.push(key);
    return new Promise((resolve, reject) => {
      this.#open.set(key, { resolve, reject, ctx });
    });
  };

  get open(): Key[] {
    return [...this.#open.keys()];
  }

  context(key: Key): AsyncContext {
    return this.#question(key).ctx;
  }

  give(key: Key, result: Out): void {
    this.#take(key).resolve(result);
  }

  refuse(key: Key, error: unknown): void {
    this.#take(key).reject(error);
  }

  #take(key: Key): Question<Out> {
    const question = this.#question(key);
    this.#open.delete(key);
    return question;
  }

  #question(key: Key): Question<Out> {
    const question = this.#open.get(key);
    if (question === undefined) throw new Error(`nobody has asked for ${String(key)}`);
    return question;
  }
}
