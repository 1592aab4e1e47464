/** What is remembered of checkpoints: the last few, and the last of each kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { SHOWN_CHECKPOINTS } from '../../src/base/limits.ts';
import type { Manifest, StoredCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { CheckpointHistory } from '../../src/job/checkpoint-history.ts';
import type { PartPlace } from '../../src/job/checkpoint-parts.ts';
import { NO_TIMES } from '../../src/task/subtask-snapshot.ts';

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

function places(count: number): PartPlace[] {
  return Array.from({ length: count }, (_, subtask) => ({ task: 0, subtask, uids: ['sum'] }));
}

test('the parts of a checkpoint, when they come', () => {
  const clock = new VirtualClock(1000);
  const history = new CheckpointHistory(clock);
  const begun = history.begin(7, 'checkpoint', places(3));
  begun.onSubtaskDone(2, null);
  clock.advanceTo(1030);
  begun.onSubtaskDone(0, { cutAt: 1020, alignmentMs: 15, pauseMs: 2, writingMs: 8 });
  const none = { task: 0, startDelayMs: 0, alignmentMs: 0, pauseMs: 0, writingMs: 0 };
  const sizes = { bytes: 0, fullBytes: 0 };
  assert.deepEqual(history.metrics().history[0]!.parts, [
    {
      ...{ task: 0, subtask: 0, hasEnded: false, doneAt: 1030, durationMs: 30 },
      ...{ startDelayMs: 5, alignmentMs: 15, pauseMs: 2, writingMs: 8 },
      ...sizes,
    },
    { ...none, subtask: 1, hasEnded: false, doneAt: null, durationMs: 0, ...sizes },
    { ...none, subtask: 2, hasEnded: true, doneAt: 1000, durationMs: 0, ...sizes },
  ]);
  begun.failed(new Error('no room on the disk'));
  const { parts, subtasksDone } = history.metrics().lastFailed!;
  assert.deepEqual(
    parts.map(({ doneAt }) => doneAt),
    [1030, null, 1000],
  );
  assert.equal(subtasksDone, 2);
});

test('a checkpoint from its beginning to its end', () => {
  const clock = new VirtualClock(1000);
  const history = new CheckpointHistory(clock);
  const begun = history.begin(7, 'checkpoint', places(4));
  for (const subtask of [0, 1, 3]) begun.onSubtaskDone(subtask, NO_TIMES);
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
  const { parts, ...rest } = lastCompleted!;
  assert.deepEqual(
    parts.map(({ subtask, bytes, fullBytes }) => [subtask, bytes, fullBytes]),
    [
      [0, 64, 1064],
      [1, 0, 0],
      [2, 0, 0],
      [3, 0, 0],
    ],
  );
  const size = { bytes: 64, fullBytes: 1064, rows: 4 };
  assert.deepEqual(rest, {
    id: 7,
    kind: 'checkpoint',
    state: 'completed',
    startedAt: 1000,
    durationMs: 50,
    subtasks: 4,
    subtasksDone: 4,
    bytes: 64,
    fullBytes: 1064,
    operators: [{ uid: 'sum', name: 'sum', ...size, states: [{ name: 'total', ...size }] }],
    path: '/state/7',
    failure: null,
  });
});

test('many are forgotten, but the last of each kind is not', () => {
  const history = new CheckpointHistory(new VirtualClock(0));
  history.begin(1, 'savepoint', places(1)).completed(stored(1, 'savepoint'));
  history.begin(2, 'checkpoint', places(1)).failed(new Error('no room on the disk'));
  for (let id = 3; id < 3 + SHOWN_CHECKPOINTS; id++) {
    history.begin(id, 'checkpoint', places(1)).completed(stored(id));
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
