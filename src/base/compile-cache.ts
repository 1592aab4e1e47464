/**
 * The code that V8 makes of modules, kept by Node from one process to the next: from Node 22.8 on. To load the engine takes a
 * fifth of a short job, in each thread.
 */
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const { enableCompileCache, getCompileCacheDir } = nodeModule as {
  enableCompileCache?: () => unknown;
  getCompileCacheDir?: () => string | undefined;
};

/** For what this thread loads from now on, where the user has not forbidden it (NODE_DISABLE_COMPILE_CACHE). */
export function useCompileCache(): void {
  enableCompileCache?.();
}

/**
 * Where the engine's threads have theirs: where this thread has one, and else where Node would. Null for none, as coverage would
 * be less precise. Node adds a folder of its version, and has none where the user has forbidden it.
 */
export function compileCacheOfThreads(): string | null {
  if (process.env.NODE_V8_COVERAGE !== undefined) return null;
  const folder = getCompileCacheDir?.();
  return folder === undefined ? join(tmpdir(), 'node-compile-cache') : dirname(folder);
}
