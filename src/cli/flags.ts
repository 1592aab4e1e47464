/** What the values of flags may be: rules of the engine, told by the name of the flag before anything begins. */
import { EngineError, messageOf } from '../base/errors.ts';
import { MAX_PARALLELISM_LIMIT, THREADS_MAX } from '../base/limits.ts';
import type { OptionRule } from '../base/options.ts';
import { countOf } from '../job/job-plan.ts';
import type { JobFlags } from './run-options.ts';

const RULES: Partial<Record<keyof JobFlags, OptionRule>> = {
  threads: count(0, THREADS_MAX),
  parallelism: count(1, MAX_PARALLELISM_LIMIT),
};

/** EngineError CONFIG_INVALID. */
export function checkFlags(flags: Partial<JobFlags>): void {
  for (const [name, rule] of Object.entries(RULES)) {
    const value = flags[name as keyof JobFlags];
    if (value !== undefined) checkFlag(flagOf(name), value, rule);
  }
}

function checkFlag(flag: string, value: unknown, rule: OptionRule): void {
  try {
    rule(flag, value);
  } catch (cause) {
    throw new EngineError('CONFIG_INVALID', messageOf(cause), { cause });
  }
}

function count(least: number, most: number): OptionRule {
  return (what, value) => void countOf(what, value as number, least, most);
}

/** `threadHeap` is `--thread-heap` on the command line. */
function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
