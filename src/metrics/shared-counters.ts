/**
 * The shared words of a job: what the calling thread and the workers know of each other without messages.
 *
 *   Int32, one line of 64 bytes for each worker, the caller first:
 *     [signal word][running subtask + 1][command][checkpoint][last checkpoint][unaligned checkpoint][unused ...]
 *   Float64, behind them:
 *     for each operator of each subtask   recordsIn, recordsOut, lateRecords, skippedRecords
 *     for each subtask                    watermark, weight of input read, newest event time, one unused
 *     for each source, one Int32          next split to hand out
 *
 * Every counter has one writer; readers may see it a moment old. Command and checkpoints are those of the caller's line.
 */
import type { OperatorMetrics } from './metrics.ts';

const LINE_WORDS = 16;
const SIGNAL = 0;
const RUNNING = 1;
const COMMAND = 2;
const CHECKPOINT = 3;
const LAST_CHECKPOINT = 4;
const UNALIGNED_CHECKPOINT = 5;
const COUNTERS = 4;

const RUN = 0;
const CANCEL = 1;
const DRAIN = 2;

/** Behind the barrier of the last checkpoint sources read nothing more; that of an unaligned one overtakes (in-flight.ts). */
export type CheckpointKind = 'aligned' | 'unaligned' | 'last';

export type CountersShape = {
  readonly workers: number;
  readonly operatorSlots: number;
  readonly subtasks: number;
  readonly sources: number;
};

export class SharedCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #splits: Int32Array;
  readonly #shape: CountersShape;

  constructor(shape: CountersShape, buffer?: SharedArrayBuffer) {
    const wordCount = (shape.workers + 1) * LINE_WORDS;
    const numberCount = (shape.operatorSlots + shape.subtasks) * COUNTERS;
    const splitsOffset = wordCount * 4 + numberCount * 8;
    this.buffer = buffer ?? new SharedArrayBuffer(splitsOffset + shape.sources * 4);
    this.#shape = shape;
    this.#words = new Int32Array(this.buffer, 0, wordCount);
    this.#numbers = new Float64Array(this.buffer, wordCount * 4, numberCount);
    this.#splits = new Int32Array(this.buffer, splitsOffset, shape.sources);
  }

  /** Index into the buffer's Int32 words of a worker's signal; -1 is the caller. */
  signalWord(worker: number): number {
    return (worker + 1) * LINE_WORDS + SIGNAL;
  }

  /** What a worker works at, so that its sudden death can be told by name; null is nothing. */
  setRunning(worker: number, subtask: number | null): void {
    this.#words[(worker + 1) * LINE_WORDS + RUNNING] = subtask === null ? 0 : subtask + 1;
  }

  running(worker: number): number | null {
    const word = Atomics.load(this.#words, (worker + 1) * LINE_WORDS + RUNNING);
    return word === 0 ? null : word - 1;
  }

  cancel(): void {
    Atomics.store(this.#words, COMMAND, CANCEL);
  }

  isCancelled(): boolean {
    return Atomics.load(this.#words, COMMAND) === CANCEL;
  }

  /** Asks all sources to come to their end, as if there was nothing more to read. */
  drain(): void {
    Atomics.compareExchange(this.#words, COMMAND, RUN, DRAIN);
  }

  isDraining(): boolean {
    return Atomics.load(this.#words, COMMAND) === DRAIN;
  }

  /** Asks all sources for the barrier of a checkpoint; numbers rise. */
  requestCheckpoint(checkpoint: number, kind: CheckpointKind): void {
    if (kind === 'last') Atomics.store(this.#words, LAST_CHECKPOINT, checkpoint);
    if (kind === 'unaligned') Atomics.store(this.#words, UNALIGNED_CHECKPOINT, checkpoint);
    Atomics.store(this.#words, CHECKPOINT, checkpoint);
  }

  /** Whether the barrier of a checkpoint overtakes what is on its way. */
  isUnaligned(checkpoint: number): boolean {
    return this.unalignedCheckpoint() === checkpoint;
  }

  /** The unaligned checkpoint that was asked for last; 0 before the first. */
  unalignedCheckpoint(): number {
    return Atomics.load(this.#words, UNALIGNED_CHECKPOINT);
  }

  /** The checkpoint behind which nothing more is read; 0 for none. */
  lastCheckpoint(): number {
    return Atomics.load(this.#words, LAST_CHECKPOINT);
  }

  /** The checkpoint that was asked for last; 0 before the first. */
  requestedCheckpoint(): number {
    return Atomics.load(this.#words, CHECKPOINT);
  }

  /** The next split of a source, never given twice. */
  claimSplit(source: number): number {
    return Atomics.add(this.#splits, source, 1);
  }

  operator(slot: number): OperatorMetrics {
    return new SharedOperatorMetrics(this.#numbers, slot * COUNTERS);
  }

  subtask(subtask: number): SubtaskProgress {
    return new SubtaskProgress(this.#numbers, (this.#shape.operatorSlots + subtask) * COUNTERS);
  }
}

class SharedOperatorMetrics implements OperatorMetrics {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  get recordsIn(): number {
    return this.#numbers[this.#at]!;
  }

  set recordsIn(count: number) {
    this.#numbers[this.#at] = count;
  }

  get recordsOut(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set recordsOut(count: number) {
    this.#numbers[this.#at + 1] = count;
  }

  get lateRecords(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set lateRecords(count: number) {
    this.#numbers[this.#at + 2] = count;
  }

  get skippedRecords(): number {
    return this.#numbers[this.#at + 3]!;
  }

  set skippedRecords(count: number) {
    this.#numbers[this.#at + 3] = count;
  }
}

/** How far a subtask is, for progress displays. */
export class SubtaskProgress {
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
  }

  get watermark(): number {
    return this.#numbers[this.#at]!;
  }

  set watermark(watermark: number) {
    this.#numbers[this.#at] = watermark;
  }

  /** Sum of the weights of splits read so far, by their share (source.ts). */
  get weightRead(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set weightRead(weight: number) {
    this.#numbers[this.#at + 1] = weight;
  }

  /** Greatest event time that was read; -Infinity before the first. */
  get newestEventTime(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set newestEventTime(time: number) {
    this.#numbers[this.#at + 2] = time;
  }
}
