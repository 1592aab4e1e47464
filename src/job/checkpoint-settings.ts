/** How a job takes checkpoints. */
import { EngineError } from '../base/errors.ts';
import {
  checkOptions,
  choice,
  type OptionRules,
  someText,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';

export type CheckpointOptions = {
  /** Where they lie: a directory of this job alone. A job that is started on it again goes on from the last one. */
  readonly dir: string;
  /** Time from the start of one to that of the next. Default 10 s. */
  readonly every?: Duration;
  /**
   * exactlyOnce (default): each record counts once in the state. atLeastOnce: channels do not wait for each other at a
   * barrier; after a failure some records may count twice.
   */
  readonly mode?: 'exactlyOnce' | 'atLeastOnce';
  /**
   * Whether checkpoints do not wait for records that are on their way between subtasks, but have them as state: then a slow
   * step holds one up for no more than the batch that it is at. A job whose steps have changed cannot go on from it; from a
   * savepoint it can. With `{ after: '30 s' }` they wait at first, and only one that is not complete after this long from its
   * start goes on so. Not with atLeastOnce. Default false.
   */
  readonly unaligned?: boolean | UnalignedOptions;
  /**
   * Whether a checkpoint has of large state only what has changed since the one before, and refers to earlier ones for the
   * rest. Default false.
   */
  readonly incremental?: boolean;
  /** After this long one is given up. Default 10 min. */
  readonly timeout?: Duration;
  /** Least time from the end of one to the start of the next, but for those by hand. Default 0. */
  readonly minPause?: Duration;
  /** How many may fail in a row before the job does. Default 0. */
  readonly tolerableFailures?: number;
  /** How many complete ones are kept. Default 1. */
  readonly retained?: number;
};

export type UnalignedOptions = {
  /** From the start of a checkpoint, which is aligned until then. */
  readonly after: Duration;
};

const UNALIGNED_OPTIONS: OptionRules<UnalignedOptions> = { after: aDuration };

function isUnalignedOption(what: string, value: unknown): void {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'object') throw wrong(what, "is true, false, or { after: '30 s' }", value);
  const options = value as UnalignedOptions;
  checkOptions(what, options, UNALIGNED_OPTIONS);
  durationMs(options.after, `${what}: after`);
}

const CHECKPOINT_OPTIONS: OptionRules<CheckpointOptions> = {
  dir: someText,
  every: aDuration,
  mode: choice('exactlyOnce', 'atLeastOnce'),
  unaligned: isUnalignedOption,
  incremental: choice(true, false),
  timeout: aDuration,
  minPause: aDuration,
  tolerableFailures: wholeNumber(0),
  retained: wholeNumber(1),
};

export function areCheckpointOptions(what: string, value: unknown): void {
  const options = value as CheckpointOptions;
  checkOptions(what, options, CHECKPOINT_OPTIONS);
  someText(`${what}: dir`, options.dir);
  if ((options.unaligned ?? false) !== false && options.mode === 'atLeastOnce') {
    throw wrong(`${what}: unaligned`, 'left out with mode atLeastOnce', options.unaligned);
  }
}

/** 'configured': as the option `incremental` of the job says. */
export type CheckpointType = 'configured' | 'full' | 'incremental';

/** How one is taken by hand. */
export type CheckpointNowOptions = {
  /**
   * 'full' has all state in itself, whatever the one before was; 'incremental' what has changed, where the job has
   * `checkpoints: { incremental: true }`. Default 'configured': as the job has them.
   */
  readonly type?: CheckpointType;
};

const CHECKPOINT_NOW_OPTIONS: OptionRules<CheckpointNowOptions> = {
  type: choice('configured', 'full', 'incremental'),
};

/** A checkpoint that was taken by hand. */
export type TakenCheckpoint = {
  readonly id: number;
  /** Its directory, which is the job's: it goes when later ones take its place. */
  readonly path: string;
  /** Whether it has all state in itself, or refers to earlier ones. */
  readonly type: 'full' | 'incremental';
};

export type CheckpointSettings = {
  readonly dir: string;
  readonly everyMs: number;
  readonly isAligned: boolean;
  readonly isUnaligned: boolean;
  /** How long those that are unaligned are aligned at first. */
  readonly alignedMs: number;
  readonly isIncremental: boolean;
  readonly timeoutMs: number;
  readonly minPauseMs: number;
  readonly tolerableFailures: number;
  readonly retained: number;
};

export const DEFAULT_CHECKPOINT_TIMEOUT_MS = 600_000;

export function checkpointSettings(options: CheckpointOptions): CheckpointSettings {
  const { unaligned = false } = options;
  return {
    dir: options.dir,
    everyMs: durationMs(options.every ?? '10 s', 'checkpoints: every'),
    isAligned: options.mode !== 'atLeastOnce',
    isUnaligned: unaligned !== false,
    alignedMs:
      typeof unaligned === 'object'
        ? durationMs(unaligned.after, 'checkpoints: unaligned: after')
        : 0,
    isIncremental: options.incremental ?? false,
    timeoutMs: durationMs(options.timeout ?? DEFAULT_CHECKPOINT_TIMEOUT_MS, 'checkpoints: timeout'),
    minPauseMs: durationMs(options.minPause ?? 0, 'checkpoints: minPause'),
    tolerableFailures: options.tolerableFailures ?? 0,
    retained: options.retained ?? 1,
  };
}

/** What a checkpoint by hand shall be, of a job with these settings, null for none. EngineError JOB_DEFINITION. */
export function typeAskedFor(
  options: CheckpointNowOptions,
  settings: CheckpointSettings | null,
): CheckpointType {
  checkOptions('checkpoint', options, CHECKPOINT_NOW_OPTIONS);
  const { type = 'configured' } = options;
  if (settings === null) {
    throw new EngineError(
      'JOB_DEFINITION',
      'checkpoint: the job takes none: run it with a directory for checkpoints, or take a savepoint',
    );
  }
  if (type === 'incremental' && !settings.isIncremental) {
    throw wrong(
      'checkpoint: type',
      "is 'incremental' only where the job runs with checkpoints: { incremental: true }",
      type,
    );
  }
  return type;
}
