/** From a path, folder or glob to the files it names. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { EngineError, messageOf } from '../../base/errors.ts';
import { COMPRESSED_EXTENSIONS } from './file-bytes.ts';
import type { InputFile } from './format.ts';

/** The files, by name; an EngineError INPUT_NOT_FOUND when there is none. */
export async function findFiles(path: string, extension: string): Promise<readonly InputFile[]> {
  const paths = await pathsOf(path, extension);
  const found = await Promise.all(paths.map(inputFile));
  return found.filter((file) => file !== null);
}

async function pathsOf(path: string, extension: string): Promise<string[]> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && isDynamicPattern(path)) return null;
    throw notFound(path, error);
  });
  if (status === null) {
    const matches = await glob(path, { absolute: false, expandDirectories: false });
    if (matches.length === 0) throw notFound(path, new Error('no file matches the pattern'));
    return matches.sort();
  }
  if (!status.isDirectory()) return [path];
  const names = await readdir(path).catch((error: unknown) => {
    throw notFound(path, error);
  });
  const endings = [extension, ...COMPRESSED_EXTENSIONS.map((more) => `${extension}.${more}`)];
  const wanted = names.filter(
    (name) => !/^[._]/.test(name) && endings.some((ending) => name.endsWith(`.${ending}`)),
  );
  if (wanted.length === 0) {
    throw notFound(path, new Error(`the folder has no file *.${extension}`));
  }
  return wanted.sort().map((name) => join(path, name));
}

/** Null for what is no file: a folder that matches a pattern. */
async function inputFile(path: string): Promise<InputFile | null> {
  const status = await stat(path).catch((error: unknown) => {
    throw notFound(path, error);
  });
  return status.isDirectory() ? null : { path, sizeBytes: status.size };
}

function notFound(path: string, cause: unknown): EngineError {
  return new EngineError('INPUT_NOT_FOUND', `cannot read '${path}': ${messageOf(cause)}`, {
    cause,
  });
}
