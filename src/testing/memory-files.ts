/**
 * Files in memory, with what a disk would have of them at any time: of a file what was there when it was synced, of a
 * directory the names it had when it was synced. One operation may fail, or the power may fail in it; `survivors` is
 * what the next process then finds.
 *
 *   lost     what was not synced is gone
 *   kept     all is there: the process died, not the machine
 *   names    names are there, what is in the files is not
 *   random   some of the names, some of the bytes, and zeros instead of others
 */
import { dirname } from 'node:path';
import type { FileLayer, InputFile, OutputFile } from '../checkpoint/file-layer.ts';

export type Survival = 'lost' | 'kept' | 'names' | { readonly random: () => number };

export type Fault = {
  /** Which operation, from 1. */
  readonly at: number;
  readonly kind: 'ENOSPC' | 'EIO' | 'crash before' | 'crash within' | 'crash behind';
};

type FileNode = { readonly isFile: true; bytes: Uint8Array; syncedBytes: Uint8Array };
type Names = Map<string, TreeNode>;
type Directory = {
  readonly isFile: false;
  readonly names: Names;
  synced: Names;
  /** What was done since the last sync, each by itself on the disk or not. */
  pending: ((names: Names) => void)[];
};
type TreeNode = FileNode | Directory;

const NO_BYTES = new Uint8Array(0);

function newDirectory(names: Names = new Map()): Directory {
  return { isFile: false, names, synced: new Map(names), pending: [] };
}

export class MemoryFiles implements FileLayer {
  /** Every operation: 'append /state/checkpoint-1/state'. */
  readonly operations: string[] = [];
  fault: Fault | null = null;
  /** Syncing does nothing: for the test of the tests. */
  lies: 'file' | 'directory' | null = null;
  #hasCrashed = false;
  readonly #root: Directory;

  constructor(root: Directory = newDirectory()) {
    this.#root = root;
  }

  get hasCrashed(): boolean {
    return this.#hasCrashed;
  }

  /** Whether the operation that was to fail has. */
  get hasFailed(): boolean {
    return this.fault !== null && this.operations.length >= this.fault.at;
  }

  /** The process has died: nothing can be done with these files any more. */
  crash(): void {
    this.#hasCrashed = true;
  }

