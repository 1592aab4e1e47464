/**
 * Runs the subtasks of one worker in turn, cooperatively.
 *
 * A round gives each subtask one step. When a whole round moved nothing, partial batches are sent; when that
 * moved nothing either, the worker may sleep. Tests replace the order of a round by a seeded one.
 *
 * Among many subtasks most have nothing to do most of the time: one that did not move is left out for a few rounds, more
 * of them the longer it has not; but no round says that nothing moved before all have had their step.
 */
import type { Clock } from '../base/clock.ts';
import { closeAll } from './close-all.ts';
import type { StateWatch } from './state-watch.ts';
import type { Steppable } from './task.ts';
import type { SubtaskTimes, WorkTimes } from './work-times.ts';

export type SchedulerOptions = {
  readonly subtasks: readonly Steppable[];
  readonly clock: Clock;
  /** Told before each step, and null behind the last. */
  readonly onStep?: (subtask: number | null) => void;
  /** Measures what becomes of the time; not measured when left out. */
  readonly times?: WorkTimes;
  /** Counts what they keep, where times are measured. */
  readonly states?: StateWatch;
  /** Index of the subtask to step next among those not done; in turn when left out. */
  readonly choose?: (count: number) => number;
};

/** Calls the step of a subtask. */
export type StepFrame = (subtask: Steppable) => boolean;

/** A subtask, the steps in a row at which it did not move, and for how many rounds it is left out. */
type Entry = {
  readonly subtask: Steppable;
  readonly times: SubtaskTimes | null;
  /** Calls the step, so that it has a frame of its own in a profile; null where nobody takes one. */
  frame: StepFrame | null;
  quiet: number;
  leftOut: number;
};

/** Up to so many subtasks all take a step in every round. */
const FEW_SUBTASKS = 32;
const ROUNDS_LEFT_OUT_MAX = 8;

export class Scheduler {
  readonly #live: Entry[];
  readonly #times: WorkTimes | null;
  readonly #states: StateWatch | null;
  readonly #clock: Clock;
  readonly #onStep: (subtask: number | null) => void;
  readonly #choose: ((count: number) => number) | null;

  constructor(options: SchedulerOptions) {
    const { times } = options;
    this.#times = times ?? null;
    this.#states = options.states ?? null;
    this.#live = options.subtasks.map((subtask) => ({
      subtask,
      times: times?.of(subtask.id) ?? null,
      frame: null,
      quiet: 0,
      leftOut: 0,
    }));
    this.#clock = options.clock;
    this.#onStep = options.onStep ?? (() => {});
    this.#choose = options.choose ?? null;
  }

  /** Has the steps of each subtask called by a function of its own; by none where `frameOf` is null. */
  frameSteps(frameOf: ((subtask: number) => StepFrame) | null): void {
    for (const entry of this.#live) entry.frame = frameOf?.(entry.subtask.id) ?? null;
  }

  get isDone(): boolean {
    return this.#live.length === 0;
  }

  /** One step for each subtask that is not left out; false when nothing moved at any of all. */
  round(): boolean {
    if (this.#times !== null) this.#beginRound(this.#times);
    let moved = false;
    if (this.#choose !== null) moved = this.#chosenSteps(this.#choose);
    else if (this.#live.length <= FEW_SUBTASKS) moved = this.#stepAll();
    else moved = this.#stepSome() || this.#stepAll();
    this.#onStep(null);
    if (this.#live.some(isDone)) this.#retire();
    return moved;
  }

  #beginRound(times: WorkTimes): void {
    this.#states?.beginRound(times.lastMs);
    times.beginRound();
  }

  #chosenSteps(choose: (count: number) => number): boolean {
    let moved = false;
    const steps = this.#live.length;
    for (let n = 0; n < steps; n++) if (this.#step(this.#live[choose(steps)]!)) moved = true;
    return moved;
  }

  #stepAll(): boolean {
    let moved = false;
    for (const entry of this.#live) if (this.#step(entry)) moved = true;
    return moved;
  }

  #stepSome(): boolean {
    let moved = false;
    for (const entry of this.#live) {
      if (entry.leftOut > 0) entry.leftOut--;
      else if (this.#step(entry)) moved = true;
    }
    return moved;
  }

  #step(entry: Entry): boolean {
    const { subtask } = entry;
    this.#onStep(subtask.id);
    const moved = entry.frame === null ? subtask.step() : entry.frame(subtask);
    entry.times?.onStep(moved, subtask.isHeldUp);
    entry.quiet = moved ? 0 : Math.min(entry.quiet + 1, ROUNDS_LEFT_OUT_MAX);
    entry.leftOut = entry.quiet;
    return moved;
  }

  #retire(): void {
    for (const entry of this.#live.filter(isDone)) {
      entry.subtask.flush();
      entry.times?.onEnd();
      this.#states?.onEnd(entry.subtask.id);
      this.#live.splice(this.#live.indexOf(entry), 1);
      entry.subtask.close();
    }
  }

  /** A last look before the end that the job is asked for: what is complete behind a stop is told too. */
  tellCheckpoints(): void {
    for (const { subtask } of this.#live) {
      this.#onStep(subtask.id);
      subtask.tellCheckpoints?.();
    }
    this.#onStep(null);
  }

  get measuresTime(): boolean {
    return this.#times !== null;
  }

  /** The clock when it was looked at last; it is not where times are not measured. */
  get lastLookMs(): number {
    return this.#times?.lastMs ?? -Infinity;
  }

  /** Sends partial batches of all subtasks; true when there were any. */
  flush(): boolean {
    let had = false;
    for (const { subtask } of this.#live) if (subtask.flush()) had = true;
    return had;
  }

  /** Milliseconds until the clock gives some subtask work: 0 for now, Infinity for never. */
  idleMs(): number {
    let due = Infinity;
    for (const { subtask } of this.#live) due = Math.min(due, subtask.wakeAtMs);
    return Math.max(0, due - this.#clock.now());
  }

  get waitsForEvents(): boolean {
    return this.#live.some(waitsForEvents);
  }

  /** The last call; drops what is not done, after a failure or a cancellation. */
  close(): void {
    this.#times?.end();
    try {
      closeAll(this.#live.splice(0).map(({ subtask }) => subtask));
    } catch {
      // The job tells why it had to end, not what closing adds to that.
    }
  }
}

/** Made once: a round that finds nothing to do leaves nothing to the garbage collector either. */
function isDone({ subtask }: Entry): boolean {
  return subtask.isDone;
}

function waitsForEvents({ subtask }: Entry): boolean {
  return subtask.waitsForEvents;
}
