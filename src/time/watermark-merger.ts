/**
 * The watermark of a consumer of several inputs: the minimum over those that are active and aligned.
 *
 *   onWatermark | onIdle | onActive | onEnd | addInput | removeInput → takeWatermark → takeStatus
 *
 * An idle input leaves the minimum. One that comes back stays out until it has caught up with what was already
 * emitted, so that the result never falls. When the last active input goes idle, the greatest of what all had
 * reached is emitted before the idleness. Watermarks of an idle input are ignored. An ended input counts as
 * having reached the maximum watermark.
 *
 * Inputs may be thousands, as the splits of a source are: a call looks at few of them (base/least.ts), but where the last active one
 * goes idle.
 */
import { Least } from '../base/least.ts';
import { MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../data/batch.ts';

type Input = { watermark: Watermark; isIdle: boolean; isAligned: boolean; isRemoved: boolean };

export class WatermarkMerger {
  readonly #inputs: Input[] = [];
  /** Numbers of those that are removed. */
  readonly #free: number[] = [];
  /** Of those that are not removed. */
  #idleCount = 0;
  /** Watermarks of those that are active and aligned; the greatest is found as the least of what is below zero. */
  readonly #least = new Least();
  readonly #leastNegated = new Least();
  #alignedCount = 0;
  /** The input that holds the minimum, where another is ahead of it; -1 where none is. */
  slowest = -1;
  #emitted: Watermark = MIN_WATERMARK;
  #news: Watermark | null = null;
  #isIdle = false;
  #statusNews: boolean | null = null;

  constructor(inputCount: number) {
    for (let i = 0; i < inputCount; i++) this.addInput();
  }

  /** Another input, at the minimum watermark; returns its number. */
  addInput(): number {
    const number = this.#free.pop() ?? this.#inputs.length;
    const input = { watermark: MIN_WATERMARK, isIdle: false, isAligned: false, isRemoved: false };
    this.#inputs[number] = input;
    this.#align(number, true);
    this.#updateStatus();
    return number;
  }

  /** The input is gone and holds nothing back; with the last one gone the watermark stays. */
  removeInput(number: number): void {
    const input = this.#inputs[number]!;
    this.#align(number, false);
    if (input.isIdle) this.#idleCount--;
    input.isRemoved = true;
    this.#free.push(number);
    if (this.#liveCount > 0) this.#update();
  }

  onWatermark(number: number, watermark: Watermark): void {
    const input = this.#inputs[number]!;
    if (input.isIdle || watermark <= input.watermark) return;
    // Another one holds the minimum.
    const isAhead = input.isAligned && input.watermark > this.#emitted;
    input.watermark = watermark;
    this.#align(number, input.isAligned || watermark >= this.#emitted);
    if (!isAhead) this.#updateWatermark();
  }

  onEnd(number: number): void {
    const input = this.#inputs[number]!;
    if (input.isIdle) this.onActive(number);
    this.onWatermark(number, MAX_WATERMARK);
  }

  onIdle(number: number): void {
    const input = this.#inputs[number]!;
    if (input.isIdle) return;
    input.isIdle = true;
    this.#idleCount++;
    this.#align(number, false);
    this.#update();
  }

  onActive(number: number): void {
    const input = this.#inputs[number]!;
    if (!input.isIdle) return;
    input.isIdle = false;
    this.#idleCount--;
    this.#align(number, input.watermark >= this.#emitted);
    this.#updateStatus();
  }

  /** The risen watermark since the last call, or null. */
  takeWatermark(): Watermark | null {
    const news = this.#news;
    this.#news = null;
    return news;
  }

  /** True: went idle since the last call; false: came back; null: neither. */
  takeStatus(): boolean | null {
    const news = this.#statusNews;
    this.#statusNews = null;
    return news;
  }

  get #liveCount(): number {
    return this.#inputs.length - this.#free.length;
  }

  /** Whether the input counts, with the watermark that it has. */
  #align(number: number, isAligned: boolean): void {
    const input = this.#inputs[number]!;
    if (isAligned !== input.isAligned) this.#alignedCount += isAligned ? 1 : -1;
    else if (!isAligned) return;
    input.isAligned = isAligned;
    this.#least.set(number, isAligned ? input.watermark : Infinity);
    this.#leastNegated.set(number, isAligned ? -input.watermark : Infinity);
  }

  /** An input has left the minimum. */
  #update(): void {
    if (this.#idleCount < this.#liveCount) this.#updateWatermark();
    else if (!this.#isIdle) this.#flushGreatest();
    this.#updateStatus();
  }

  #updateWatermark(): void {
    const least = this.#least.value;
    this.slowest = least < -this.#leastNegated.value ? this.#least.place : -1;
    if (this.#alignedCount > 0) this.#emit(least);
  }

  #flushGreatest(): void {
    let greatest = MIN_WATERMARK;
    for (const input of this.#inputs) {
      if (!input.isRemoved && input.watermark > greatest) greatest = input.watermark;
    }
    this.#emit(greatest);
  }

  #emit(watermark: Watermark): void {
    if (watermark <= this.#emitted) return;
    this.#emitted = watermark;
    this.#news = watermark;
  }

  #updateStatus(): void {
    const isIdle = this.#liveCount > 0 && this.#idleCount === this.#liveCount;
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    this.#statusNews = isIdle;
  }
}
