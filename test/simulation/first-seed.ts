/** The seeds of a run of the simulations. */
import { execFileSync } from 'node:child_process';

/** From the commit, so that each has seeds of its own; without one, always the same. */
export function firstSeed(): number {
  const { SEED } = process.env;
  if (SEED !== undefined) return Number(SEED);
  try {
    const commit = execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' });
    return Number.parseInt(commit, 16);
  } catch {
    return 1;
  }
}
