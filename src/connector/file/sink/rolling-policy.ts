/**
 * When a part file is complete, decided from its size and times alone; the writer acts. The rules are those of Flink's
 * DefaultRollingPolicy:
 *
 *   before rows are written   it is larger than `size`
 *   as time passes            it is `age` old, or nothing was written for `inactivity`
 *   at a checkpoint           it is larger than `size`; always with `onCheckpoint`, or a format that has to end its file
 *
 * Rows are written by the batch: a part may exceed its size by one.
 */
import {
  checkOptions,
  choice,
  type OptionRule,
  type OptionRules,
  wrong,
} from '../../../base/options.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';

/**
 * When a part file is complete and another begins. Defaults are for jobs with checkpoints; without them a bounded job
 * writes one part per subtask (and bucket), unless it is asked for more.
 *
 *   files('out', csv(), { rolling: { size: 64 * 1024 * 1024, age: '5 min' } })
 */
export type RollingOptions = {
  /** Bytes of a part, beyond which the next rows go to a new one; 128 MiB. Null: any size. */
  readonly size?: number | null;
  /** Time since a part was begun; 60 s. Null: any age. */
  readonly age?: Duration | null;
  /** Time since something was written; 60 s. Null: any. */
  readonly inactivity?: Duration | null;
  /** Whether each checkpoint ends the part, so that its rows are visible when the checkpoint is complete; false. */
  readonly onCheckpoint?: boolean;
};

export type RollingLimits = {
  readonly bytes: number;
  readonly ageMs: number;
  readonly inactivityMs: number;
  readonly onCheckpoint: boolean;
};

/** What is known of a part. */
export type PartFacts = {
  readonly bytes: number;
  readonly createdMs: number;
  readonly writtenMs: number;
};

const DEFAULT_BYTES = 128 * 1024 * 1024;
const DEFAULT_MS = 60_000;

export class RollingPolicy {
  readonly #limits: RollingLimits;

  constructor(limits: RollingLimits) {
    this.#limits = limits;
  }

  rollsBeforeWrite({ bytes }: PartFacts): boolean {
    return bytes > this.#limits.bytes;
  }

  rollsAtTime({ createdMs, writtenMs }: PartFacts, nowMs: number): boolean {
    const { ageMs, inactivityMs } = this.#limits;
    return nowMs - createdMs >= ageMs || nowMs - writtenMs >= inactivityMs;
  }

  rollsAtCheckpoint({ bytes }: PartFacts): boolean {
    return this.#limits.onCheckpoint || bytes > this.#limits.bytes;
  }

  /** When `rollsAtTime` will say yes, if nothing is written until then. */
  dueAtMs({ createdMs, writtenMs }: PartFacts): number {
    const { ageMs, inactivityMs } = this.#limits;
    return Math.min(createdMs + ageMs, writtenMs + inactivityMs);
  }
}

/** The limits that a user has set, else those of a job with checkpoints, or without. */
export function rollingLimits(options: RollingOptions, isCheckpointed: boolean): RollingLimits {
  const orElse = (given: number | null | undefined, normal: number): number => {
    if (given === undefined) return isCheckpointed ? normal : Infinity;
    return given ?? Infinity;
  };
  return {
    bytes: orElse(options.size, DEFAULT_BYTES),
    ageMs: orElse(msOf(options.age, 'age'), DEFAULT_MS),
    inactivityMs: orElse(msOf(options.inactivity, 'inactivity'), DEFAULT_MS),
    onCheckpoint: options.onCheckpoint ?? false,
  };
}

/** A duration, or null. */
const aBound: OptionRule = (what, value) => {
  if (value !== null) aDuration(what, value);
};

const ROLLING_OPTIONS: OptionRules<RollingOptions> = {
  size(what, value) {
    if (value === null || (typeof value === 'number' && value >= 0)) return;
    throw wrong(what, 'is a number of bytes, 0 or more, or null', value);
  },
  age: aBound,
  inactivity: aBound,
  onCheckpoint: choice(true, false),
};

/** Refuses what is no rule of rolling. */
export const aRolling: OptionRule = (what, value) =>
  checkOptions(what, value as RollingOptions, ROLLING_OPTIONS);

function msOf(duration: Duration | null | undefined, name: string): number | null | undefined {
  if (duration === null || duration === undefined) return duration;
  return durationMs(duration, `files: rolling: ${name}`);
}
