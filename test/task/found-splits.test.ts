/** Splits that a source subtask is told of while it reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { OpenSplits } from '../../src/task/open-splits.ts';
import { fromItsStart } from '../../src/task/split-state.ts';
import { countersOf, setUp } from './source-run.ts';

test('a split that comes later is read beside the others, and never moves the watermark back', () => {
  const quiet = (polls: number) => Array.from({ length: polls }, () => 'idle' as const);
  const first = [[100], ...quiet(30), [130], ...quiet(60), [131]];
  const second = [[20], ...quiet(30), [105], ...quiet(200)];
  const { run, find, opened } = setUp({
    splits: [first, second],
    known: 1,
    idlenessMs: 10_000,
  });
  assert.deepEqual(run(12), ['100', 'W99']);
  find(2);
  // The new one is behind, and holds back what is still to be said.
  assert.deepEqual(run(30), ['20', '130']);
  assert.deepEqual(opened, [0, 1]);
  assert.deepEqual(run(40), ['105', 'W104']);
});

test('while it has no split it is idle, behind the last watermark, and it does not end', () => {
  const { run, find, input } = setUp({ splits: [[[5]], [[30]], [[7]]], known: 1 });
  assert.deepEqual(run(40), ['5', 'W4', 'idle']);
  find(2);
  assert.deepEqual(run(40), ['active', '30', 'W29', 'idle']);
  find(3);
  assert.deepEqual(run(40), ['active', '7', 'idle'], 'what has been said stays said');
  assert.equal(input.hasEnded, false);
});

test('one that has none at the start waits, idle, and takes what comes', () => {
  const { run, find } = setUp({ splits: [[[1]]], known: 0 });
  assert.deepEqual(run(30), ['idle']);
  find(1);
  assert.deepEqual(run(30), ['active', '1', 'W0', 'idle']);
});

test('drained, it comes to its end though it waits for splits', () => {
  const { run, counters } = setUp({ splits: [[[1]]], known: 0 });
  run(5);
  counters.drain();
  assert.equal(run(5).at(-1), 'end');
});

for (const assignment of ['spread', 'inOrder'] as const) {
  test(`each split is read by one subtask, told twice or not: ${assignment}`, () => {
    const clock = new VirtualClock(0);
    const counters = countersOf(3);
    const splits = Array.from({ length: 10 }, (_, n) => [[n]]);
    const subtasks = [0, 1, 2].map((subtask) =>
      setUp({ splits, assignment, subtask, parallelism: 3, known: 2, clock, counters }),
    );
    const rows: string[] = [];
    for (const end of [2, 5, 5, 9, 10]) {
      for (const { find, run } of subtasks) {
        find(end);
        rows.push(...run(20).filter((line) => /^\d/.test(line)));
      }
      for (const { run } of subtasks) rows.push(...run(20).filter((line) => /^\d/.test(line)));
    }
    assert.deepEqual(
      rows.map(Number).sort((a, b) => a - b),
      splits.map((_, n) => n),
    );
    const read = subtasks.map((subtask) => subtask.read.map(Number));
    assert.deepEqual(
      read.flat().sort((a, b) => a - b),
      splits.map((_, n) => n),
    );
    if (assignment === 'spread') {
      for (const [subtask, of] of read.entries()) assert.ok(of.every((n) => n % 3 === subtask));
    }
  });
}

test('with stages, splits that are found wait until the stage before is read by all', () => {
  const counters = countersOf(2);
  const clock = new VirtualClock(0);
  const options = {
    splits: [[[1]], [[2], 'idle', [3]], [[10]], [[11]]] as const,
    stages: [0, 0, 1, 1],
    assignment: ['spread', 'spread'] as const,
    parallelism: 2,
    known: 2,
    counters,
    clock,
  };
  const one = setUp({ ...options, subtask: 0 });
  const two = setUp({ ...options, subtask: 1 });
  // Numbers are those of the last stage.
  const found = (n: number) => ({ split: { id: `${n}`, weight: 1, detail: null, stage: 1 } });
  const splits = [2, 3].map((n) => ({ ...found(n), position: null, skip: 0, greatest: -Infinity }));
  for (const { input } of [one, two]) input.onFound({ first: 0, splits, remembered: [] });
  assert.deepEqual(one.run(5), ['1', 'W0'], 'the other still reads what is stored');
  assert.deepEqual(
    two.run(20).filter((line) => /^\d/.test(line)),
    ['2', '3', '11'],
  );
  assert.ok(one.run(20).includes('10'));
});

test('a split that has been read leaves checkpoints when it is remembered elsewhere, but none that was asked for before', () => {
  const { run, find, states, counters, output, read } = setUp({
    splits: [[[1]], [[2]]],
    known: 2,
  });
  run(10);
  assert.deepEqual(read, ['0', '1']);
  const idsOf = (checkpoint: number) => states.get(checkpoint)?.map(({ split }) => split.id);
  output.isReady = false;
  counters.requestCheckpoint(1, 'aligned');
  run(3);
  find(2, ['0']);
  assert.equal(idsOf(1), undefined, 'its barrier waits for room');
  output.isReady = true;
  run(3);
  assert.deepEqual(idsOf(1), ['0', '1']);
  counters.requestCheckpoint(2, 'aligned');
  run(3);
  assert.deepEqual(idsOf(2), ['1']);
  find(2, ['1']);
  counters.requestCheckpoint(3, 'aligned');
  run(3);
  assert.deepEqual(idsOf(3), []);
});

test('in order, a subtask that reads one split for long keeps none that others have claimed', () => {
  let claimed = 0;
  const stage = {
    assignment: 'inOrder' as const,
    splits: [],
    claim: () => claimed++,
    claimedCount: () => claimed,
    onRead() {},
    readCount: () => 0,
  };
  const split = (n: number) => fromItsStart({ id: `${n}`, weight: 0, detail: null });
  const [slow, fast] = [0, 1].map((subtask) => new OpenSplits(stage, { subtask, parallelism: 2 }));
  assert.deepEqual(slow!.take(), []);
  for (let n = 0; n < 100; n++) {
    for (const subtask of [fast!, slow!]) subtask.add(n, [split(n)]);
    if (n === 0) assert.deepEqual(slow!.take(), [split(0)]);
    else assert.deepEqual(fast!.take(), [split(n)]);
    assert.ok(slow!.size <= 1 && fast!.size === 0, `${slow!.size}, ${fast!.size}`);
  }
});
