/** Spreads records over time: as many per second as asked, in bursts of at most one batch. */
import type { Clock } from '../base/clock.ts';

export class RateLimiter {
  readonly #perMs: number;
  readonly #clock: Clock;
  #startMs: number | null = null;
  #spent = 0;

  constructor(recordsPerSecond: number, clock: Clock) {
    this.#perMs = recordsPerSecond / 1000;
    this.#clock = clock;
  }

  /** When the records spent so far are paid for. */
  get dueMs(): number {
    return this.#startMs === null ? -Infinity : this.#startMs + this.#spent / this.#perMs;
  }

  spend(records: number): void {
    this.#startMs ??= this.#clock.now();
    this.#spent += records;
  }
}
