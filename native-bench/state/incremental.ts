/**
 * What a checkpoint takes of the disk when 1 % of the keys have changed since the one before, all over the table: whole, and
 * as a delta.
 *
 *   incremental.ts <keys>      { fullBytes, deltaBytes, fullMs, deltaMs }
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { BlockRef } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointStorage } from '../../src/checkpoint/checkpoint-storage.ts';
import { hasBytes, SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';
import { ROWS, rowsOf, windowOperator } from './window-rig.ts';

const KEYS = Number(process.argv[2]);
const CHANGED_EACH = 100;

const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
const storage = await CheckpointStorage.open(directory, { retained: 10 });
let writer = storage.begin(storage.nextId());
let blocks: Promise<BlockRef>[] = [];
let base = 0;
const snapshot = new SubtaskSnapshot(
  0,
  {
    onBlock(_subtask, _checkpoint, block) {
      if (hasBytes(block)) blocks.push(writer.append(block.bytes, block.rows));
    },
    onDone() {},
  },
  () => base,
);
const operator = windowOperator({
  snapshot: (checkpoint) => snapshot.writer(0, checkpoint),
  isIncremental: true,
});

/** Its state file alone counts: all else is small. */
async function checkpoint(id: number): Promise<{ bytes: number; ms: number }> {
  const start = performance.now();
  snapshot.begin(id);
  operator.processBarrier(id);
  while (snapshot.isActive) {
    snapshot.step(true);
    await blocks.at(-1);
  }
  await Promise.all(blocks);
  await writer.complete({
    version: 1,
    kind: 'checkpoint',
    id,
    job: 'incremental',
    jobId: 'incremental',
    engine: '',
    createdAt: 0,
    maxParallelism: 128,
    isFinal: false,
    isBatch: false,
    operators: [],
  });
  const ms = performance.now() - start;
  const { size } = statSync(join(directory, `checkpoint-${id}`, 'state'));
  base = id;
  blocks = [];
  writer = storage.begin(storage.nextId());
  return { bytes: size, ms };
}

function push(step: number): void {
  for (let first = 0; first < KEYS; first += ROWS * step) {
    operator.processBatch(rowsOf(first, step, KEYS), 0);
  }
}

push(1);
const full = await checkpoint(1);
push(CHANGED_EACH);
const delta = await checkpoint(2);
await storage.close();
rmSync(directory, { recursive: true });
console.log(
  JSON.stringify({
    fullBytes: full.bytes,
    deltaBytes: delta.bytes,
    fullMs: full.ms,
    deltaMs: delta.ms,
  }),
);
