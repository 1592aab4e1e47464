/** Names in a directory of checkpoints. */
import { dirname, join } from 'node:path';

export const STATE_NAME = 'state';
export const MANIFEST_NAME = 'manifest.json';

const CHECKPOINT_NAME = /^checkpoint-(0|[1-9]\d{0,14})$/;
const DRAFT_NAME = /^\.checkpoint-\d+\.tmp$/;

export function nameOf(id: number): string {
  return `checkpoint-${id}`;
}

/** Of a checkpoint that is not complete. */
export function draftNameOf(id: number): string {
  return `.${nameOf(id)}.tmp`;
}

/** The id of a checkpoint; null for a name that is none. */
export function idOf(name: string): number | null {
  const digits = CHECKPOINT_NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function isDraft(name: string): boolean {
  return DRAFT_NAME.test(name);
}

/** The state file to which a block of a checkpoint refers (`BlockRef.checkpoint`). */
export function stateFileOf(checkpointPath: string, checkpoint: string): string {
  const folder = checkpoint === '' ? checkpointPath : join(dirname(checkpointPath), checkpoint);
  return join(folder, STATE_NAME);
}
