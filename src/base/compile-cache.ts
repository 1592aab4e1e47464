/**
 * The code that V8 makes of modules, kept by Node from one process to the next: from Node 22.8 on. To load the engine takes a
 * fifth of a short job, in each thread.
 */
import * as nodeModule from 'node:module';
import { dirname } from 'node:path';

const { enableCompileCache, getCompileCacheDir } = nodeModule as {
  enableCompileCache?: () => unknown;
  getCompileCacheDir?: () => string | undefined;
};

/** For what this thread loads from now on, where the user has not forbidden it (NODE_DISABLE_COMPILE_CACHE). */
export function useCompileCache(): void {
  enableCompileCache?.();
}

/** Where this thread has one, for other threads to have it too; null for none. Node adds a folder of its version. */
export function compileCacheFolder(): string | null {
  const folder = getCompileCacheDir?.();
  return folder === undefined ? null : dirname(folder);
}
