/** How many key groups a job has that goes on from a checkpoint. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { restoredMaxParallelism } from '../../src/job/restore.ts';

const of = (maxParallelism: number): StoredCheckpoint =>
  ({ path: 'state/checkpoint-1', manifest: { maxParallelism } }) as unknown as StoredCheckpoint;

test('a job keeps the key groups of its checkpoint, and may have fewer than subtasks where it is told so', () => {
  assert.equal(restoredMaxParallelism(of(128), undefined, 4), 128);
  assert.equal(restoredMaxParallelism(of(128), 128, 4), 128);
  assert.equal(restoredMaxParallelism(of(2), 2, 4), 2);
  const code = 'STATE_INCOMPATIBLE';
  assert.throws(() => restoredMaxParallelism(of(2), undefined, 4), {
    code,
    message: /give maxParallelism too/,
  });
  assert.throws(() => restoredMaxParallelism(of(128), 64, 4), {
    code,
    message: /has 128 key groups/,
  });
});
