/** Watermarks of several inputs, merged by looking at all of them each time. */
import { MAX_WATERMARK, MIN_WATERMARK, type Watermark } from '../../src/data/batch.ts';

type Input = { watermark: Watermark; isIdle: boolean; isAligned: boolean; isRemoved: boolean };

export class SlowWatermarkMerger {
  readonly #inputs: Input[] = [];
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
    const free = this.#inputs.findIndex((input) => input.isRemoved);
    const number = free >= 0 ? free : this.#inputs.length;
    this.#inputs[number] = {
      watermark: MIN_WATERMARK,
      isIdle: false,
      isAligned: true,
      isRemoved: false,
    };
    this.#updateStatus();
    return number;
  }

  /** The input is gone and holds nothing back; with the last one gone the watermark stays. */
  removeInput(number: number): void {
    this.#inputs[number]!.isRemoved = true;
    if (!this.#inputs.every(({ isRemoved }) => isRemoved)) this.#update();
  }

  onWatermark(number: number, watermark: Watermark): void {
    const input = this.#inputs[number]!;
    if (input.isIdle || watermark <= input.watermark) return;
    input.watermark = watermark;
    if (!input.isAligned && watermark >= this.#emitted) input.isAligned = true;
    this.#updateWatermark();
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
    input.isAligned = false;
    this.#update();
  }

  onActive(number: number): void {
    const input = this.#inputs[number]!;
    if (!input.isIdle) return;
    input.isIdle = false;
    input.isAligned = input.watermark >= this.#emitted;
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

  /** An input has left the minimum. */
  #update(): void {
    if (this.#areAllIdle()) this.#flushGreatest();
    else this.#updateWatermark();
    this.#updateStatus();
  }

  #areAllIdle(): boolean {
    for (const input of this.#inputs) if (!input.isRemoved && !input.isIdle) return false;
    return true;
  }

  #updateWatermark(): void {
    let least = MAX_WATERMARK;
    let greatest = MIN_WATERMARK;
    let slowest = -1;
    let hasAligned = false;
    for (let number = 0; number < this.#inputs.length; number++) {
      const { isRemoved, isAligned, watermark } = this.#inputs[number]!;
      if (isRemoved || !isAligned) continue;
      hasAligned = true;
      if (watermark > greatest) greatest = watermark;
      if (watermark >= least) continue;
      least = watermark;
      slowest = number;
    }
    this.slowest = least < greatest ? slowest : -1;
    if (hasAligned) this.#emit(least);
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
    const isIdle = this.#inputs.some((input) => !input.isRemoved) && this.#areAllIdle();
    if (isIdle === this.#isIdle) return;
    this.#isIdle = isIdle;
    this.#statusNews = isIdle;
  }
}
