/**
 * Events, and how many a second there are: an average of the last minute, in which what is longer ago counts less and less.
 *
 *   Float64   [count][rate][when the rate was told, ms since 1970][count at that time]
 *
 * The writer tells the rate anew when an event comes and a second has gone by; a reader takes it on from there to its own time.
 */
import type { Clock } from '../base/clock.ts';
import { wrong } from '../base/options.ts';
import type { Meter } from './user-metrics.ts';

export const METER_WORDS = 4;

const COUNT = 0;
const RATE = 1;
const TOLD_AT = 2;
const TOLD_COUNT = 3;

const TELL_MS = 1000;
const MINUTE_MS = 60_000;

/** Events a second at a time. */
export function rateOf(words: Float64Array, nowMs: number): number {
  const ms = nowMs - words[TOLD_AT]!;
  const rate = words[RATE]!;
  if (ms < TELL_MS) return rate;
  const events = words[COUNT]! - words[TOLD_COUNT]!;
  const lately = (events / ms) * 1000;
  // The first second has nothing before it.
  if (words[TOLD_COUNT] === 0 && rate === 0) return lately;
  return lately + (rate - lately) * Math.exp(-ms / MINUTE_MS);
}

export function countOf(words: Float64Array): number {
  return words[COUNT]!;
}

export class SharedMeter implements Meter {
  readonly #words: Float64Array;
  readonly #clock: Clock;
  readonly #name: string;

  constructor(words: Float64Array, clock: Clock, name: string) {
    this.#words = words;
    this.#clock = clock;
    this.#name = name;
    words[TOLD_AT] = clock.now();
  }

  get count(): number {
    return countOf(this.#words);
  }

  get rate(): number {
    return rateOf(this.#words, this.#clock.now());
  }

  markEvent(events = 1): void {
    if (!(events >= 0)) {
      throw wrong(`ctx.metrics: the meter '${this.#name}'`, 'counts events from 0 up', events);
    }
    const words = this.#words;
    const now = this.#clock.now();
    if (now - words[TOLD_AT]! >= TELL_MS) {
      words[RATE] = rateOf(words, now);
      words[TOLD_AT] = now;
      words[TOLD_COUNT] = words[COUNT]!;
    }
    words[COUNT] = words[COUNT]! + events;
  }
}
