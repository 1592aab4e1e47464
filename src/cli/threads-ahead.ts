/** How many threads a command line is likely to need, before anything that could read it is loaded. */
import { THREADS_MAX } from '../base/limits.ts';

/** What other threads run the job, or none. */
const RUNS_NONE = /^(-h|--help|-w|--watch)$/;
const THREADS = /^(?:-t|--threads)(?:=?(\d+))?$/;

/**
 * 0 where it does not run a job here. A config file may say something else: `threads` are those of a job without one, and the most
 * that start beside each other.
 */
export function threadsAhead(args: readonly string[], threads: number): number {
  const [command, ...rest] = args;
  if (command !== 'run' || rest.some((arg) => RUNS_NONE.test(arg))) return 0;
  const at = rest.findLastIndex((arg) => THREADS.test(arg));
  if (at < 0) return threads;
  const asked = THREADS.exec(rest[at]!)?.[1] ?? rest[at + 1] ?? '';
  if (!/^\d+$/.test(asked) || Number(asked) > THREADS_MAX) return 0;
  return Math.min(Number(asked), threads);
}
