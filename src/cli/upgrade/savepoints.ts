/** The states that upgrades began from: in a folder beside the checkpoints, the last few; each is a way back to its version. */
import { copyFileSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

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

/** Removes all but the last few. */
export function removeOldSavepoints(checkpointDir: string): void {
  const folder = join(checkpointDir, FOLDER);
  const old = numbersIn(folder)
    .sort((a, b) => a - b)
    .slice(0, -KEPT);
  for (const number of old) rmSync(join(folder, String(number)), { recursive: true, force: true });
}

function numbersIn(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}
