/**
 * A word in shared memory on which one thread sleeps until another wakes it.
 *
 *   the sleeper   prepare → look once more for work → cancel | wait | waitAsync
 *   the others    make work visible → notify
 *
 * Looking once more between `prepare` and `wait` is what makes a wake-up impossible to miss. `notify` costs a load
 * while nobody sleeps. One thread sleeps on a signal; any number may notify.
 */

const AWAKE = 0;
const SLEEPING = 1;

/**
 * A word of shared memory:
 *
 *   const signal = new Signal(new SharedArrayBuffer(4), 0);
 *   signal.prepare();
 *   signal.notify(); // in another thread
 *   signal.wait(100);
 *   signal.prepare();
 *   signal.cancel(); // there was work
 *   await signal.waitAsync(100);
 */
export class Signal {
  readonly buffer: SharedArrayBuffer;
  readonly wordIndex: number;
  readonly #words: Int32Array;

  /** `wordIndex` counts 4-byte words of the buffer; the word must be 0 at first. */
  constructor(buffer: SharedArrayBuffer, wordIndex: number) {
    this.buffer = buffer;
    this.wordIndex = wordIndex;
    this.#words = new Int32Array(buffer);
  }

  /** Announces sleep; from here on a `notify` ends it. */
  prepare(): void {
    Atomics.store(this.#words, this.wordIndex, SLEEPING);
  }

  /** Takes the announcement back. */
  cancel(): void {
    Atomics.store(this.#words, this.wordIndex, AWAKE);
  }

  /** Blocks the thread until notified or the time is over. Not for threads that serve an event loop. */
  wait(timeoutMs = Infinity): void {
    Atomics.wait(this.#words, this.wordIndex, SLEEPING, timeoutMs);
    this.cancel();
  }

  /** The same while the event loop goes on; keeps the process alive meanwhile. */
  async waitAsync(timeoutMs = Infinity): Promise<void> {
    const { async, value } = Atomics.waitAsync(this.#words, this.wordIndex, SLEEPING);
    if (async) await withTimer(value, timeoutMs, () => this.notify());
    this.cancel();
  }

  /** Wakes the sleeper, if there is one. */
  notify(): void {
    if (Atomics.load(this.#words, this.wordIndex) === AWAKE) return;
    Atomics.store(this.#words, this.wordIndex, AWAKE);
    Atomics.notify(this.#words, this.wordIndex);
  }
}

/** Longest delay that a timer takes. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** A promise of Atomics.waitAsync does not keep the process alive; a timer does, and it also ends the wait. */
async function withTimer(
  woken: Promise<unknown>,
  timeoutMs: number,
  onTimeout: () => void,
): Promise<void> {
  const timer = setTimeout(onTimeout, Math.min(timeoutMs, TIMER_MS_MAX));
  try {
    await woken;
  } finally {
    clearTimeout(timer);
  }
}
