/** Jobs that write numbers as CSV into the folder `out`: what has come there, and waiting for it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of the files that are to be seen. */
export function numbersIn(folder: string): number[] {
  if (!existsSync(`${folder}/out`)) return [];
  return readdirSync(`${folder}/out`)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      readFileSync(`${folder}/out/${name}`, 'utf8').trimEnd().split('\n').slice(1).map(Number),
    );
}

/** Looks `waitsMax` times, every 10 ms. */
export async function waitUntil(
  isSo: () => boolean,
  what: string,
  waitsMax: number,
): Promise<void> {
  for (let n = 0; n < waitsMax; n++) {
    if (isSo()) return;
    await sleep(10);
  }
  throw new Error(`it has not come to this: ${what}`);
}
