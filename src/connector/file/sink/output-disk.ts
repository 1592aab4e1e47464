/** The calls by which a writer reaches the file system: few, synchronous, and a parameter, so that a test can look. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';

export interface OutputDisk {
  /** With all folders above it. */
  makeFolder(path: string): void;
  /** A file that is not there yet; returns its descriptor. */
  create(path: string): number;
  /** The descriptor of a file that is there, for more; null when there is none. */
  reopen(path: string): number | null;
  size(descriptor: number): number;
  truncate(descriptor: number, bytes: number): void;
  /** Writes all bytes from a position of the file on. */
  write(descriptor: number, bytes: Uint8Array, position: number): void;
  /** Returns when all that was written would survive a power failure. */
  sync(descriptor: number): void;
  /** The same for the names of files in a folder. */
  syncFolder(path: string): void;
  close(descriptor: number): void;
  /** Gives a file another name, in place of the file that has it. */
  rename(from: string, to: string): void;
  /** A file, if it is there. */
  remove(path: string): void;
  /** A folder, if it is there and empty. */
  removeEmpty(path: string): void;
}

export const nodeDisk: OutputDisk = {
  makeFolder(path) {
    mkdirSync(path, { recursive: true });
  },
  create: (path) => openSync(path, 'wx'),
  reopen(path) {
    try {
      return openSync(path, 'r+');
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  },
  size: (descriptor) => fstatSync(descriptor).size,
  truncate: ftruncateSync,
  write(descriptor, bytes, position) {
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(descriptor, bytes, written, bytes.length - written, position + written);
    }
  },
  sync: fsyncSync,
  syncFolder(path) {
    const descriptor = openSync(path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
  close: closeSync,
  rename: renameSync,
  remove(path) {
    rmSync(path, { force: true });
  },
  removeEmpty(path) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  },
};

/** Whether the file system has thrown one of these codes, such as 'ENOENT'. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && codes.includes(code);
}
