/**
 * Where the time of a program goes, by module: the samples of V8's own profiler, of all threads, each counted for the file
 * in which it was taken. What waits is left out.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../figure.ts';
import { PROJECT_FOLDER, runProgram } from '../run-program.ts';

/** The parts of a `.cpuprofile` that are read. */
type Profile = {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

export type Share = { readonly module: string; readonly ms: number; readonly percent: number };

/** The program runs once; largest shares first. */
export async function profileOf(command: Command): Promise<readonly Share[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-profile-'));
  try {
    const args = ['--cpu-prof', `--cpu-prof-dir=${folder}`, ...command.args];
    await runProgram({ ...command, args });
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    return sharesOf(texts.map((text) => JSON.parse(text) as Profile));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function sharesOf(profiles: readonly Profile[]): readonly Share[] {
  const times = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const modules = new Map(nodes.map(({ id, callFrame }) => [id, moduleOf(callFrame)]));
    for (const [i, id] of samples.entries()) {
      const module = modules.get(id);
      if (module === undefined || module === null) continue;
      times.set(module, (times.get(module) ?? 0) + timeDeltas[i]! / 1000);
    }
  }
  const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  return [...times]
    .map(([module, ms]) => ({ module, ms, percent: (100 * ms) / total }))
    .sort((a, b) => b.ms - a.ms);
}

/** Null where the thread waits. */
function moduleOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string | null {
  if (functionName === '(idle)' || functionName === '(root)') return null;
  if (functionName === '(garbage collector)') return 'garbage collector';
  if (url === '') return 'V8 and native code';
  if (url.startsWith('node:')) return 'Node';
  if (!url.startsWith('file:')) return `generated: ${url}`;
  const path = relative(PROJECT_FOLDER, fileURLToPath(url));
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  return library ?? path;
}
