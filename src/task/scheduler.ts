/**
 * Runs the subtasks of one worker in turn, cooperatively.
 *
 * A round gives each subtask one step. When a whole round moved nothing, partial batches are sent; when that
 * moved nothing either, the worker may sleep. Tests replace the order of a round by a seeded one.
 */
import type { Clock } from '../base/clock.ts';
import { closeAll } from './close-all.ts';
import type { Steppable } from './task.ts';

export type SchedulerOptions = {
  readonly subtasks: readonly Steppable[];
  readonly clock: Clock;
  /** Told before each step, and null behind the last. */
  readonly onStep?: (subtask: number | null) => void;
  /** Index of the subtask to step next among those not done; in turn when left out. */
  readonly choose?: (count: number) => number;
};

export class Scheduler {
  readonly #live: Steppable[];
  readonly #clock: Clock;
  readonly #onStep: (subtask: number | null) => void;
  readonly #choose: ((count: number) => number) | null;

  constructor(options: SchedulerOptions) {
    this.#live = [...options.subtasks];
    this.#clock = options.clock;
    this.#onStep = options.onStep ?? (() => {});
    this.#choose = options.choose ?? null;
  }

  get isDone(): boolean {
    return this.#live.length === 0;
  }

  /** One step for each subtask; true when anything moved. */
  round(): boolean {
    let moved = false;
    const steps = this.#live.length;
    for (let n = 0; n < steps; n++) {
      const at = this.#choose === null ? n : this.#choose(steps);
      const subtask = this.#live[at]!;
      this.#onStep(subtask.id);
      if (subtask.step()) moved = true;
    }
    this.#onStep(null);
    if (this.#live.some((subtask) => subtask.isDone)) this.#retire();
    return moved;
  }

  #retire(): void {
    for (const subtask of this.#live.filter((candidate) => candidate.isDone)) {
      subtask.flush();
      this.#live.splice(this.#live.indexOf(subtask), 1);
      subtask.close();
    }
  }

  /** Sends partial batches of all subtasks; true when there were any. */
  flush(): boolean {
    let had = false;
    for (const subtask of this.#live) if (subtask.flush()) had = true;
    return had;
  }

  /** Milliseconds until the clock gives some subtask work: 0 for now, Infinity for never. */
  idleMs(): number {
    let due = Infinity;
    for (const subtask of this.#live) due = Math.min(due, subtask.wakeAtMs);
    return Math.max(0, due - this.#clock.now());
  }

  get waitsForEvents(): boolean {
    return this.#live.some((subtask) => subtask.waitsForEvents);
  }

  /** Drops what is not done, after a failure or a cancellation. */
  close(): void {
    try {
      closeAll(this.#live.splice(0));
    } catch {
      // The job tells why it had to end, not what closing adds to that.
    }
  }
}
