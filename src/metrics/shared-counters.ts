/**
 * The shared words of a job: what the calling thread and the workers know of each other without messages.
 *
 *   Int32, one line of 64 bytes for each worker, the caller first:
 *     [signal word][running subtask + 1][command][checkpoint][last checkpoint][unaligned checkpoint][base checkpoint][asked]
 *     [completed checkpoint][aborted checkpoint][begun]
 *   Float64, behind them, as in shared-numbers.ts:
 *     for each operator of each subtask   its OperatorMetrics
 *     for each subtask                    its SubtaskNumbers
 *     for each worker, the caller first   its ThreadNumbers
 *     for each subtask and exchange that it writes to, how many rows have crossed it
 *     for each stage of a source, Int32   next split to hand out, splits read
 *
 * Every counter has one writer, but those of splits, which are added to atomically; readers may see it a moment old. Command,
 * checkpoints and whether the job has begun are those of the caller's line.
 */
import type { OperatorMetrics } from './metrics.ts';
import {
  OPERATOR_NUMBERS,
  OUTPUT_NUMBERS,
  OutputNumbers,
  SharedOperatorMetrics,
  SUBTASK_NUMBERS,
  SubtaskNumbers,
  THREAD_NUMBERS,
  ThreadNumbers,
} from './shared-numbers.ts';

const LINE_WORDS = 16;
const SIGNAL = 0;
const RUNNING = 1;
const COMMAND = 2;
const CHECKPOINT = 3;
const LAST_CHECKPOINT = 4;
const UNALIGNED_CHECKPOINT = 5;
const BASE_CHECKPOINT = 6;
const ASKED = 7;
const COMPLETED_CHECKPOINT = 8;
const ABORTED_CHECKPOINT = 9;
const BEGUN = 10;
const SPLIT_WORDS = 2;

const RUN = 0;
const CANCEL = 1;
const DRAIN = 2;

/** Behind the barrier of the last checkpoint sources read nothing more; that of an unaligned one overtakes (in-flight.ts). */
export type CheckpointKind = 'aligned' | 'unaligned' | 'last';

/** What has become of one: it is complete, or has been given up. */
export type CheckpointEnd = 'completed' | 'aborted';

export type CountersShape = {
  readonly workers: number;
  readonly operatorSlots: number;
  readonly subtasks: number;
  /** Exchanges, each as often as subtasks write to it. */
  readonly outputs: number;
  /** Stages of all sources. */
  readonly stages: number;
};

