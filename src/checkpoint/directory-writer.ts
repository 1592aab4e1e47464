/**
 * Writes one checkpoint or savepoint: its state block by block, then its manifest, then its name.
 *
 *   draft/state, draft/manifest.json   written and synced
 *   draft/                             synced, so that it has both files
 *   draft → path                       renamed: from here on it exists
 *   parent of path                     synced, so that it goes on to exist
 *
 * Blocks are packed as they come, several at a time perhaps, and written in the order of `append`, together with those behind
 * them that are packed by then; how many are on their way is up to the caller. After an error the writer only fails: a file that
 * could not be synced is not tried again.
 */
import { dirname, join } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { WRITTEN_BLOCKS_MAX, WRITTEN_BYTES } from '../base/limits.ts';
import type { BlockRef, CheckpointWriter, Manifest } from './checkpoint.ts';
import { MANIFEST_NAME, STATE_NAME } from './checkpoint-names.ts';
import type { BlockPacker } from './compress-pool.ts';
import { type FileLayer, type OutputFile, writeWhole } from './file-layer.ts';
import { blocksOf, encodeManifest } from './manifest.ts';
import { FILE_HEAD_BYTES, fileHead } from './state-file.ts';

export type WriterTarget = {
  /** For errors: 'checkpoint 7'. */
  readonly what: string;
  /** Where it will be. */
  readonly path: string;
  /** Beside it, until it is complete. */
  readonly draft: string;
  readonly files: FileLayer;
  readonly packer: BlockPacker;
  warn(message: string): void;
  /** A bug of the engine when the manifest is not one for this place. */
  check(manifest: Manifest): void;
  /** The checkpoint exists. */
  completed(manifest: Manifest): Promise<void>;
  /** It exists, or never will. */
  ended(): Promise<void>;
};

/** A block until it is written. */
type Waiting = {
  readonly rows: number;
  /** Null before it is packed, and once it is written. */
  pieces: readonly Uint8Array[] | null;
  /** Null until it is written. */
  ref: BlockRef | null;
};

export class DirectoryWriter implements CheckpointWriter {
  readonly #target: WriterTarget;
  #phase: 'open' | 'ending' | 'ended' = 'open';
  #ending: Promise<void> | null = null;
  #opening: Promise<OutputFile> | null = null;
  /** Bytes of the state file. */
  #length = FILE_HEAD_BYTES;
  /** In the order of `append`. */
  #waiting: Waiting[] = [];
  /** All appends until now; never rejects. */
  #appends: Promise<unknown> = Promise.resolve();
  #failure: EngineError | null = null;

  constructor(target: WriterTarget) {
    this.#target = target;
  }

