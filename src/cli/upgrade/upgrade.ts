/**
 * Upgrade in place: `millrace run --watch` runs a job in a process of its own, and when its module is saved goes on with the
 * new version from the state of the old one.
 *
 *   supervisor                 the version that runs             the next version
 *   a file has changed
 *     ────────────────────────────────────────── load ─────────▶ imports its modules, builds its graph,
 *                                                                has its threads import them too
 *     ◀───────────────────────────────────────── loaded ────────
 *     ────────────────────────────────────────── compare ──────▶
 *     ◀───────────────────────────────────────── difference ────
 *     ──────────── stop ───────▶ a last checkpoint, which is
 *                                kept as a savepoint too;
 *     ◀────────── stopped ────── what is before it is committed
 *     ────────────────────────────────────────── start ────────▶ restores the last checkpoint
 *     ◀───────────────────────────────────────── running ───────
 *
 * Each version has a process, because a module cannot be imported twice into one: what it and its imports have left in the
 * memory of the old version cannot reach the new one, and a module that throws or ends its process as it is imported takes
 * nothing with it. Up to `stop` the old version runs on and knows of nothing. Whatever goes wrong behind it, the last
 * checkpoint is there, and the next version that is saved goes on from it.
 */
import type { ErrorDescription } from '../../base/error-transport.ts';
import type { JobDifference } from '../../graph/compare-jobs.ts';
import type { JobShape } from '../../graph/job-shape.ts';
import type { RunFlags } from '../run-options.ts';

/** What the supervisor asks of the process of a version. */
export type ToJob =
  | { readonly type: 'load'; readonly module: string; readonly flags: RunFlags }
  | { readonly type: 'compare'; readonly was: JobShape }
  /** `fresh`: whatever checkpoints there are. */
  | { readonly type: 'start'; readonly fresh: boolean }
  /** `savepoint`: where the state goes, so that one can come back to this version. */
  | { readonly type: 'stop'; readonly savepoint: string };

/** What that process tells. How it ended is its exit code. */
export type FromJob =
  | { readonly type: 'loaded'; readonly shape: JobShape }
  | { readonly type: 'difference'; readonly difference: JobDifference }
  /** All subtasks have their state and are at work; `shape` knows what that is cut into. */
  | { readonly type: 'running'; readonly shape: JobShape }
  | { readonly type: 'stopped' }
  /** What was asked could not be done; `text` says so to people. */
  | { readonly type: 'failed'; readonly text: string; readonly error: ErrorDescription };
