/**
 * Module hooks for worker threads of a test: a test file that defines its own job is imported by them too, and must
 * neither run its tests there nor ask for the runner, which is in another thread.
 */
const RUNNERS = new Set(['node:test', 'vitest']);
const NO_TESTS = new URL('./no-tests.mjs', import.meta.url).href;

export function resolve(specifier, context, nextResolve) {
  if (!RUNNERS.has(specifier)) return nextResolve(specifier, context);
  return { url: NO_TESTS, shortCircuit: true };
}
