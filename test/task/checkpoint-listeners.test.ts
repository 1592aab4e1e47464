/** What operators are told of checkpoints: the older first, nothing twice, and of those between two looks the last. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckpointEnd } from '../../src/metrics/shared-counters.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { CheckpointListeners } from '../../src/task/checkpoint-listeners.ts';

function setUp() {
  const told: string[] = [];
  const operator = (name: string, listensToCheckpoints?: boolean): Operator =>
    ({
      ...(listensToCheckpoints === undefined ? {} : { listensToCheckpoints }),
      checkpointEnded: (checkpoint: number, end: CheckpointEnd) =>
        told.push(`${name}: ${checkpoint} ${end}`),
    }) as unknown as Operator;
  const ends = { completed: 0, aborted: 0 };
  const listeners = CheckpointListeners.among(
    [operator('a', true), operator('b'), operator('c', false), operator('d', true)],
    { completedCheckpoint: () => ends.completed, abortedCheckpoint: () => ends.aborted },
  )!;
  return { ends, listeners, taken: () => told.splice(0), operator };
}

test('those that listen are told once, the older first', () => {
  const { ends, listeners, taken } = setUp();
  assert.equal(listeners.tell(), false);
  ends.completed = 1;
  assert.equal(listeners.tell(), true);
  assert.deepEqual(taken(), ['a: 1 completed', 'd: 1 completed']);
  assert.equal(listeners.tell(), false);
  Object.assign(ends, { completed: 3, aborted: 2 });
  assert.equal(listeners.tell(), true);
  assert.deepEqual(taken(), ['a: 2 aborted', 'd: 2 aborted', 'a: 3 completed', 'd: 3 completed']);
  Object.assign(ends, { completed: 5, aborted: 6 });
  assert.equal(listeners.tell(), true);
  assert.deepEqual(taken(), ['a: 5 completed', 'd: 5 completed', 'a: 6 aborted', 'd: 6 aborted']);
  assert.equal(listeners.tell(), false);
});

test('where none listens there is nobody to look', () => {
  const { operator } = setUp();
  const ends = { completedCheckpoint: () => 1, abortedCheckpoint: () => 1 };
  assert.equal(CheckpointListeners.among([operator('b'), operator('c', false)], ends), null);
});
