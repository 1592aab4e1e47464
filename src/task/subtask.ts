/**
 * One parallel instance of a task: an input, a chain of operators, output gates at its ends.
 *
 * The order within a step is what makes back-pressure work: first what waits at the outputs, then work that
 * operators have put off, and new input only when neither is left. A snapshot is written a slice a step beside it. The
 * barrier of an unaligned checkpoint waits only for what operators have put off. Behind the last barrier only input is taken,
 * in which there is none but other barriers, and ends.
 */
import type { Clock } from '../base/clock.ts';
import type { Chain } from './chain.ts';
import type { CheckpointListeners } from './checkpoint-listeners.ts';
import { closeAll } from './close-all.ts';
import type { SubtaskSnapshot } from './subtask-snapshot.ts';
import type { Steppable, TaskInput } from './task.ts';

export type SubtaskOptions = {
  readonly id: number;
  readonly name: string;
  readonly input: TaskInput;
  readonly chain: Chain;
  readonly snapshot: SubtaskSnapshot;
  /** Null where no function listens. */
  readonly listeners: CheckpointListeners | null;
  readonly clock: Clock;
  readonly bufferTimeoutMs: number;
  /** How long a step may go on taking elements; 0 for one element a step. */
  readonly stepBudgetMs: number;
};

export class Subtask implements Steppable {
  readonly id: number;
  readonly name: string;
  readonly #input: TaskInput;
  readonly #chain: Chain;
  readonly #snapshot: SubtaskSnapshot;
  readonly #listeners: CheckpointListeners | null;
  readonly #clock: Clock;
  readonly #bufferTimeoutMs: number;
  readonly #stepBudgetMs: number;
  /** When the oldest row in a partial batch came, by the monotonic clock; Infinity when there is none. */
  #partialSinceMs = Infinity;
  #isStuck = false;
  isHeldUp = false;
  /** The input has ended, all that became of it has left, and so has the last state. */
  #hasEnded = false;

  constructor(options: SubtaskOptions) {
    this.id = options.id;
    this.name = options.name;
    this.#input = options.input;
    this.#chain = options.chain;
    this.#snapshot = options.snapshot;
    this.#listeners = options.listeners;
    this.#clock = options.clock;
    this.#bufferTimeoutMs = options.bufferTimeoutMs;
    this.#stepBudgetMs = options.stepBudgetMs;
  }

  get isDone(): boolean {
    return this.#hasEnded;
  }

  get wakeAtMs(): number {
    if (!this.#chain.isOutputReady) return Infinity;
    if (this.#chain.hasPendingWork) return this.#chain.asynchronousAtMs;
    const { isFull } = this.#chain;
    const inputAtMs = isFull ? this.#input.controlAtMs : this.#input.wakeAtMs;
    if (this.#snapshot.standsStill) return inputAtMs;
    return Math.min(inputAtMs, this.#chain.wakeAtMs);
  }

  get waitsForEvents(): boolean {
    return this.#isStuck || this.#input.waitsForEvents || this.#chain.waitsForEvents;
  }

  open(): void {
    this.#chain.open();
  }

  begin(): void {
    this.#chain.begin();
  }

  step(): boolean {
    const told = this.#listeners !== null && this.tellCheckpoints();
    const cut = !this.#hasEnded && !this.#chain.hasPendingWork && this.#input.overtake();
    const moved = this.#step() || cut || told;
    const wrote = this.#snapshot.isActive && this.#writeSnapshot();
    if (this.#input.hasEnded && !this.#chain.hasPendingWork && this.#chain.isOutputReady) {
      this.#snapshot.end();
      this.#hasEnded = true;
    }
    return moved || wrote;
  }

  /** Functions are told when no operator is in the middle of its work. */
  tellCheckpoints(): boolean {
    if (this.#listeners === null || this.#hasEnded || this.#chain.hasPendingWork) return false;
    return this.#listeners.tell();
  }

  #writeSnapshot(): boolean {
    const isRecorded = this.#input.record();
    return this.#snapshot.step(isRecorded && !this.#chain.hasPendingWork);
  }

  #step(): boolean {
    const chain = this.#chain;
    const moved = chain.retry();
    this.isHeldUp = !chain.isOutputReady;
    if (this.isHeldUp) return moved;
    if (chain.hasPendingWork) {
      const advanced = chain.advanceAsynchronous(this.#clock.now());
      const resumed = chain.resume();
      this.#isStuck = !resumed;
      this.isHeldUp = !resumed;
      chain.publish();
      return advanced || resumed || moved;
    }
    this.#isStuck = false;
    const worked = this.#work();
    return worked || moved;
  }

  #work(): boolean {
    const chain = this.#chain;
    let worked =
      chain.awaitsClock && !this.#snapshot.standsStill && chain.advanceTime(this.#clock.now());
    if (!chain.hasPendingWork && !this.#input.hasEnded) worked = this.#takeInput() || worked;
    chain.publish();
    this.#flushWhenDue();
    return worked;
  }

  /** Elements of the input, as long as there are some, room for what becomes of them, and time in this step. */
  #takeInput(): boolean {
    const input = this.#input;
    const chain = this.#chain;
    if (chain.isFull) {
      this.isHeldUp = true;
      return input.pollControl();
    }
    if (!input.poll()) return false;
    if (this.#stepBudgetMs === 0) return true;
    const end = this.#clock.monotonic() + this.#stepBudgetMs;
    while (
      !input.hasEnded &&
      !chain.hasPendingWork &&
      !chain.isFull &&
      chain.isOutputReady &&
      this.#clock.monotonic() < end &&
      input.poll()
    );
    return true;
  }

  #flushWhenDue(): void {
    if (!this.#chain.hasPartial) {
      this.#partialSinceMs = Infinity;
      return;
    }
    const now = this.#clock.monotonic();
    if (this.#partialSinceMs === Infinity) this.#partialSinceMs = now;
    if (now - this.#partialSinceMs >= this.#bufferTimeoutMs) this.flush();
  }

  flush(): boolean {
    this.#partialSinceMs = Infinity;
    return this.#chain.flush();
  }

  close(): void {
    closeAll([this.#input, this.#chain]);
  }
}