  append(bytes: Uint8Array, rows: number): Promise<BlockRef> {
    assert(this.#phase === 'open', 'a checkpoint that is complete or abandoned takes no blocks');
    const block: Waiting = { rows, pieces: null, ref: null };
    this.#waiting.push(block);
    const packed = this.#target.packer.pack(bytes).then((pieces) => {
      block.pieces = pieces;
    });
    const before = this.#appends;
    const written = this.#write(before, packed, block).catch((error: unknown) => {
      throw this.#failed(error);
    });
    this.#appends = Promise.allSettled([written, packed]);
    return written;
  }

  async #write(
    before: Promise<unknown>,
    packed: Promise<unknown>,
    block: Waiting,
  ): Promise<BlockRef> {
    await before;
    if (this.#failure !== null) throw this.#failure;
    if (block.ref === null) {
      const file = await this.#stateFile();
      await packed;
      await this.#writePacked(file);
    }
    return block.ref!;
  }

  /**
   * The blocks that are packed, but those behind one that is not. A write waits for a turn of the event loop, which may be the
   * job's own: one for each block would take long.
   */
  async #writePacked(file: OutputFile): Promise<void> {
    const blocks = this.#takePacked();
    await file.append(...blocks.flatMap(({ pieces }) => pieces!));
    for (const block of blocks) {
      const bytes = bytesOf(block);
      block.ref = { checkpoint: '', offset: this.#length, bytes, rows: block.rows };
      block.pieces = null;
      this.#length += bytes;
    }
  }

  #takePacked(): readonly Waiting[] {
    const waiting = this.#waiting;
    let count = 0;
    for (let bytes = 0; count < WRITTEN_BLOCKS_MAX && bytes < WRITTEN_BYTES; count++) {
      const block = waiting[count];
      if (block === undefined || block.pieces === null) break;
      bytes += bytesOf(block);
    }
    return waiting.splice(0, count);
  }

  complete(manifest: Manifest): Promise<void> {
    assert(this.#phase === 'open', 'a checkpoint is completed once');
    this.#phase = 'ending';
    this.#ending = this.#complete(manifest);
    return this.#ending;
  }

  async #complete(manifest: Manifest): Promise<void> {
    await this.#appends;
    if (this.#failure === null) this.#check(manifest);
    const { path, files } = this.#target;
    let isRenamed = false;
    try {
      if (this.#failure !== null) throw this.#failure;
      await this.#writeFiles(manifest);
      await files.rename(this.#target.draft, path);
      isRenamed = true;
      await files.syncDirectory(dirname(path));
    } catch (error) {
      await this.#undo(isRenamed);
      await this.#end();
      throw this.#failed(error);
    }
    await this.#target.completed(manifest);
    await this.#end();
  }

  #check(manifest: Manifest): void {
    try {
      this.#target.check(manifest);
      for (const { checkpoint, offset, bytes } of blocksOf(manifest)) {
        const isThere = checkpoint !== '' || offset + bytes <= this.#length;
        assert(isThere, 'a manifest refers to blocks that were written');
      }
    } catch (error) {
      this.#phase = 'open';
      throw error;
    }
  }

  async #writeFiles(manifest: Manifest): Promise<void> {
    const { draft, files } = this.#target;
    const state = await this.#stateFile();
    await state.sync();
    this.#opening = null;
    await state.close();
    await writeWhole(files, join(draft, MANIFEST_NAME), encodeManifest(manifest));
    await files.syncDirectory(draft);
  }

  /** Waits where it is being completed: then it exists in spite of this. */
  async abandon(): Promise<void> {
    await this.#ending?.catch(() => {});
    if (this.#phase !== 'open') return;
    this.#phase = 'ending';
    this.#ending = this.#giveUp();
    await this.#ending;
  }

  async #giveUp(): Promise<void> {
    await this.#appends;
    await this.#undo(false);
    await this.#end();
  }

  #stateFile(): Promise<OutputFile> {
    this.#opening ??= this.#openState();
    return this.#opening;
  }

  async #openState(): Promise<OutputFile> {
    const { draft, files } = this.#target;
    if (!(await files.makeDirectory(draft))) {
      await files.remove(draft);
      await files.makeDirectory(draft);
    }
    const file = await files.create(join(draft, STATE_NAME));
    try {
      await file.append(fileHead());
    } catch (error) {
      await file.close().catch(() => {});
      throw error;
    }
    return file;
  }

  /** Without its manifest a directory is no checkpoint, so that goes first, and for good. */
  async #undo(isRenamed: boolean): Promise<void> {
    const { what, path, draft, files, warn } = this.#target;
    const opened = await this.#opening?.catch(() => null);
    this.#opening = null;
    try {
      await opened?.close();
      if (isRenamed) {
        await files.remove(join(path, MANIFEST_NAME));
        await files.syncDirectory(path);
      }
      await files.remove(isRenamed ? path : draft);
    } catch (error) {
      const left = isRenamed ? path : draft;
      warn(`${what} was given up, but ${left} cannot be removed: ${messageOf(error)}`);
    }
  }

  async #end(): Promise<void> {
    this.#phase = 'ended';
    await this.#target.ended();
  }

  #failed(error: unknown): EngineError {
    this.#failure ??=
      error instanceof EngineError
        ? error
        : new EngineError(
            'CHECKPOINT_WRITE',
            `${this.#target.what} cannot be written to ${this.#target.path}: ${messageOf(error)}; ` +
              'see that its directory is there, can be written to and has room; no checkpoint before it was touched',
            { cause: error, retryable: true },
          );
    return this.#failure;
  }
}

function bytesOf({ pieces }: Waiting): number {
  return pieces!.reduce((sum, { length }) => sum + length, 0);
}
