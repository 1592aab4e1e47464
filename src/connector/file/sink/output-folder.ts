/** What a job does to the folder of a sink from the calling thread: finds parts, makes them visible, removes them. */
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasCode } from './output-disk.ts';
import { goneError, takenError } from './output-error.ts';
import { hiddenPath } from './part-name.ts';

export class OutputFolder {
  readonly path: string;
  readonly #hasBuckets: boolean;

  constructor(path: string, hasBuckets: boolean) {
    this.path = path;
    this.#hasBuckets = hasBuckets;
  }

  async make(): Promise<void> {
    await mkdir(this.path, { recursive: true });
  }

  /** Paths of files in the folder, with '/'; with buckets also of those in folders below, which may have the name of a part. */
  async list(): Promise<readonly string[]> {
    const files: string[] = [];
    await this.#addFiles('', files);
    return files;
  }

  async #addFiles(below: string, files: string[]): Promise<void> {
    for (const entry of await readdir(join(this.path, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (!(await isFolder(entry, join(this.path, path)))) files.push(path);
      else if (this.#hasBuckets) await this.#addFiles(path, files);
    }
  }

  /** Gives hidden parts their names, durably. Those that have them already, from an earlier call, stay as they are. */
  async reveal(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await moveOnce(join(this.path, hiddenPath(path)), join(this.path, path));
    }
    const folders = new Set(paths.map((path) => join(this.path, dirname(path))));
    for (const folder of folders) await syncFolder(folder);
  }

  /** Files, and the folders of buckets that become empty. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await rm(join(this.path, path), { force: true });
      for (let up = dirname(path); up !== '.'; up = dirname(up)) {
        if (!(await removeEmpty(join(this.path, up)))) break;
      }
    }
  }
}

/** A bucket may be a link to a folder elsewhere. */
async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP')) return false;
    throw error;
  }
}

/** Renames; when that has been done before, does nothing. A file that is there is never overwritten. */
async function moveOnce(hidden: string, final: string): Promise<void> {
  const isDone = await exists(final);
  if (await exists(hidden)) {
    if (isDone) throw takenError(final);
    await rename(hidden, final);
  } else if (!isDone) {
    throw goneError(final);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** False for a folder that has something in it. */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return true;
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
