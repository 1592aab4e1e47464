/**
 * The few file operations of which checkpoints are made, so that tests can let each of them fail and can tell what a
 * power loss leaves behind.
 *
 * What counts after a crash: the bytes of a file are there when it was synced, its name is there when its directory
 * was; a rename happens wholly or not at all. Errors are those of Node, with `code`.
 */
import { dirname } from 'node:path';

/** A file that is being written, from its beginning on. */
export interface OutputFile {
  /** Writes pieces, one behind the other. */
  append(...pieces: readonly Uint8Array[]): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is being read. */
export interface InputFile {
  /** Bytes from `offset` on, read into memory of the caller, which they fill but at the end of the file. */
  read(offset: number, into: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface FileLayer {
  /** A new file; EEXIST when there is one. */
  create(path: string): Promise<OutputFile>;
  /** A new file with all its bytes at once; false when there is one. */
  createWhole(path: string, bytes: Uint8Array): Promise<boolean>;
  open(path: string): Promise<InputFile>;
  /** All bytes of a file; null when there is none. */
  read(path: string): Promise<Uint8Array | null>;
  /** A file, or a directory that may replace an empty one. */
  rename(from: string, to: string): Promise<void>;
  /** False when there is one; ENOENT when its parent is missing. */
  makeDirectory(path: string): Promise<boolean>;
  /** Names in a directory, sorted; null when there is none. */
  list(path: string): Promise<readonly string[] | null>;
  /** Removes a file, or a directory with all that is in it, if it is there. */
  remove(path: string): Promise<void>;
  /** Makes the names in a directory survive a crash. */
  syncDirectory(path: string): Promise<void>;
}

/** Makes a directory and those above it, each there to stay. */
export async function makeDirectories(files: FileLayer, path: string): Promise<void> {
  const parent = dirname(path);
  let isNew: boolean;
  try {
    isNew = await files.makeDirectory(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeDirectories(files, parent);
    isNew = await files.makeDirectory(path);
  }
  if (isNew) await files.syncDirectory(parent);
}

/** A new file with these bytes, there to stay once its directory is synced. */
export async function writeWhole(files: FileLayer, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.create(path);
  try {
    await file.append(bytes);
    await file.sync();
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
  await file.close();
}

/** The code of an error of Node, such as ENOSPC. */
export function codeOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : null;
}
