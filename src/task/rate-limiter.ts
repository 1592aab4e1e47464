/** Spreads records over time: as many per second as asked, in portions of a few milliseconds. */
import type { Clock } from '../base/clock.ts';

/** Records of this long may come at once. */
const PORTION_MS = 5;

export class RateLimiter {
  readonly #perMs: number;
  readonly #portion: number;
  readonly #clock: Clock;
  #startMs: number | null = null;
  #spent = 0;

  constructor(recordsPerSecond: number, clock: Clock) {
    this.#perMs = recordsPerSecond / 1000;
    this.#portion = Math.max(1, Math.floor(this.#perMs * PORTION_MS));
    this.#clock = clock;
  }

  /** When the next portion is due, in ms of the clock's `now`. */
  get dueMs(): number {
    this.#startMs ??= this.#clock.now();
    return this.#startMs + (this.#spent + this.#portion) / this.#perMs;
  }

  /** How many of `wanted` records may go now. */
  take(wanted: number): number {
    this.#startMs ??= this.#clock.now();
    const earned = Math.floor((this.#clock.now() - this.#startMs) * this.#perMs) - this.#spent;
    if (earned < Math.min(wanted, this.#portion)) return 0;
    const taken = Math.min(wanted, earned);
    this.#spent += taken;
    return taken;
  }
}
