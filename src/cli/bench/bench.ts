/**
 * `millrace bench`: what jobs take, each run in a process of its own, round by round.
 *
 *   warm-up   a b c     does not count: after it files are in memory
 *   round 1   c b a     the order alternates, so that what changes meanwhile (heat, neighbours) meets all alike
 *   round 2   a b c
 *
 *   process ── start-up ──▶ first record ── time of the job ──▶ it has ended, or its --duration is over
 */
import type { Failure } from '../failure.ts';
import type { RunFlags } from '../run-options.ts';

export type BenchFlags = {
  readonly rounds: number;
  readonly warmUp: number;
  readonly duration?: number;
  readonly threads?: readonly number[];
  readonly parallelism?: readonly number[];
  readonly param: Readonly<Record<string, string>>;
  readonly job?: string;
  readonly config?: string;
  readonly batch?: boolean;
  readonly batchAuto?: boolean;
  readonly checkpointEvery?: string;
  readonly progress: boolean;
  readonly json?: boolean;
};

/** One of those that are compared; null where it is left to the config file and the defaults. */
export type Variant = {
  readonly name: string;
  readonly module: string;
  readonly threads: number | null;
  readonly parallelism: number | null;
};

/** What a process is told. */
export type RunRequest = {
  readonly module: string;
  readonly flags: RunFlags;
  /** Time from the first record until the job is cancelled; null to wait for its end. */
  readonly durationMs: number | null;
};

/** A task that was at work for the greatest share of its time, 0 to 1. */
export type BusiestTask = {
  readonly name: string;
  readonly busy: number;
  readonly backPressured: number;
};

/** Of one run. */
export type Measurement = {
  readonly job: string;
  readonly threads: number;
  readonly parallelism: number;
  /** That its sources have read. */
  readonly records: number;
  /** From the first record to the end of the job, or of its --duration. */
  readonly wallMs: number;
  /** Of all threads of the process meanwhile. */
  readonly cpuMs: number;
  /** From the start of the process to the first record; null where the job has read none. */
  readonly startUpMs: number | null;
  /** The most memory that the process had resident. */
  readonly peakMemoryBytes: number;
  /** Share of the time at work that was garbage collection, 0 to 1. */
  readonly gcShare: number;
  readonly busiest: BusiestTask | null;
};

/** What a process answers; without a word it has died. */
export type RunAnswer =
  | { readonly type: 'measured'; readonly measurement: Measurement }
  /** It would never end, since a source has no end. */
  | { readonly type: 'endless'; readonly source: string }
  | {
      readonly type: 'failed';
      /** Described for people. */
      readonly text: string;
      readonly failure: Failure;
      /** Which exit code belongs to it. */
      readonly isUsage: boolean;
    };

/** Of all rounds that count. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

export type VariantReport = Variant & {
  readonly records: number;
  readonly wallMs: Spread;
  readonly recordsPerSecond: Spread;
  readonly recordsPerCpuSecond: Spread;
  readonly peakMemoryBytes: number;
  readonly gcShare: number;
  readonly startUpMs: number | null;
  readonly busiest: BusiestTask | null;
  /** Records a second, over those of the first variant in the same round; null where that read none. */
  readonly ratio: Spread | null;
  /** One for each round. */
  readonly runs: readonly Measurement[];
};

export type BenchReport = {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly durationMs: number | null;
  readonly variants: readonly VariantReport[];
};
