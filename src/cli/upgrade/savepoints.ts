/** The states that upgrades began from: in a folder beside the checkpoints, the last few; each is a way back to its version. */
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from '../../checkpoint/checkpoint-names.ts';

const FOLDER = 'upgrades';
const KEPT = 3;

/** Where the savepoint of the next upgrade goes: `<checkpoint directory>/upgrades/<n>`. */
export function nextSavepoint(checkpointDir: string): string {
  const folder = join(checkpointDir, FOLDER);
  mkdirSync(folder, { recursive: true });
  return join(folder, String(Math.max(0, ...numbersIn(folder)) + 1));
}

/** Keeps a checkpoint that has all its state in itself: its files, which never change, under a name that nobody removes. */
export function keepCheckpoint(checkpoint: string, savepoint: string): void {
  mkdirSync(savepoint);
  for (const name of readdirSync(checkpoint)) {
    const [file, link] = [join(checkpoint, name), join(savepoint, name)];
    try {
      linkSync(file, link);
    } catch {
      // Not every file system has links.
      copyFileSync(file, link);
    }
  }
}

/** The number of the newest checkpoint; 0 for none. Each has a greater one than all before it. */
export function newestCheckpoint(checkpointDir: string): number {
  if (!existsSync(checkpointDir)) return 0;
  return Math.max(0, ...readdirSync(checkpointDir).map((name) => idOf(name) ?? 0));
}

/** Removes all but the last few. */
export function removeOldSavepoints(checkpointDir: string): void {
  const folder = join(checkpointDir, FOLDER);
  const old = numbersIn(folder)
    .sort((a, b) => a - b)
    .slice(0, -KEPT);
  for (const number of old) rmSync(join(folder, String(number)), { recursive: true, force: true });
}

/** None where no version has been ended by an upgrade yet. */
function numbersIn(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}
