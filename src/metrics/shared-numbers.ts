/**
 * Numbers in shared memory by name: those of an operator, of a subtask, of an exchange and of a thread. The thread that the subtask runs on
 * writes them, each by a plain store; anyone may read them, and sees them a moment old.
 */
import type { ByteCount, OperatorMetrics, RowCount } from './metrics.ts';

export const OPERATOR_NUMBERS = 6;
export const SUBTASK_NUMBERS = 8;
export const THREAD_NUMBERS = 4;
export const OUTPUT_NUMBERS = 2;

/** What an operator counts in one subtask. */
export class SharedOperatorMetrics implements OperatorMetrics {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  get recordsIn(): number {
    return this.#numbers[this.#at]!;
  }

  set recordsIn(value: number) {
    this.#numbers[this.#at] = value;
  }

  get recordsOut(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set recordsOut(value: number) {
    this.#numbers[this.#at + 1] = value;
  }

  get lateRecords(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set lateRecords(value: number) {
    this.#numbers[this.#at + 2] = value;
  }

  get skippedRecords(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set skippedRecords(value: number) {
    this.#numbers[this.#at + 3] = value;
  }

  get bytesRead(): number {
    return this.#numbers[this.#at + 4]!;
  }

  set bytesRead(value: number) {
    this.#numbers[this.#at + 4] = value;
  }

  get bytesWritten(): number {
    return this.#numbers[this.#at + 5]!;
  }

  set bytesWritten(value: number) {
    this.#numbers[this.#at + 5] = value;
  }
}

/** How far a subtask is, and what it has done with its time. */
export class SubtaskNumbers {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  /** What it is before anything has happened. */
  begin(): void {
    this.watermark = -Infinity;
    this.newestEventTime = -Infinity;
    this.readingAt = -Infinity;
  }

  /** The last that came to its operators; -Infinity before the first. */
  get watermark(): number {
    return this.#numbers[this.#at]!;
  }

  set watermark(value: number) {
    this.#numbers[this.#at] = value;
  }

  /** Sum of the weights of splits read so far, by their share (source.ts). */
  get weightRead(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set weightRead(value: number) {
    this.#numbers[this.#at + 1] = value;
  }

  /** Greatest event time that was read; -Infinity before the first. */
  get newestEventTime(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set newestEventTime(value: number) {
    this.#numbers[this.#at + 2] = value;
  }

  /** Time in steps that moved something. */
  get busyMs(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set busyMs(value: number) {
    this.#numbers[this.#at + 3] = value;
  }

  /** Time in which it could take no input, since its output had no room, or what is behind it was busy. */
  get heldUpMs(): number {
    return this.#numbers[this.#at + 4]!;
  }

  set heldUpMs(value: number) {
    this.#numbers[this.#at + 4] = value;
  }

  /** When it came to its end, by `elapsedMs` of its thread; 0 before. */
  get endedMs(): number {
    return this.#numbers[this.#at + 5]!;
  }

  set endedMs(value: number) {
    this.#numbers[this.#at + 5] = value;
  }

  /**
   * Of a source, the watermark that its reading has come to; -Infinity before the first, so that others wait for it; Infinity
   * while it holds nobody back: idle, waiting for the next stage, or at its end.
   */
  get readingAt(): number {
    return this.#numbers[this.#at + 6]!;
  }

  set readingAt(value: number) {
    this.#numbers[this.#at + 6] = value;
  }
}

/** How long a thread has worked at the job, its heap, and what that costs. */
export class ThreadNumbers {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  /** Since it began, as of its last round; 0 before. */
  get elapsedMs(): number {
    return this.#numbers[this.#at]!;
  }

  set elapsedMs(value: number) {
    this.#numbers[this.#at] = value;
  }

  /** As of the last look, about a second old; 0 before the first. */
  get heapUsedBytes(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set heapUsedBytes(value: number) {
    this.#numbers[this.#at + 1] = value;
  }

  /** What the heap may grow to. */
  get heapLimitBytes(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set heapLimitBytes(value: number) {
    this.#numbers[this.#at + 2] = value;
  }

  /** Time in which garbage was collected and nothing else was done, as of the last look; right at its end. */
  get gcMs(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set gcMs(value: number) {
    this.#numbers[this.#at + 3] = value;
  }
}

/** What a subtask has sent over an exchange. */
export class OutputNumbers implements RowCount, ByteCount {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  get rows(): number {
    return this.#numbers[this.#at]!;
  }

  set rows(value: number) {
    this.#numbers[this.#at] = value;
  }

  get bytes(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set bytes(value: number) {
    this.#numbers[this.#at + 1] = value;
  }
}
