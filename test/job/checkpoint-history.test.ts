/** What is remembered of checkpoints: the last few, and the last of each kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { SHOWN_CHECKPOINTS } from '../../src/base/limits.ts';
import type { Manifest, StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointHistory } from '../../src/job/checkpoint-history.ts';

/** A checkpoint with a block of its own, and one of an earlier checkpoint. */
function stored(id: number, kind: Manifest['kind'] = 'checkpoint'): StoredCheckpoint {
  const block = (checkpoint: string, bytes: number) => ({ checkpoint, offset: 16, bytes, rows: 2 });
  const blocks = [block('', 64), block('checkpoint-1', 1000)];
  const parts = [{ subtask: 0, blocks, deltas: [] }];
  const states = [{ name: 'total', kind: 'keyed', fields: [], parts }] as const;
  const operators = [
    { uid: 'sum', name: 'sum', parallelism: 1, windows: null, states, committables: [] },
  ];
  const manifest = { id, kind, operators } as unknown as Manifest;
  return { path: `/state/${id}`, manifest };
}

test('a checkpoint from its beginning to its end', () => {
  const clock = new VirtualClock(1000);
  const history = new CheckpointHistory(clock);
  const begun = history.begin(7, 'checkpoint', 4);
  begun.onSubtasksDone(3);
  clock.advanceTo(1030);
  const running = history.metrics().history[0]!;
  assert.deepEqual(
    [running.state, running.startedAt, running.durationMs, running.subtasksDone, running.path],
    ['running', 1000, 30, 3, null],
  );
  clock.advanceTo(1050);
  begun.completed(stored(7));
  clock.advanceTo(2000);
  const { history: records, lastCompleted, completed } = history.metrics();
  assert.equal(completed, 1);
  assert.deepEqual(lastCompleted, records[0]);
  assert.deepEqual(lastCompleted, {
    id: 7,
    kind: 'checkpoint',
    state: 'completed',
    startedAt: 1000,
    durationMs: 50,
    subtasks: 4,
    subtasksDone: 4,
    bytes: 64,
    fullBytes: 1064,
    operators: [{ uid: 'sum', name: 'sum', bytes: 64, fullBytes: 1064, rows: 4 }],
    path: '/state/7',
    failure: null,
  });
});

test('many are forgotten, but the last of each kind is not', () => {
  const history = new CheckpointHistory(new VirtualClock(0));
  history.begin(1, 'savepoint', 1).completed(stored(1, 'savepoint'));
  history.begin(2, 'checkpoint', 1).failed(new Error('no room on the disk'));
  for (let id = 3; id < 3 + SHOWN_CHECKPOINTS; id++) {
    history.begin(id, 'checkpoint', 1).completed(stored(id));
  }
  history.onRestored(stored(5));
  const metrics = history.metrics();
  assert.deepEqual(
    metrics.history.map(({ id }) => id),
    Array.from({ length: SHOWN_CHECKPOINTS }, (_, n) => 2 + SHOWN_CHECKPOINTS - n),
  );
  assert.equal(metrics.lastSavepoint?.id, 1);
  assert.equal(metrics.lastFailed?.failure, 'no room on the disk');
  assert.equal(metrics.lastRestored?.path, '/state/5');
  assert.deepEqual(
    [metrics.completed, metrics.failed, metrics.restored],
    [SHOWN_CHECKPOINTS + 1, 1, 1],
  );
});
