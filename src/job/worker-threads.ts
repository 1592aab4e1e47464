/**
 * Threads that load the engine, and wait for what a pool (worker-pool.ts) tells them. A command that is sure to run a job starts
 * them ahead, before it has loaded the engine itself: two threads load it in the time of one.
 */
import { Worker } from 'node:worker_threads';
import { compileCacheOfThreads } from '../base/compile-cache.ts';
import { engineEntry, IS_BUNDLED, IS_TYPESCRIPT } from '../base/engine-files.ts';

/**
 * Loads the engine, then installs what the user's module needs: with source maps, Node would look for that of the engine, in a
 * million characters. At the assignment runs the entry module, which finds the assignment in its workerData.
 */
const BOOT = `
const { parentPort, workerData } = require('node:worker_threads');
const { enableCompileCache, register, registerHooks } = require('node:module');
if (workerData.compileCache !== null) enableCompileCache?.(workerData.compileCache);
const loadAll = (doors) => Promise.all(doors.map((door) => import(door)));
const loaded = loadAll(workerData.doors);
parentPort.once('message', ({ entry, doors, typescriptHooks, testHooks, early }) => {
  const prepared = loaded.then(async () => {
    await loadAll(doors);
    process.setSourceMapsEnabled(true);
    if (typescriptHooks !== null) register(typescriptHooks);
    if (testHooks !== null) registerHooks ? registerHooks(await import(testHooks)) : register(testHooks);
    if (early === null) return;
    const { loadJobs } = await import(early.loader);
    await loadJobs(early.jobUrl);
    parentPort.postMessage({ type: 'loaded' });
  });
  prepared.catch((error) => {
    if (early !== null) parentPort.postMessage({ type: 'notLoaded', error: String(error) });
  });
  parentPort.once('message', async (assignment) => {
    Object.assign(workerData, assignment);
    await prepared;
    await import(entry);
  });
});
`;

export type BootData = {
  /** Modules to load at once. */
  readonly doors: readonly string[];
  /** Folder of the compile cache of Node; null for none. */
  readonly compileCache: string | null;
  /** Whether the entry is a bundle with the engine in it, which takes up the work when it is loaded. */
  runsBundle: boolean;
};

/** Started ahead, and wanted by nobody yet. */
let ahead: Worker[] = [];

/** Starts threads that the next pool takes; a program that makes none is not held up by them. */
export function startThreadsAhead(count: number): void {
  ahead = Array.from({ length: count }, (_, number) => startThread(number, null));
  for (const thread of ahead) thread.unref();
}

/** Threads of a pool: those that were started ahead, and new ones; what is left of the first is ended. */
export function takeThreads(count: number, heapMb: number | null): readonly Worker[] {
  // The heap of a thread that has started stays as it is.
  const taken = heapMb === null ? ahead.splice(0, count) : [];
  for (const thread of taken) thread.ref();
  for (const thread of ahead.splice(0)) void thread.terminate();
  const more = Array.from({ length: count - taken.length }, (_, n) =>
    startThread(taken.length + n, heapMb),
  );
  return [...taken, ...more];
}

function startThread(number: number, heapMb: number | null): Worker {
  return new Worker(BOOT, {
    eval: true,
    name: `millrace ${number}`,
    // What a module reads from the command line is the same in all threads.
    argv: process.argv.slice(2),
    workerData: {
      doors: IS_TYPESCRIPT || IS_BUNDLED ? [] : [engineEntry('index')],
      compileCache: compileCacheOfThreads(),
      runsBundle: IS_BUNDLED,
    } satisfies BootData,
    ...(heapMb === null ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
}
