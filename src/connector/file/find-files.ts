/**
 * From a path, folder or glob to the files it names. What cannot be read is an error, wherever a name or a pattern
 * leads to it: files that are left out without a word would be rows that are lost.
 */
import * as fs from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type FileSystemAdapter, glob, isDynamicPattern } from 'tinyglobby';
import { EngineError, messageOf } from '../../base/errors.ts';
import { COMPRESSED_EXTENSIONS } from './file-bytes.ts';
import type { InputFile } from './format.ts';

/** A file of which it is known when it was written to last, in ms since 1970. */
export type TimedFile = InputFile & { readonly modifiedMs: number };

/** The files, by name; an EngineError INPUT_NOT_FOUND when there is none. */
export async function findFiles(path: string, extension: string): Promise<readonly InputFile[]> {
  const { paths, ifNone } = await pathsOf(path, extension);
  if (paths.length === 0) throw notFound(path, new Error(ifNone));
  const found = await Promise.all(paths.map((one) => timedFile(one, notThere)));
  return found.filter((file) => file !== null).map(({ path, sizeBytes }) => ({ path, sizeBytes }));
}

/** The files that there are now, which may be none. One that goes while it is looked at is left out. */
export async function listFiles(path: string, extension: string): Promise<readonly TimedFile[]> {
  const { paths } = await pathsOf(path, extension);
  const found = await Promise.all(paths.map((one) => timedFile(one, goneOrNotThere)));
  return found.filter((file) => file !== null);
}

/** Refuses a path that is no folder, and no glob below one that there is. */
export async function checkFolder(path: string): Promise<void> {
  const isThere = await stat(path).catch(() => null);
  const folder = isThere === null && isDynamicPattern(path) ? resolve(baseOf(path)) : path;
  const status = await stat(folder).catch((error: unknown) => notThere(folder, error));
  if (!status.isDirectory()) throw notFound(path, new Error('it is no folder, and no glob'));
}

/** The names of files, and what it means that there is none. */
type Paths = { readonly paths: readonly string[]; readonly ifNone: string };

async function pathsOf(path: string, extension: string): Promise<Paths> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && isDynamicPattern(path)) return null;
    throw notFound(path, error);
  });
  if (status === null) return await matchesOf(path);
  if (!status.isDirectory()) return { paths: [path], ifNone: '' };
  const names = await readdir(path).catch((error: unknown) => {
    throw notFound(path, error);
  });
  const endings = [extension, ...COMPRESSED_EXTENSIONS.map((more) => `${extension}.${more}`)];
  const wanted = names.filter(
    (name) => !/^[._]/.test(name) && endings.some((ending) => name.endsWith(`.${ending}`)),
  );
  const ifNone = `the folder has no file *.${extension}`;
  return { paths: wanted.sort().map((name) => join(path, name)), ifNone };
}

async function matchesOf(pattern: string): Promise<Paths> {
  const base = resolve(baseOf(pattern));
  const unread: Error[] = [];
  const matches = await glob(pattern, {
    absolute: false,
    expandDirectories: false,
    fs: tellingFiles((folder, error) => {
      if (error.code !== 'ENOENT' && isWithin(base, folder)) unread.push(error);
    }),
  });
  if (unread.length > 0) throw notFound(pattern, unread[0]);
  return { paths: matches.sort(), ifNone: 'no file matches the pattern' };
}

/** The folders in front of the first part of a pattern that may match several names. */
function baseOf(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[\]{}()!+@\\]/.test(part));
  const base = parts.slice(0, first).join('/');
  return base === '' && pattern.startsWith('/') ? '/' : base;
}

function isWithin(base: string, folder: string): boolean {
  return !/^\.\.([\\/]|$)/.test(relative(base, folder));
}

type Told<Result> = (error: NodeJS.ErrnoException | null, result: Result) => void;

/** The file system as the library sees it, which passes over errors: folders that it could not read are told. */
function tellingFiles(
  unread: (folder: string, error: NodeJS.ErrnoException) => void,
): FileSystemAdapter {
  const files = {
    readdir(path: string, options: { withFileTypes: true }, done: Told<fs.Dirent[]>): void {
      fs.readdir(path, options, (error, entries) => {
        if (error !== null) unread(path, error);
        done(error, entries);
      });
    },
    // A link that leads nowhere is a file like others: when it matches it cannot be read.
    realpath(path: string, done: Told<string>): void {
      fs.realpath(path, (error, real) => done(null, error === null ? real : path));
    },
    stat(path: string, done: Told<fs.Stats>): void {
      fs.stat(path, (error, status) =>
        error === null ? done(null, status) : fs.lstat(path, done),
      );
    },
  };
  return files as unknown as FileSystemAdapter;
}

/** Null for what is no file: a folder that matches a pattern. */
async function timedFile(
  path: string,
  ifMissing: (path: string, error: unknown) => null,
): Promise<TimedFile | null> {
  const status = await stat(path).catch((error: unknown) => ifMissing(path, error));
  if (status === null || status.isDirectory()) return null;
  return { path, sizeBytes: status.size, modifiedMs: status.mtimeMs };
}

function notThere(path: string, error: unknown): never {
  throw notFound(path, error);
}

/** A file may be removed between a look at its folder and one at the file. */
function goneOrNotThere(path: string, error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw notFound(path, error);
}

function notFound(path: string, cause: unknown): EngineError {
  return new EngineError('INPUT_NOT_FOUND', `cannot read '${path}': ${messageOf(cause)}`, {
    cause,
  });
}
