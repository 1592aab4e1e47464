/** Starts pools of threads, by piscina. */
import { createRequire } from 'node:module';
import type { Piscina } from 'piscina';
import { engineEntry, engineFile } from './engine-files.ts';

export type PoolOptions = {
  /** Files of the engine that a thread imports before all else, by their paths within it. */
  readonly hooks: readonly string[];
  readonly minThreads: number;
  readonly maxThreads: number;
  /** What the threads have as `workerData`, beside the URL of their entry. */
  readonly data?: object;
  readonly idleTimeout?: number;
  readonly argv?: string[];
};

/**
 * A pool whose threads run the default export of an entry: a path within the engine, without its extension. It may be
 * destroyed at any time, also while its threads start.
 */
export function startPool<Task, Result>(
  entry: string,
  { hooks, data, ...options }: PoolOptions,
): Piscina<Task, Result> {
  // Bundlers leave such a `require` alone: they would take in what they cannot use.
  const { Piscina } = createRequire(import.meta.url)('piscina') as typeof import('piscina');
  return new Piscina({
    ...options,
    filename: engineFile('base/pool-entry.cjs'),
    execArgv: hooks.flatMap((file) => ['--import', engineFile(file)]),
    workerData: { ...data, entry: engineEntry(entry) },
  });
}
