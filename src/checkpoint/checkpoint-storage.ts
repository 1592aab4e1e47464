/**
 * The directory of checkpoints of one job (checkpoint.ts), for the process that holds its lock: begins new checkpoints,
 * finds the newest whole one, and removes those that are not needed any more.
 *
 *   const storage = await CheckpointStorage.open('state');
 *   const last = await storage.latest();
 *   const writer = storage.begin(storage.nextId());
 *   const block = await writer.append(encodeToBytes(batch), batch.rowCount);
 *   await writer.complete({ ...manifest, operators });
 *   await storage.close();
 */
import { join, resolve } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { CHECKPOINT_CODEC } from './block-codec.ts';
import type { CheckpointWriter, Manifest, StoredCheckpoint } from './checkpoint.ts';
import { draftNameOf, idOf, isDraft, MANIFEST_NAME, nameOf } from './checkpoint-names.ts';
import { CompressPool } from './compress-pool.ts';
import { DirectoryWriter } from './directory-writer.ts';
import { codeOf, type FileLayer, makeDirectories } from './file-layer.ts';
import { openCheckpoint, readManifest, verifyBlocks } from './load-checkpoint.ts';
import { DirectoryLock, isLeftOfLock } from './lock.ts';
import { referencesOf } from './manifest.ts';
import type { Processes } from './process-identity.ts';
import { isDamage } from './reading-error.ts';
import { type Entry, planRetention } from './retention.ts';
import { beginSavepoint } from './savepoint.ts';
import { systemFiles } from './system-files.ts';

export type StorageOptions = {
  readonly files?: FileLayer;
  /** Complete checkpoints that are kept, at least 1; 1 if left out. */
  readonly retained?: number;
  /** Takes what is worth knowing but stops nothing; a warning of the process if left out. */
  readonly warn?: (message: string) => void;
  /** Who may hold a lock; for tests. */
  readonly processes?: Processes;
};

export class CheckpointStorage {
  readonly directory: string;
  readonly #files: FileLayer;
  readonly #retained: number;
  readonly #warn: (message: string) => void;
  readonly #lock: DirectoryLock;
  readonly #packer = new CompressPool(CHECKPOINT_CODEC);
  readonly #entries = new Map<number, Entry>();
  /** What is wrong with those that were found damaged, the newest first. */
  readonly #leftOut = new Map<number, EngineError>();
  /** Checkpoints on their way, and whose state was there when each began: it may refer to that. */
  readonly #writers = new Map<DirectoryWriter, ReadonlySet<number>>();
  #nextId = 1;
  #isOpen = true;
  /** One change of the directory at a time. */
  #changes: Promise<void> = Promise.resolve();

