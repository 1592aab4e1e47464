/** How a folder is watched for new files. */
import { checkOptions, type OptionRule, type OptionRules } from '../../../base/options.ts';
import { aDuration, type Duration, durationMs } from '../../../time/duration.ts';

/** How a folder is watched. Defaults in brackets. */
export type WatchOptions = {
  /** Time from one look to the next ['1 s']. */
  readonly every?: Duration;
  /**
   * A file is read when it has kept its size and its time of modification for so long. 0 is for files that get their name when they
   * are complete, as those that this package writes do [as long as `every`].
   */
  readonly settle?: Duration;
};

const WATCH_OPTIONS: OptionRules<WatchOptions> = { every: aDuration, settle: aDuration };

export type WatchSpec = { readonly everyMs: number; readonly settleMs: number };

/** A duration, or options. */
export const aWatch: OptionRule = (what, value) => {
  if (typeof value === 'object') checkOptions(what, value as WatchOptions, WATCH_OPTIONS);
  else aDuration(what, value);
};

export function watchSpec(watch: Duration | WatchOptions): WatchSpec {
  const { every = '1 s', settle = every } = typeof watch === 'object' ? watch : { every: watch };
  return {
    everyMs: durationMs(every, 'files: watch: every'),
    settleMs: durationMs(settle, 'files: watch: settle'),
  };
}
