/**
 * Quantiles in little memory: DDSketch, a histogram whose buckets grow with the value (base/log-buckets.ts). Numbers below zero
 * have a histogram of their own, by their size; zeros are counted.
 */
import { bucketOf, middleOf } from '../../base/log-buckets.ts';

/** Spare buckets on the side that a histogram grows to. */
const SPARE_BUCKETS = 64;

/** A histogram as plain data: the bucket of the first count, and all counts. */
type PackedHistogram = { readonly first: number; readonly counts: Float64Array };

/** A sketch as plain data. */
export type PackedSketch = {
  readonly above: PackedHistogram;
  readonly below: PackedHistogram;
  readonly zeros: number;
};

export class QuantileSketch {
  readonly #above = new Histogram();
  readonly #below = new Histogram();
  #zeros = 0;

  static unpack({ above, below, zeros }: PackedSketch): QuantileSketch {
    const sketch = new QuantileSketch();
    sketch.#above.addAll(above);
    sketch.#below.addAll(below);
    sketch.#zeros = zeros;
    return sketch;
  }

  pack(): PackedSketch {
    return { above: this.#above.pack(), below: this.#below.pack(), zeros: this.#zeros };
  }

  get count(): number {
    return this.#above.count + this.#below.count + this.#zeros;
  }

  /** Adds a finite number. */
  add(value: number): void {
    if (value > 0) this.#above.add(bucketOf(value), 1);
    else if (value < 0) this.#below.add(bucketOf(-value), 1);
    else this.#zeros++;
  }

  merge(other: QuantileSketch): void {
    this.#above.addAll(other.#above.pack());
    this.#below.addAll(other.#below.pack());
    this.#zeros += other.#zeros;
  }

  /** The value below which this share of all values lies, 0 to 1; there must be one. */
  valueAt(share: number): number {
    const rank = Math.floor(share * (this.count - 1));
    const below = this.#below.count;
    if (rank < below) return -middleOf(this.#below.bucketAt(below - 1 - rank));
    if (rank < below + this.#zeros) return 0;
    return middleOf(this.#above.bucketAt(rank - below - this.#zeros));
  }
}

/** Counts of buckets side by side: there are some 70,000 for all numbers, so the room they take has an end. */
class Histogram {
  count = 0;
  #counts = new Float64Array(0);
  /** Bucket of the first of the counts. */
  #first = 0;

  add(bucket: number, count: number): void {
    if (bucket < this.#first || bucket >= this.#first + this.#counts.length) this.#reach(bucket);
    this.#counts[bucket - this.#first]! += count;
    this.count += count;
  }

  /** Shares memory with the histogram. */
  pack(): PackedHistogram {
    return { first: this.#first, counts: this.#counts };
  }

  addAll({ first, counts }: PackedHistogram): void {
    for (let at = 0; at < counts.length; at++) {
      if (counts[at]! > 0) this.add(first + at, counts[at]!);
    }
  }

  /** The bucket of the value at this place among all, from 0, ascending. */
  bucketAt(rank: number): number {
    let at = 0;
    for (let passed = this.#counts[0]!; passed <= rank; passed += this.#counts[at]!) at++;
    return this.#first + at;
  }

  #reach(bucket: number): void {
    const isFirst = this.#counts.length === 0;
    const first = isFirst ? bucket : this.#first;
    const last = isFirst ? bucket : this.#first + this.#counts.length - 1;
    const newFirst = bucket < first ? bucket - SPARE_BUCKETS : first;
    const newLast = bucket > last ? bucket + SPARE_BUCKETS : last;
    const counts = new Float64Array(newLast - newFirst + 1);
    counts.set(this.#counts, first - newFirst);
    this.#counts = counts;
    this.#first = newFirst;
  }
}
