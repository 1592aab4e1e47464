/**
 * Module hooks that load TypeScript on a Node that cannot: each .ts file is transformed by itself, with an
 * inline source map, so that file identity and stack traces are those of the source. A relative import of
 * './x.js' or './x' falls back to './x.ts', as bundlers and tsx do.
 *
 * Every thread has its own hooks, so results are kept in a folder of the user, by a hash of the source: what one
 * thread has transformed the others only read.
 */
import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPESCRIPT = /\.m?ts$/;
/** Part of the hash: change it when results change. */
const CACHE_VERSION = 'esbuild 0.28, 1';
const OWNER_ONLY = 0o700;
/** The end of what is whole: a power failure may leave a file that is not. */
const SOURCE_MAP = /\/\/# sourceMappingURL=data:\S+\n$/;

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
  const file = fileURLToPath(path);
  const source = await readFile(file, 'utf8');
  return { format: 'module', source: await transformed(file, source), shortCircuit: true };
}

async function transformed(file, source) {
  const hash = createHash('sha256').update(`${CACHE_VERSION}\n${file}\n${source}`).digest('hex');
  const folder = await cacheFolder();
  const kept = folder === null ? null : join(folder, `${hash}.mjs`);
  if (kept !== null) {
    const found = await readFile(kept, 'utf8').catch(() => null);
    if (found !== null && SOURCE_MAP.test(found)) return found;
  }
  const { transform } = await import('esbuild');
  const { code } = await transform(source, {
    loader: 'ts',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    sourcefile: file,
  });
  if (kept !== null) await keep(kept, code);
  return code;
}

let folderOfUser;

/** A folder that nobody else can write to; null when there is none. */
function cacheFolder() {
  folderOfUser ??= openFolder().catch(() => null);
  return folderOfUser;
}

async function openFolder() {
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `millrace-typescript-${uid}`);
  await mkdir(folder, { mode: OWNER_ONLY, recursive: true });
  const status = await lstat(folder);
  const isPrivate =
    process.getuid === undefined || (status.uid === uid && (status.mode & 0o077) === 0);
  return status.isDirectory() && isPrivate ? folder : null;
}

/** Complete or not there: other threads may read at any time. */
async function keep(path, code) {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, code);
    await rename(draft, path);
  } catch {
    // Without the copy the next thread transforms again.
    await rm(draft, { force: true }).catch(() => {});
  }
}