  private constructor(directory: string, lock: DirectoryLock, options: StorageOptions) {
    this.directory = directory;
    this.#lock = lock;
    this.#files = options.files ?? systemFiles;
    this.#retained = options.retained ?? 1;
    this.#warn = options.warn ?? ((message) => process.emitWarning(message));
    assert(this.#retained >= 1, 'a checkpoint is retained');
  }

  /** Takes a directory, which is made if it is missing. EngineError CHECKPOINT_LOCKED, CHECKPOINT_WRITE. */
  static async open(path: string, options: StorageOptions = {}): Promise<CheckpointStorage> {
    const files = options.files ?? systemFiles;
    const directory = resolve(path);
    let lock: DirectoryLock | null = null;
    try {
      await makeDirectories(files, directory);
      lock = await DirectoryLock.take(directory, files, options.processes);
      const storage = new CheckpointStorage(directory, lock, options);
      await storage.#lookAround();
      return storage;
    } catch (error) {
      await lock?.release().catch(() => {});
      if (error instanceof EngineError) throw error;
      throw new EngineError(
        'CHECKPOINT_WRITE',
        `the checkpoint directory ${directory} cannot be used: ${messageOf(error)}; ` +
          'give a directory that this process may read and write, on a disk with room',
        { cause: error, retryable: true },
      );
    }
  }

  /** Removes what was left unfinished, and notes what there is. */
  async #lookAround(): Promise<void> {
    for (const name of (await this.#files.list(this.directory)) ?? []) {
      const id = idOf(name);
      if (id !== null) this.#entries.set(id, await this.#entryOf(id));
      else if (isDraft(name) || isLeftOfLock(name)) {
        await this.#files.remove(join(this.directory, name));
      }
    }
    this.#nextId = Math.max(0, ...this.#entries.keys()) + 1;
  }

  async #entryOf(id: number): Promise<Entry> {
    const path = this.#pathOf(id);
    const names = await this.#files.list(path);
    if (!names?.includes(MANIFEST_NAME)) {
      return { id, condition: 'retired', references: new Set() };
    }
    try {
      const manifest = await readManifest(path, this.#files);
      return { id, condition: 'complete', references: referencesOf(manifest) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { id, condition: 'damaged', references: new Set() };
    }
  }

  #pathOf(id: number): string {
    return join(this.directory, nameOf(id));
  }

  /** Greater than that of any checkpoint before, damaged or abandoned ones among them. */
  nextId(): number {
    return this.#nextId;
  }

  /** Begins a checkpoint; each has an id of its own, not below `nextId()`. */
  begin(id: number): CheckpointWriter {
    assert(this.#isOpen, 'the storage is open');
    assert(id >= this.#nextId, `checkpoint ${id} comes after those before`);
    this.#nextId = id + 1;
    const writer: DirectoryWriter = new DirectoryWriter({
      what: `checkpoint ${id}`,
      path: this.#pathOf(id),
      draft: join(this.directory, draftNameOf(id)),
      files: this.#files,
      packer: this.#packer,
      warn: this.#warn,
      check: (manifest) => this.#check(id, manifest),
      completed: (manifest) => this.#completed(writer, id, manifest),
      ended: async () => {
        this.#writers.delete(writer);
      },
    });
    this.#writers.set(writer, new Set(this.#entries.keys()));
    return writer;
  }

  #check(id: number, manifest: Manifest): void {
    assert(manifest.kind === 'checkpoint' && manifest.id === id, `the manifest is of ${id}`);
    for (const other of referencesOf(manifest)) {
      assert(this.#entries.has(other), `checkpoint ${id} refers to ${other}, which is there`);
    }
  }

  async #completed(writer: DirectoryWriter, id: number, manifest: Manifest): Promise<void> {
    this.#writers.delete(writer);
    this.#entries.set(id, { id, condition: 'complete', references: referencesOf(manifest) });
    this.#changes = this.#changes.then(() => this.#removeOld());
    await this.#changes;
  }

  /** What fails here is tried again after the next checkpoint. */
  async #removeOld(): Promise<void> {
    const held = new Set([...this.#writers.values()].flatMap((ids) => [...ids]));
    const { retire, remove } = planRetention(this.#entries.values(), this.#retained, held);
    try {
      for (const entry of retire) await this.#retire(entry);
      for (const entry of remove) {
        await this.#retire(entry);
        await this.#files.remove(this.#pathOf(entry.id));
        this.#entries.delete(entry.id);
      }
    } catch (error) {
      this.#warn(
        `an old checkpoint in ${this.directory} cannot be removed: ${messageOf(error)}; ` +
          'it is tried again after the next checkpoint',
      );
    }
  }

  /** The manifest goes first and for good: state without it is no checkpoint, a manifest without state a damaged one. */
  async #retire(entry: Entry): Promise<void> {
    if (entry.condition === 'retired') return;
    const path = this.#pathOf(entry.id);
    await this.#files.remove(join(path, MANIFEST_NAME));
    try {
      await this.#files.syncDirectory(path);
    } catch (error) {
      // Somebody has removed all of it.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    entry.condition = 'retired';
  }

  /**
   * The newest checkpoint that is whole; null when there was never one. Damaged ones are left out, as `leaveOut` does.
   * When there are only such, EngineError CHECKPOINT_DAMAGED: to begin anew is not for the engine to decide.
   */
  async latest(): Promise<StoredCheckpoint | null> {
    for (;;) {
      const stored = await this.newest();
      if (stored === null) return null;
      try {
        await verifyBlocks(stored, new Set(), this.#files);
        return stored;
      } catch (error) {
        if (!this.leaveOut(stored, error)) throw error;
      }
    }
  }

  /** The same by its manifest alone: the newest that is not known to be damaged yet. */
  async newest(): Promise<StoredCheckpoint | null> {
    const newestFirst = [...this.#entries.values()].sort((a, b) => b.id - a.id);
    for (const entry of newestFirst) {
      if (entry.condition === 'retired' || this.#leftOut.has(entry.id)) continue;
      const path = this.#pathOf(entry.id);
      try {
        return await openCheckpoint(path, this.#files);
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#leaveOut(entry, error);
      }
    }
    const [damage] = this.#leftOut.values();
    if (damage === undefined) return null;
    throw new EngineError(
      'CHECKPOINT_DAMAGED',
      `no checkpoint in ${this.directory} is whole: ${damage.message}; ` +
        'start from a savepoint, or move the directory away to begin anew',
      { cause: damage },
    );
  }

  /**
   * Leaves a checkpoint of this directory out from now on, with a warning: what sinks had made visible with it is not taken
   * back, and its rows come again. False, and nothing happens, where that is no help: the error is no damage, or the
   * checkpoint lies elsewhere.
   */
  leaveOut({ path, manifest }: StoredCheckpoint, error: unknown): boolean {
    const entry = this.#entries.get(manifest.id);
    if (!isDamage(error) || entry === undefined || this.#pathOf(entry.id) !== path) return false;
    this.#leaveOut(entry, error);
    return true;
  }

  #leaveOut(entry: Entry, damage: EngineError): void {
    entry.condition = 'damaged';
    this.#leftOut.set(entry.id, damage);
    this.#warn(
      `checkpoint ${entry.id} is damaged and left out: ${damage.message}; ` +
        'output that was committed with it may come once more',
    );
  }

  /** Begins a savepoint anywhere, as `beginSavepoint`. */
  savepoint(path: string): Promise<CheckpointWriter> {
    return beginSavepoint(path, { files: this.#files, warn: this.#warn });
  }

  /** Gives up what is on its way, and lets others have the directory. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await Promise.all([...this.#writers.keys()].map((writer) => writer.abandon()));
    await this.#changes;
    await this.#packer.close();
    await this.#lock.release().catch((error: unknown) => {
      this.#warn(`the lock of ${this.directory} cannot be removed: ${messageOf(error)}`);
    });
  }
}
