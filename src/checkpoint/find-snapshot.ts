/** The snapshot that a path of a person means. */
import { resolve } from 'node:path';
import { EngineError, messageOf } from '../base/errors.ts';
import type { StoredCheckpoint } from './checkpoint.ts';
import { idOf } from './checkpoint-names.ts';
import { loadCheckpoint } from './load-checkpoint.ts';
import { systemFiles } from './system-files.ts';

/** A checkpoint or savepoint, or the newest of a checkpoint directory. */
export async function findSnapshot(path: string): Promise<StoredCheckpoint> {
  const names = await namesIn(resolve(path));
  const ids = names.map(idOf).filter((id) => id !== null);
  const newest = names.find((name) => idOf(name) === Math.max(...ids));
  return await loadCheckpoint(newest === undefined ? path : resolve(path, newest), systemFiles);
}

/** EngineError CHECKPOINT_NOT_FOUND for what is no directory, or cannot be read. */
async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return (await systemFiles.list(path)) ?? [];
  } catch (cause) {
    const message = `there is no checkpoint or savepoint at ${path}: ${messageOf(cause)}`;
    throw new EngineError('CHECKPOINT_NOT_FOUND', message, { cause });
  }
}
