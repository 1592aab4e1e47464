/** Counters in shared memory: every word its own, seen by all who share the memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';

const SHAPE = { workers: 2, operatorSlots: 3, subtasks: 2, outputs: 2, stages: 2 };

test('every number is a word of its own, and all who share the memory see it', () => {
  const mine = new SharedCounters(SHAPE);
  const theirs = new SharedCounters(SHAPE, mine.buffer);
  const cells: { set(value: number): void; get(): number }[] = [];
  for (const slot of [0, 1, 2]) {
    for (const name of ['recordsIn', 'recordsOut', 'lateRecords', 'skippedRecords'] as const) {
      const written = mine.operator(slot);
      cells.push({
        set: (value) => {
          written[name] = value;
        },
        get: () => theirs.operator(slot)[name],
      });
    }
  }
  for (const slot of [0, 1]) {
    const written = mine.output(slot);
    for (const name of ['rows', 'bytes'] as const) {
      cells.push({
        set: (value) => {
          written[name] = value;
        },
        get: () => theirs.output(slot)[name],
      });
    }
  }
  for (const subtask of [0, 1]) {
    for (const name of [
      'watermark',
      'weightRead',
      'newestEventTime',
      'busyMs',
      'heldUpMs',
      'endedMs',
      'readingAt',
    ] as const) {
      const written = mine.subtask(subtask);
      cells.push({
        set: (value) => {
          written[name] = value;
        },
        get: () => theirs.subtask(subtask)[name],
      });
    }
  }
  for (const worker of [-1, 0, 1]) {
    for (const name of ['elapsedMs', 'heapUsedBytes', 'heapLimitBytes', 'gcMs'] as const) {
      const written = mine.thread(worker);
      cells.push({
        set: (value) => {
          written[name] = value;
        },
        get: () => theirs.thread(worker)[name],
      });
    }
  }
  const { watermark, newestEventTime, busyMs } = theirs.subtask(1);
  assert.deepEqual([watermark, newestEventTime, busyMs], [-Infinity, -Infinity, 0]);
  for (const [n, cell] of cells.entries()) cell.set(n + 0.5);
  assert.deepEqual(
    cells.map((cell) => cell.get()),
    cells.map((_, n) => n + 0.5),
  );
  assert.equal(theirs.isCancelled(), false);
  assert.equal(theirs.running(1), null);
});

test('a split is handed out once', () => {
  const mine = new SharedCounters(SHAPE);
  const theirs = new SharedCounters(SHAPE, mine.buffer);
  assert.deepEqual([mine.claimSplit(0), theirs.claimSplit(0), mine.claimSplit(0)], [0, 1, 2]);
  assert.equal(theirs.claimSplit(1), 0);
});

test('what a worker works at, and the command to leave', () => {
  const mine = new SharedCounters(SHAPE);
  const theirs = new SharedCounters(SHAPE, mine.buffer);
  mine.setRunning(0, 0);
  mine.setRunning(1, 7);
  assert.deepEqual([theirs.running(0), theirs.running(1)], [0, 7]);
  mine.setRunning(1, null);
  assert.equal(theirs.running(1), null);
  theirs.cancel();
  assert.equal(mine.isCancelled(), true);
  assert.equal(new Set([-1, 0, 1].map((worker) => mine.signalWord(worker))).size, 3);
});
