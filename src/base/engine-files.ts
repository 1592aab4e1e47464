/**
 * Where this copy of the engine lies: in its sources, in the few files of the package (`build.mjs`), or within a file that
 * a bundler made of it and the program. Such a bundle has no entry file for worker threads beside it, so it is their
 * entry itself.
 */
import { pathToFileURL } from 'node:url';
import { must } from './assert.ts';

/** Empty in a bundle of CommonJS. */
const OWN_URL: string | undefined = import.meta.url;

/** Whether a bundler of the user has put the engine into a file of another name. */
export const IS_BUNDLED = !/\/(src\/base\/engine-files\.ts|dist\/engine\/[\w-]+\.js)$/.test(
  OWN_URL?.split(/[?#]/, 1)[0] ?? '',
);

/** Whether the engine runs from its sources. */
export const IS_TYPESCRIPT = !IS_BUNDLED && OWN_URL!.endsWith('.ts');

/** The folder of the engine; null in a bundle. */
export const ENGINE_ROOT = IS_BUNDLED ? null : new URL('..', OWN_URL).href;

/** The URL of a file of the engine, by its path within the engine: one that stands by itself, and never in a bundle. */
export function engineFile(path: string): string {
  return new URL(path, must(ENGINE_ROOT, 'files of the engine')).href;
}

/** The same of an entry of threads, which is TypeScript where the engine runs from its sources. */
export function engineEntry(path: string): string {
  return engineFile(`${path}.${IS_TYPESCRIPT ? 'ts' : 'js'}`);
}

/** The URL of a module of the user; null where CommonJS has left it none. One file of CommonJS holds it and the engine. */
export function moduleUrl(meta: ImportMeta): string | null {
  const url = (meta as ImportMeta | undefined)?.url as string | undefined;
  if (url !== undefined) return url;
  return IS_BUNDLED && typeof __filename === 'string' ? pathToFileURL(__filename).href : null;
}
