/**
 * Module hooks that load TypeScript on a Node that cannot: each .ts file is transformed by itself, with an
 * inline source map, so that file identity and stack traces are those of the source. A relative import of
 * './x.js' or './x' falls back to './x.ts', as bundlers and tsx do.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

const TYPESCRIPT = /\.m?ts$/;

export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    const relative = /^\.{0,2}\//.test(specifier);
    if (!relative || error.code !== 'ERR_MODULE_NOT_FOUND' || TYPESCRIPT.test(specifier))
      throw error;
    return await nextResolve(`${specifier.replace(/\.m?js$/, '')}.ts`, context).catch(() => {
      throw error;
    });
  }
}

export async function load(url, context, nextLoad) {
  const path = url.split(/[?#]/, 1)[0];
  if (!path.startsWith('file:') || !TYPESCRIPT.test(path)) return nextLoad(url, context);
  const { code } = await transform(await readFile(new URL(path), 'utf8'), {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    sourcefile: fileURLToPath(path),
  });
  return { format: 'module', source: code, shortCircuit: true };
}
