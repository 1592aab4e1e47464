/** What lies in a checkpoint directory. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Ids of its checkpoints, ascending. */
export function checkpointsOf(state: string): number[] {
  if (!existsSync(state)) return [];
  return readdirSync(state)
    .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.slice(1).map(Number) ?? [])
    .sort((a, b) => a - b);
}

/** Changes a byte in the middle of the state of one. */
export function damage(state: string, checkpoint: number): void {
  const path = `${state}/checkpoint-${checkpoint}/state`;
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}
