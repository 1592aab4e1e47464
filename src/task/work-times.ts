/**
 * What the subtasks of a thread do with its time: one look at the clock a round, and one behind each step that moved
 * something. A step that did not costs next to nothing, and is not measured.
 *
 *   busy     in steps of its own that moved something
 *   held up  from the end of a step that could take no input to its next step
 *   idle     the rest: nothing to do, or the turn of others on the same thread
 *
 * The numbers stand in shared memory, where they are read by whoever wants them; nobody is told.
 */
import type { Clock } from '../base/clock.ts';
import { CollectionWatch, heapOfThread } from '../base/heap.ts';
import { HEAP_LOOK_MS } from '../base/limits.ts';
import type { SubtaskNumbers, ThreadNumbers } from '../metrics/shared-numbers.ts';

const NEVER = -1;

export class WorkTimes {
  readonly #clock: Clock;
  readonly #thread: ThreadNumbers;
  readonly #numbersOf: (subtask: number) => SubtaskNumbers;
  readonly #startMs: number;
  /** End of the last step that was measured, or start of the round. */
  #nowMs: number;
  readonly #collections = new CollectionWatch();
  #heapDueMs = -Infinity;

  /** Numbers of the thread, and of its subtasks. */
  constructor(clock: Clock, thread: ThreadNumbers, numbersOf: (subtask: number) => SubtaskNumbers) {
    this.#clock = clock;
    this.#thread = thread;
    this.#numbersOf = numbersOf;
    this.#startMs = this.#nowMs = clock.monotonic();
  }

  beginRound(): void {
    this.#look();
    if (this.#nowMs >= this.#heapDueMs) this.#lookAtHeap();
  }

  #look(): void {
    this.#nowMs = this.#clock.monotonic();
    this.#thread.elapsedMs = this.#nowMs - this.#startMs;
  }

  #lookAtHeap(): void {
    const { usedBytes, limitBytes } = heapOfThread();
    this.#thread.heapUsedBytes = usedBytes;
    this.#thread.heapLimitBytes = limitBytes;
    this.#thread.gcMs += this.#collections.take();
    this.#heapDueMs = this.#nowMs + HEAP_LOOK_MS;
  }

  /** No round follows. */
  end(): void {
    this.#thread.gcMs += this.#collections.stop();
  }

  of(subtask: number): SubtaskTimes {
    return new SubtaskTimes(this.#numbersOf(subtask), this);
  }

  /** The clock at the end of the last step that was measured. */
  get lastMs(): number {
    return this.#nowMs;
  }

  /** Looks at the clock behind a step; the time since the last look. */
  measure(): number {
    const before = this.#nowMs;
    this.#look();
    return this.#nowMs - before;
  }

  get elapsedMs(): number {
    return this.#nowMs - this.#startMs;
  }
}

export class SubtaskTimes {
  readonly #numbers: SubtaskNumbers;
  readonly #times: WorkTimes;
  #heldUpSinceMs = NEVER;

  constructor(numbers: SubtaskNumbers, times: WorkTimes) {
    this.#numbers = numbers;
    this.#times = times;
  }

  onStep(hasMoved: boolean, isHeldUp: boolean): void {
    const beforeMs = this.#times.lastMs;
    if (hasMoved) this.#numbers.busyMs += this.#times.measure();
    if (this.#heldUpSinceMs !== NEVER) this.#numbers.heldUpMs += beforeMs - this.#heldUpSinceMs;
    this.#heldUpSinceMs = isHeldUp ? this.#times.lastMs : NEVER;
  }

  onEnd(): void {
    this.#numbers.endedMs = this.#times.elapsedMs;
  }
}
