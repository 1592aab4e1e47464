/** The files of the operating system. */
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { randomId } from '../base/random-id.ts';
import { codeOf, type FileLayer, type InputFile, type OutputFile } from './file-layer.ts';

/** Ends the name of a file that `createWhole` has not yet given its own. */
export const DRAFT_SUFFIX = '.draft';

export const systemFiles: FileLayer = {
  create: async (path) => new SystemOutput(await open(path, 'wx')),
  createWhole,
  open: async (path) => new SystemInput(await open(path, 'r')),
  read: (path) => unless('ENOENT', readFile(path)),
  rename,
  makeDirectory: async (path) =>
    (await unless(
      'EEXIST',
      mkdir(path).then(() => true),
    )) ?? false,
  list: async (path) => (await unless('ENOENT', readdir(path)))?.sort() ?? null,
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncDirectory,
};

class SystemOutput implements OutputFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async append(...pieces: readonly Uint8Array[]): Promise<void> {
    let left = pieces;
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev(left);
      left = behind(left, bytesWritten);
    }
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** What is left of pieces whose first bytes have been written. */
function behind(pieces: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let first = 0;
  let bytes = written;
  while (first < pieces.length && bytes >= pieces[first]!.length) bytes -= pieces[first++]!.length;
  const left = pieces.slice(first);
  if (bytes > 0) left[0] = left[0]!.subarray(bytes);
  return left;
}

class SystemInput implements InputFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async read(offset: number, into: Uint8Array): Promise<Uint8Array> {
    let filled = 0;
    while (filled < into.length) {
      const left = into.length - filled;
      const { bytesRead } = await this.#handle.read(into, filled, left, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return into.subarray(0, filled);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** A link gives a name to a file that has its bytes already, and fails where the name is taken: nobody sees half a file. */
async function createWhole(path: string, bytes: Uint8Array): Promise<boolean> {
  const draft = `${path}-${randomId()}${DRAFT_SUFFIX}`;
  await writeFile(draft, bytes, { flag: 'wx' });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // A file system without links.
    const written = writeFile(path, bytes, { flag: 'wx' }).then(() => true);
    return (await unless('EEXIST', written)) ?? false;
  } finally {
    await unless('ENOENT', unlink(draft));
  }
}

/** Windows has no such thing: names there are as safe as they get. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Null when it fails with that code. */
async function unless<T>(code: string, done: Promise<T>): Promise<T | null> {
  try {
    return await done;
  } catch (error) {
    if (codeOf(error) === code) return null;
    throw error;
  }
}
