/**
 * A savepoint: a checkpoint in a directory of the user's choice, with all its state in itself. It can be moved, kept and
 * removed as the user likes.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError, messageOf } from '../base/errors.ts';
import { randomId } from '../base/random-id.ts';
import type { CheckpointWriter } from './checkpoint.ts';
import { idOf } from './checkpoint-names.ts';
import { type BlockPacker, CompressPool } from './compress-pool.ts';
import { DirectoryWriter } from './directory-writer.ts';
import { type FileLayer, makeDirectories } from './file-layer.ts';
import { blocksOf } from './manifest.ts';
import { systemFiles } from './system-files.ts';

export type SavepointOptions = {
  readonly files?: FileLayer;
  /** One that is not closed with the savepoint; its own if left out. */
  readonly packer?: BlockPacker;
  readonly warn?: (message: string) => void;
};

/**
 * Begins a savepoint in a directory that is empty or does not exist. EngineError OUTPUT_EXISTS, CHECKPOINT_WRITE.
 *
 *   const writer = await beginSavepoint('before-upgrade');
 */
export async function beginSavepoint(
  directory: string,
  options: SavepointOptions = {},
): Promise<CheckpointWriter> {
  const path = resolve(directory);
  const files = options.files ?? systemFiles;
  const warn = options.warn ?? ((message: string) => process.emitWarning(message));
  await prepareSavepoint(path, files);
  const packer = options.packer ?? new CompressPool();
  return new DirectoryWriter({
    what: 'the savepoint',
    path,
    draft: join(dirname(path), `.${basename(path)}-${randomId()}.tmp`),
    files,
    packer,
    warn,
    check: (manifest) => {
      assert(manifest.kind === 'savepoint', 'the manifest is of a savepoint');
      for (const { checkpoint } of blocksOf(manifest)) {
        assert(checkpoint === '', 'a savepoint has all its state in itself');
      }
    },
    completed: async () => {},
    ended: async () => {
      if (options.packer === undefined) await packer.close();
    },
  });
}

/** Sees that a savepoint may be written to a path, whose parents are made. EngineError OUTPUT_EXISTS, CHECKPOINT_WRITE. */
export async function prepareSavepoint(
  path: string,
  files: FileLayer = systemFiles,
): Promise<void> {
  if (idOf(basename(path)) !== null) {
    throw new EngineError(
      'CHECKPOINT_WRITE',
      `no savepoint can be written to ${path}: a job takes what has such a name in its checkpoint directory for a checkpoint of ` +
        'its own, which it goes on from and removes; give another name',
    );
  }
  let names: readonly string[] | null;
  try {
    names = await files.list(path);
    await makeDirectories(files, dirname(path));
  } catch (error) {
    throw new EngineError(
      'CHECKPOINT_WRITE',
      `no savepoint can be written to ${path}: ${messageOf(error)}; give another directory`,
      { cause: error },
    );
  }
  if (names === null || names.length === 0) return;
  throw new EngineError(
    'OUTPUT_EXISTS',
    `${path} is not empty: a savepoint is never written over something else; give another directory`,
  );
}