  /** What is on the disk after the machine has failed at this point. */
  survivors(survival: Survival): MemoryFiles {
    return new MemoryFiles(surviving(this.#root, survival) as Directory);
  }

  /** The bytes of a file, to damage them. */
  bytesOf(path: string): Uint8Array {
    return this.#file(path).bytes;
  }

  setBytes(path: string, bytes: Uint8Array): void {
    const file = this.#file(path);
    file.bytes = bytes;
    file.syncedBytes = bytes;
  }

  async create(path: string): Promise<OutputFile> {
    const file: FileNode = { isFile: true, bytes: NO_BYTES, syncedBytes: NO_BYTES };
    this.#perform('create', path, () => this.#add(path, file));
    const append = (bytes: Uint8Array, share = 1): void => {
      const part = bytes.subarray(0, Math.floor(bytes.length * share));
      file.bytes = Buffer.concat([file.bytes, part]);
    };
    return {
      append: async (...pieces) => {
        const bytes = Buffer.concat(pieces);
        this.#perform(
          'append',
          path,
          () => append(bytes),
          () => append(bytes, 0.5),
        );
      },
      sync: async () => {
        this.#perform('sync', path, () => {
          if (this.lies !== 'file') file.syncedBytes = file.bytes;
        });
      },
      close: async () => {
        this.#perform('close', path, () => {});
      },
    };
  }

  async createWhole(path: string, bytes: Uint8Array): Promise<boolean> {
    return this.#perform('createWhole', path, () => {
      if (this.#find(path) !== null) return false;
      this.#add(path, { isFile: true, bytes: bytes.slice(), syncedBytes: NO_BYTES });
      return true;
    });
  }

  async open(path: string): Promise<InputFile> {
    const file = this.#perform('open', path, () => this.#file(path));
    return {
      read: async (offset, into) =>
        this.#perform('readAt', path, () => {
          const bytes = file.bytes.subarray(offset, offset + into.length);
          into.set(bytes);
          return into.subarray(0, bytes.length);
        }),
      close: async () => {
        this.#perform('closeInput', path, () => {});
      },
    };
  }

  async read(path: string): Promise<Uint8Array | null> {
    return this.#perform('read', path, () => {
      const found = this.#find(path);
      return found?.isFile === true ? found.bytes.slice() : null;
    });
  }

  async rename(from: string, to: string): Promise<void> {
    this.#perform('rename', from, () => {
      const node = this.#find(from);
      const replaced = this.#find(to);
      if (node === null || dirname(from) !== dirname(to)) throw failure('ENOENT', from);
      if (replaced?.isFile === false && replaced.names.size > 0) throw failure('ENOTEMPTY', to);
      this.#change(dirname(from), (names) => {
        names.delete(nameOf(from));
        names.set(nameOf(to), node);
      });
    });
  }

  async makeDirectory(path: string): Promise<boolean> {
    return this.#perform('makeDirectory', path, () => {
      if (this.#find(path) !== null) return false;
      this.#add(path, newDirectory());
      return true;
    });
  }

  async list(path: string): Promise<readonly string[] | null> {
    return this.#perform('list', path, () => {
      const found = this.#find(path);
      return found === null || found.isFile ? null : [...found.names.keys()].sort();
    });
  }

  async remove(path: string): Promise<void> {
    const removeAll = (at: string): void => {
      const node = this.#find(at);
      if (node === null) return;
      if (!node.isFile) for (const name of [...node.names.keys()]) removeAll(`${at}/${name}`);
      this.#change(dirname(at), (names) => names.delete(nameOf(at)));
    };
    const removeFirst = (): void => {
      const node = this.#find(path);
      const first = node === null || node.isFile ? undefined : [...node.names.keys()].sort().at(-1);
      if (first !== undefined) removeAll(`${path}/${first}`);
    };
    this.#perform('remove', path, () => removeAll(path), removeFirst);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#perform('syncDirectory', path, () => {
      const directory = this.#directory(path);
      if (this.lies === 'directory') return;
      directory.synced = new Map(directory.names);
      directory.pending = [];
    });
  }

  /** Does it; or part of it, or nothing, when it is the one that fails. */
  #perform<T>(operation: string, path: string, whole: () => T, part = (): void => {}): T {
    if (this.#hasCrashed) throw failure('CRASHED', path);
    this.operations.push(`${operation} ${path}`);
    if (this.operations.length !== this.fault?.at) return whole();
    const { kind } = this.fault;
    this.#hasCrashed = kind.startsWith('crash');
    if (kind === 'crash behind') whole();
    else if (kind !== 'crash before') part();
    throw failure(this.#hasCrashed ? 'CRASHED' : kind, path);
  }

  #find(path: string): TreeNode | null {
    let node: TreeNode = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const next: TreeNode | undefined = node.isFile ? undefined : node.names.get(name);
      if (next === undefined) return null;
      node = next;
    }
    return node;
  }

  #file(path: string): FileNode {
    const found = this.#find(path);
    if (found?.isFile !== true) throw failure('ENOENT', path);
    return found;
  }

  #directory(path: string): Directory {
    const found = this.#find(path);
    if (found === null || found.isFile) throw failure('ENOENT', path);
    return found;
  }

  #add(path: string, node: TreeNode): void {
    if (this.#find(path) !== null) throw failure('EEXIST', path);
    this.#change(dirname(path), (names) => names.set(nameOf(path), node));
  }

  #change(path: string, change: (names: Names) => void): void {
    const directory = this.#directory(path);
    change(directory.names);
    directory.pending.push(change);
  }
}

function surviving(node: TreeNode, survival: Survival): TreeNode {
  if (node.isFile) {
    const bytes = survivingBytes(node, survival);
    return { isFile: true, bytes, syncedBytes: bytes };
  }
  const names = new Map(survival === 'lost' || isRandom(survival) ? node.synced : node.names);
  if (isRandom(survival)) {
    for (const change of node.pending) if (survival.random() < 0.5) change(names);
  }
  return newDirectory(
    new Map([...names].map(([name, child]) => [name, surviving(child, survival)])),
  );
}

function survivingBytes({ bytes, syncedBytes }: FileNode, survival: Survival): Uint8Array {
  if (survival === 'kept') return bytes;
  if (!isRandom(survival)) return syncedBytes;
  const written = syncedBytes.length + survival.random() * (bytes.length - syncedBytes.length + 1);
  const isLong = survival.random() < 0.5;
  const result = new Uint8Array(isLong ? bytes.length : written);
  result.set(bytes.subarray(0, written));
  return result;
}

function isRandom(survival: Survival): survival is { readonly random: () => number } {
  return typeof survival === 'object';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: made to fail, '${path}'`), { code });
}
