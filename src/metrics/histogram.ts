/**
 * How values are spread: counts in buckets that grow with the value (base/log-buckets.ts), in shared memory of a fixed size.
 *
 *   Float64   [sum][least][greatest][zeros][counts of values above zero ...][counts of values below zero ...]
 *
 * A size beyond those that have buckets is counted in the last one on its side; least, greatest and sum are exact.
 */
import { bucketOf, middleOf } from '../base/log-buckets.ts';
import { wrong } from '../base/options.ts';
import type { Histogram } from './user-metrics.ts';

const SUM = 0;
const LEAST = 1;
const GREATEST = 2;
const ZEROS = 3;
const ABOVE = 4;

/** From a millionth to a million million million, each off by 1 % at most. */
const FIRST_BUCKET = bucketOf(1e-6);
const LAST_BUCKET = bucketOf(1e18);
const BUCKETS = LAST_BUCKET - FIRST_BUCKET + 1;
const BELOW = ABOVE + BUCKETS;

export const HISTOGRAM_WORDS = BELOW + BUCKETS;

/** How the values of a histogram are spread; of all its subtasks together. */
export type HistogramValues = {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
};

export class SharedHistogram implements Histogram {
  readonly #words: Float64Array;
  readonly #name: string;
  #count = 0;

  constructor(words: Float64Array, name: string) {
    this.#words = words;
    this.#name = name;
    words[LEAST] = Infinity;
    words[GREATEST] = -Infinity;
  }

  get count(): number {
    return this.#count;
  }

  update(value: number): void {
    if (!Number.isFinite(value)) {
      throw wrong(`ctx.metrics: the histogram '${this.#name}'`, 'takes finite numbers', value);
    }
    const words = this.#words;
    words[SUM] = words[SUM]! + value;
    if (value < words[LEAST]!) words[LEAST] = value;
    if (value > words[GREATEST]!) words[GREATEST] = value;
    const at = value === 0 ? ZEROS : value > 0 ? ABOVE + placeOf(value) : BELOW + placeOf(-value);
    words[at] = words[at]! + 1;
    this.#count++;
  }
}

function placeOf(size: number): number {
  return Math.min(Math.max(bucketOf(size), FIRST_BUCKET), LAST_BUCKET) - FIRST_BUCKET;
}

/** Of several subtasks together; null where none has a value yet. */
export function histogramValues(subtasks: readonly Float64Array[]): HistogramValues | null {
  const counts = new Float64Array(HISTOGRAM_WORDS);
  let min = Infinity;
  let max = -Infinity;
  for (const words of subtasks) {
    min = Math.min(min, words[LEAST]!);
    max = Math.max(max, words[GREATEST]!);
    for (let at = 0; at < HISTOGRAM_WORDS; at++) counts[at]! += words[at]!;
  }
  let count = 0;
  for (let at = ZEROS; at < HISTOGRAM_WORDS; at++) count += counts[at]!;
  if (count === 0) return null;
  const quantile = (share: number): number =>
    Math.min(max, Math.max(min, valueAt(counts, Math.floor(share * (count - 1)))));
  const sum = counts[SUM]!;
  return {
    count,
    sum,
    min,
    max,
    mean: sum / count,
    p50: quantile(0.5),
    p75: quantile(0.75),
    p95: quantile(0.95),
    p99: quantile(0.99),
    p999: quantile(0.999),
  };
}

/** The value at a place among all, from 0, ascending. */
function valueAt(counts: Float64Array, rank: number): number {
  let left = rank;
  for (let place = BUCKETS - 1; place >= 0; place--) {
    left -= counts[BELOW + place]!;
    if (left < 0) return -middleOf(place + FIRST_BUCKET);
  }
  left -= counts[ZEROS]!;
  if (left < 0) return 0;
  for (let place = 0; place < BUCKETS; place++) {
    left -= counts[ABOVE + place]!;
    if (left < 0) return middleOf(place + FIRST_BUCKET);
  }
  return middleOf(LAST_BUCKET);
}
