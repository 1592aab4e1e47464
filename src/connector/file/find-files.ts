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
  if (status === null) return await matchesOf(path);
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

async function matchesOf(pattern: string): Promise<string[]> {
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
  if (matches.length === 0) throw notFound(pattern, new Error('no file matches the pattern'));
  return matches.sort();
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
