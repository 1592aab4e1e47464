/** What the exit code of a command says; docs/operating.md has the same table, and a test compares the two. */
import { EngineError } from '../base/errors.ts';

export const EXIT = {
  /** It did what it was asked to; for `run`: the job has finished, or was stopped. */
  done: 0,
  /** It failed; standard error says why. */
  failed: 1,
  /** The command line or the config file is wrong; nothing has begun. */
  usage: 2,
  /** `diff`: the new version cannot go on from the state of the old one. */
  incompatible: 3,
  /** The job was cancelled: Ctrl-C, SIGTERM, or `millrace cancel`. */
  cancelled: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Of a command that ends by an error. */
export function exitCodeOf(error: unknown): ExitCode {
  const isUsage = error instanceof EngineError && error.code === 'CONFIG_INVALID';
  return isUsage ? EXIT.usage : EXIT.failed;
}
