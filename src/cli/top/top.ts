/**
 * `millrace top`: running jobs as they are now, drawn anew from time to time.
 *
 *   sample.ts    asks the jobs                              → Sample
 *   view.ts      what has changed between two samples       → TopView, plain data, which --json prints
 *   top-text.ts  the view as lines of a width               → text
 *   screen.ts    the lines on a terminal, and its keys
 */

/** A job in the list. */
export type TopJob = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly durationMs: number;
  readonly records: number;
  /** Since the sample before; null where there is none. */
  readonly recordsPerSecond: number | null;
  readonly where: string;
};

/** A chain of operators of the chosen job. Rates and shares are of the time since the sample before. */
export type TopTask = {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly state: string;
  readonly inPerSecond: number | null;
  readonly outPerSecond: number | null;
  /** Shares of the time, 0 to 1. */
  readonly busy: number | null;
  readonly backPressured: number | null;
  /** The least of its subtasks, in ms since 1970; null for none yet, 'end' behind all. */
  readonly watermark: number | 'end' | null;
};

export type TopCheckpoint = {
  readonly id: number;
  readonly isSavepoint: boolean;
  readonly state: string;
  readonly ageMs: number;
  readonly durationMs: number;
  readonly bytes: number;
};

export type TopDetails = {
  readonly id: string;
  readonly restarts: number;
  readonly tasks: readonly TopTask[];
  readonly completedCheckpoints: number;
  readonly failedCheckpoints: number;
  /** The newest; null where none has begun. */
  readonly lastCheckpoint: TopCheckpoint | null;
};

export type TopView = {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly jobs: readonly TopJob[];
  /** Processes that take a question and do not answer it: what jobs they have is not known. */
  readonly silent: readonly number[];
  /** Of the chosen job; null where no job runs. */
  readonly chosen: TopDetails | null;
};
