/** What a run leaves behind: the machine, the revision and every figure with its raw runs, as one JSON file. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { HarnessSettings, Outcome } from './harness.ts';
import { PROJECT_FOLDER } from './run-program.ts';

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly platform: string;
};

export type Results = {
  /** ISO 8601, UTC: when the run began. */
  readonly date: string;
  /** Of git, with '-dirty' when files were changed; 'unknown' outside of a repository. */
  readonly revision: string;
  readonly machine: Machine;
  readonly node: string;
  readonly scale: number;
  readonly rounds: number;
  readonly figures: readonly Outcome[];
};

/** The results of a run that begins now, without figures yet. */
export function startResults({ scale, rounds }: HarnessSettings): Results {
  const date = new Date().toISOString();
  const { version: node } = process;
  return { date, revision: revision(), machine: thisMachine(), node, scale, rounds, figures: [] };
}

export function describeResults({ machine, node, revision, scale, rounds }: Results): string {
  const { cpu, cores, memoryMb, platform } = machine;
  return `${cpu}, ${cores} cores, ${memoryMb} MiB, ${platform}, node ${node}, revision ${revision}, scale ${scale}, up to ${rounds} rounds`;
}

/** `<machine>-<revision>-<date>-<suite>.json` in the folder; without the last for plain figures. */
export function resultsPath(
  folder: string,
  { machine, revision, date }: Results,
  suite: string | null,
): string {
  const what = suite === null ? '' : ` ${suite}`;
  const name = `${machine.cpu} ${machine.cores} cores ${revision} ${date.slice(0, 19)}${what}`;
  return join(folder, `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.json`);
}

export async function writeResults<R extends Results>(path: string, results: R): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(results, null, 2)}\n`);
}

function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform} ${process.arch}`,
  };
}

function revision(): string {
  const args = ['describe', '--always', '--dirty', '--exclude', '*'];
  try {
    return execFileSync('git', args, {
      cwd: PROJECT_FOLDER,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim();
  } catch {
    return 'unknown';
  }
}
