/** What the values of flags may be: rules of the engine, told by the name of the flag before anything begins. */
import { EngineError, messageOf } from '../base/errors.ts';
import { MAX_PARALLELISM_LIMIT, THREAD_HEAP_MB_MAX, THREADS_MAX } from '../base/limits.ts';
import { type OptionRule, someText } from '../base/options.ts';
import { aPort, type RunOptions } from '../job/job.ts';
import { countOf } from '../job/job-plan.ts';
import { isLoopback } from '../server/access.ts';
import { aDuration } from '../time/duration.ts';
import type { RunFlags } from './run-options.ts';

const RULES = {
  threads: count(0, THREADS_MAX),
  parallelism: count(1, MAX_PARALLELISM_LIMIT),
  threadHeap: count(1, THREAD_HEAP_MB_MAX),
  port: aPort,
  host: someText,
  checkpointDir: someText,
  checkpointEvery: aDuration,
  unalignedAfter: aDuration,
} satisfies Partial<Record<keyof RunFlags, OptionRule>>;

/** Flags that several commands have. */
export type CheckedFlags = Partial<Pick<RunFlags, keyof typeof RULES>>;

/** EngineError CONFIG_INVALID. */
export function checkFlags(flags: CheckedFlags): void {
  for (const [name, rule] of Object.entries(RULES)) {
    const value = flags[name as keyof CheckedFlags];
    if (value !== undefined) checkFlag(flagOf(name), value, rule);
  }
}

/** EngineError CONFIG_INVALID. */
export function checkFlag(flag: string, value: unknown, rule: OptionRule): void {
  try {
    rule(flag, value);
  } catch (cause) {
    throw wrongFlag(messageOf(cause), cause);
  }
}

/** A server that others can reach has a token; `flags` tell who has named its host. EngineError CONFIG_INVALID. */
export function checkHost(
  { port, host }: Pick<RunOptions, 'port' | 'host'>,
  flags: CheckedFlags,
): void {
  const isServed = port !== undefined && host !== undefined;
  if (!isServed || isLoopback(host) || process.env.MILLRACE_TOKEN) return;
  const what = flags.host === undefined ? 'host' : '--host';
  throw wrongFlag(`${what}: '${host}' can be reached by others, so it needs MILLRACE_TOKEN`);
}

/** What is wrong with the command line. */
export function wrongFlag(message: string, cause?: unknown): EngineError {
  return new EngineError('CONFIG_INVALID', message, { cause });
}

function count(least: number, most: number): OptionRule {
  return (what, value) => void countOf(what, value as number, least, most);
}

/** `threadHeap` is `--thread-heap` on the command line. */
function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