export class SharedCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #splits: Int32Array;
  readonly #subtasksAt: number;
  readonly #threadsAt: number;
  readonly #outputsAt: number;

  constructor(shape: CountersShape, buffer?: SharedArrayBuffer) {
    const wordCount = (shape.workers + 1) * LINE_WORDS;
    const subtasksAt = shape.operatorSlots * OPERATOR_NUMBERS;
    const threadsAt = subtasksAt + shape.subtasks * SUBTASK_NUMBERS;
    const outputsAt = threadsAt + (shape.workers + 1) * THREAD_NUMBERS;
    const numberCount = outputsAt + shape.outputs * OUTPUT_NUMBERS;
    const splitsOffset = wordCount * 4 + numberCount * 8;
    this.buffer = buffer ?? new SharedArrayBuffer(splitsOffset + shape.stages * SPLIT_WORDS * 4);
    this.#subtasksAt = subtasksAt;
    this.#threadsAt = threadsAt;
    this.#outputsAt = outputsAt;
    this.#words = new Int32Array(this.buffer, 0, wordCount);
    this.#numbers = new Float64Array(this.buffer, wordCount * 4, numberCount);
    this.#splits = new Int32Array(this.buffer, splitsOffset, shape.stages * SPLIT_WORDS);
    if (buffer !== undefined) return;
    for (let subtask = 0; subtask < shape.subtasks; subtask++) this.subtask(subtask).begin();
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

  /** Another question has been sent to a worker. */
  ask(worker: number): void {
    const word = (worker + 1) * LINE_WORDS + ASKED;
    Atomics.store(this.#words, word, this.asked(worker) + 1);
  }

  /** How many questions have been sent to a worker. */
  asked(worker: number): number {
    return Atomics.load(this.#words, (worker + 1) * LINE_WORDS + ASKED);
  }

  /** Lets threads begin that have taken their state. */
  begin(): void {
    Atomics.store(this.#words, BEGUN, 1);
  }

  hasBegun(): boolean {
    return Atomics.load(this.#words, BEGUN) === 1;
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

  /**
   * Asks all sources for the barrier of a checkpoint; numbers rise. `base`: the complete checkpoint that state may be written
   * on as a delta; 0 for none.
   */
  requestCheckpoint(checkpoint: number, kind: CheckpointKind, base = 0): void {
    Atomics.store(this.#words, BASE_CHECKPOINT, base);
    if (kind === 'last') Atomics.store(this.#words, LAST_CHECKPOINT, checkpoint);
    if (kind === 'unaligned') Atomics.store(this.#words, UNALIGNED_CHECKPOINT, checkpoint);
    Atomics.store(this.#words, CHECKPOINT, checkpoint);
  }

  /** Has a checkpoint go on unaligned that was asked for as aligned. */
  turnUnaligned(checkpoint: number): void {
    Atomics.store(this.#words, UNALIGNED_CHECKPOINT, checkpoint);
  }

  /** Whether the barrier of a checkpoint overtakes what is on its way. */
  isUnaligned(checkpoint: number): boolean {
    return this.unalignedCheckpoint() === checkpoint;
  }

  /** The unaligned checkpoint that was asked for last; 0 before the first. */
  unalignedCheckpoint(): number {
    return Atomics.load(this.#words, UNALIGNED_CHECKPOINT);
  }

  /** The base of the checkpoint that was asked for last; 0 for none. */
  baseCheckpoint(): number {
    return Atomics.load(this.#words, BASE_CHECKPOINT);
  }

  /** Has sources read on behind the barrier of one that was to be the last, and is not. */
  goOn(): void {
    Atomics.store(this.#words, LAST_CHECKPOINT, 0);
  }

  /** The checkpoint behind which nothing more is read; 0 for none. */
  lastCheckpoint(): number {
    return Atomics.load(this.#words, LAST_CHECKPOINT);
  }

  /** The checkpoint that was asked for last; 0 before the first. */
  requestedCheckpoint(): number {
    return Atomics.load(this.#words, CHECKPOINT);
  }

  /** Tells what has become of a checkpoint; numbers rise. */
  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    const word = end === 'completed' ? COMPLETED_CHECKPOINT : ABORTED_CHECKPOINT;
    Atomics.store(this.#words, word, checkpoint);
  }

  /** The checkpoint that was complete last; 0 before the first. */
  completedCheckpoint(): number {
    return Atomics.load(this.#words, COMPLETED_CHECKPOINT);
  }

  /** The checkpoint that was given up last; 0 before the first. */
  abortedCheckpoint(): number {
    return Atomics.load(this.#words, ABORTED_CHECKPOINT);
  }

  /** The next split of a stage, never given twice. */
  claimSplit(stage: number): number {
    return Atomics.add(this.#splits, stage * SPLIT_WORDS, 1);
  }

  /** Splits of the stage that have been given, to all subtasks. */
  splitsClaimed(stage: number): number {
    return Atomics.load(this.#splits, stage * SPLIT_WORDS);
  }

  /** Another split of the stage has been read to its end. */
  splitRead(stage: number): void {
    Atomics.add(this.#splits, stage * SPLIT_WORDS + 1, 1);
  }

  /** Splits of the stage that have been read to their end, by all subtasks. */
  splitsRead(stage: number): number {
    return Atomics.load(this.#splits, stage * SPLIT_WORDS + 1);
  }

  operator(slot: number): OperatorMetrics {
    return new SharedOperatorMetrics(this.#numbers, slot * OPERATOR_NUMBERS);
  }

  subtask(subtask: number): SubtaskNumbers {
    return new SubtaskNumbers(this.#numbers, this.#subtasksAt + subtask * SUBTASK_NUMBERS);
  }

  /** Of a worker; -1 is the caller. */
  thread(worker: number): ThreadNumbers {
    return new ThreadNumbers(this.#numbers, this.#threadsAt + (worker + 1) * THREAD_NUMBERS);
  }

  /** Of one subtask and an exchange that it writes to. */
  output(slot: number): OutputNumbers {
    return new OutputNumbers(this.#numbers, this.#outputsAt + slot * OUTPUT_NUMBERS);
  }
}
