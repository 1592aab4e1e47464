/** A source subtask: splits side by side or one after the other, their watermarks merged, a rate kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { countersOf, type Step, setUp } from './source-run.ts';

test('splits side by side: the slower one holds the watermark', () => {
  const { run } = setUp({
    splits: [
      [[10], [20], [30]],
      [[5], [6], [7]],
    ],
  });
  const log = run(30);
  assert.deepEqual(
    log.filter((line) => !line.startsWith('W')),
    ['10', '5', '20', '6', '30', '7', 'end'],
  );
  const watermarks = log.filter((line) => line.startsWith('W'));
  assert.equal(watermarks.at(-1), 'WInfinity');
  for (const watermark of watermarks.slice(0, -1)) assert.ok(Number(watermark.slice(1)) <= 29);
});

test('a split that has come to its end holds the watermark back no more', () => {
  const steps = Array.from({ length: 60 }, (_, n) => [n]);
  const log = setUp({ splits: [[[1]], steps] }).run(50);
  const watermarks = log.filter((line) => line.startsWith('W'));
  assert.ok(Number(watermarks.at(-1)!.slice(1)) > 30, `${watermarks}`);
});

test('readers that can finish are told so once when the source is drained, and give what they have', () => {
  const finished: number[] = [];
  const { run, counters } = setUp({
    splits: [
      [[1], [2], [3]],
      [[4], [5]],
    ],
    finished,
  });
  run(3);
  counters.drain();
  const log = run(20).filter((line) => !line.startsWith('W'));
  assert.deepEqual(finished, [0, 1]);
  assert.deepEqual(log, ['2', '5', '3', 'end']);
});

test('what is held for the rate goes out at once when the source is drained', () => {
  const rows = Array.from({ length: 100 }, (_, n) => n);
  const { run, counters } = setUp({ splits: [[rows]], rate: 10 });
  run(3);
  counters.drain();
  const log = run(10).filter((line) => !line.startsWith('W'));
  assert.deepEqual(log, [rows.join(' '), 'end']);
});

test('of very many splits a poll looks at the one that it reads, and the share that was read is right', () => {
  const splits = Array.from({ length: 10_000 }, (_, n): Step[] => [[n], [n + 1], [n + 2]]);
  const { input, run, asked, counters } = setUp({ splits });
  const before = process.cpuUsage().user;
  run(15_001);
  assert.ok(asked.times <= 25_000, `readers were asked ${asked.times} times`);
  // A third of half of the splits, two thirds of the others, each of a weight of 10.
  assert.ok(Math.abs(counters.subtask(0).weightRead - 50_000) < 1e-6);
  run(40_000);
  assert.equal(counters.subtask(0).weightRead, 100_000);
  assert.ok(input.hasEnded);
  // A look at all of them in each poll takes 20 s.
  assert.ok(process.cpuUsage().user - before < 5e6);
});

test('watermarks come at most at every interval', () => {
  const steps = Array.from({ length: 35 }, (_, n) => [n]);
  const log = setUp({ splits: [steps] }).run(100);
  assert.deepEqual(
    log.filter((line) => line.startsWith('W')),
    ['W-1', 'W9', 'W19', 'W29', 'WInfinity'],
  );
});

test('the last watermark and the end come in polls of their own', () => {
  const { input, log } = setUp({ splits: [[[1]]] });
  const polls: string[][] = [];
  while (!input.hasEnded && polls.length < 10) {
    log.length = 0;
    input.poll();
    polls.push([...log]);
  }
  // Between the two the subtask does what the watermark has made due.
  assert.deepEqual(polls.slice(-2), [['WInfinity'], ['end']]);
});

test('splits in order: the next is claimed when the one before has ended', () => {
  const { run, opened } = setUp({ splits: [[[1], [2]], [[3]], [[4]]], assignment: 'inOrder' });
  assert.deepEqual(
    run(3).filter((line) => !line.startsWith('W')),
    ['1', '2'],
  );
  assert.deepEqual(opened, [0]);
  run(20);
  assert.deepEqual(opened, [0, 1, 2]);
});

test('spread splits belong to the subtask of their number', () => {
  const { run, opened } = setUp({
    splits: [[[1]], [[2]], [[3]], [[4]]],
    subtask: 1,
    parallelism: 3,
  });
  run(10);
  assert.deepEqual(opened, [1]);
});

test('an idle split does not hold the watermark back', () => {
  const idle: Step[] = Array.from({ length: 60 }, () => 'idle');
  const busy = Array.from({ length: 60 }, (_, n) => [n]);
  const { run } = setUp({ splits: [[[3], ...idle, [90]], busy], idlenessMs: 20 });
  const before = run(20).filter((line) => line.startsWith('W'));
  assert.ok(before.every((line) => Number(line.slice(1)) <= 2));
  const after = run(25).filter((line) => line.startsWith('W'));
  assert.ok(after.some((line) => Number(line.slice(1)) > 2));
});

test('a split that is not asked, while rows of another go out in parts, does not become idle by it', () => {
  const busy = Array.from({ length: 100 }, (_, n) => n);
  const { run } = setUp({ splits: [[busy], [[50]]], rate: 1000, idlenessMs: 20 });
  const log = run(200);
  const before = log.slice(0, log.indexOf('50'));
  assert.equal(before.at(-1), '95 96 97 98 99');
  assert.equal(
    before.some((line) => line.startsWith('W')),
    false,
  );
});

test('a chain that takes no records now gets watermarks, and nothing behind the last checkpoint', () => {
  const { input, run, log, output, clock, counters } = setUp({ splits: [[[1], [7], [9]]] });
  const control = (): string[] => {
    log.length = 0;
    clock.advanceTo(clock.now() + 10);
    assert.equal(input.pollControl(), false);
    return [...log];
  };
  assert.deepEqual(run(3), ['1', 'W0', '7']);
  output.isReady = false;
  assert.deepEqual(control(), ['W6']);
  assert.deepEqual(control(), []);
  assert.equal(input.controlAtMs, clock.now() + 10);
  output.isReady = true;
  assert.deepEqual(run(1), ['9']);
  output.isReady = false;
  output.takesTime = false;
  assert.deepEqual(control(), []);
  output.takesTime = true;
  counters.requestCheckpoint(1, 'last', 0);
  log.length = 0;
  assert.equal(input.pollControl(), true);
  assert.deepEqual(log, ['barrier 1']);
  assert.deepEqual(control(), []);
});

test('between a savepoint that is the last and the last checkpoint nothing is read', () => {
  const { input, run, counters } = setUp({ splits: [[[1], [2], [3]]] });
  assert.deepEqual(run(2), ['1', 'W0']);
  counters.requestCheckpoint(1, 'last', 0);
  assert.deepEqual(run(3), ['barrier 1']);
  // The next one is asked for in two steps, between which the thread may be.
  const lastCheckpoint = counters.lastCheckpoint.bind(counters);
  counters.lastCheckpoint = () => 2;
  assert.deepEqual(run(3), []);
  counters.lastCheckpoint = lastCheckpoint;
  counters.requestCheckpoint(2, 'last', 0);
  assert.deepEqual(run(3), ['barrier 2']);
  assert.equal(input.hasEnded, false);
});

test('a checkpoint that is asked for while the job stops finds all as it was, too', () => {
  const { run, counters } = setUp({ splits: [[[1], [2]]] });
  assert.deepEqual(run(2), ['1', 'W0']);
  counters.requestCheckpoint(1, 'last', 0);
  assert.deepEqual(run(3), ['barrier 1']);
  counters.requestCheckpoint(2, 'aligned', 0);
  assert.deepEqual(run(3), ['barrier 2']);
  counters.requestCheckpoint(3, 'last', 0);
  assert.deepEqual(run(3), ['barrier 3']);
});

test('behind a barrier that was not the last after all a source reads on', () => {
  const { input, run, counters } = setUp({ splits: [[[1], [2], [3]]] });
  assert.deepEqual(run(2), ['1', 'W0']);
  counters.requestCheckpoint(1, 'last', 0);
  assert.deepEqual(run(3), ['barrier 1']);
  counters.goOn();
  assert.equal(run(1)[0], '2');
  // Its barrier comes when it is known already.
  counters.requestCheckpoint(2, 'last', 0);
  counters.goOn();
  assert.deepEqual(
    run(9)
      .filter((line) => !line.startsWith('W'))
      .slice(0, 2),
    ['barrier 2', '3'],
  );
  assert.equal(input.hasEnded, true);
});

test('a source in which nothing comes is idle, and active again with the first record', () => {
  const { run } = setUp({ splits: [[[3], ...Array<Step>(50).fill('idle'), [9]]], idlenessMs: 20 });
  const log = run(70);
  assert.deepEqual(
    log.filter((line) => /idle|active/.test(line)),
    ['idle', 'active'],
  );
  assert.ok(log.indexOf('idle') < log.indexOf('active'));
});

test('a batch goes out in portions as the rate allows', () => {
  const rows = Array.from({ length: 100 }, (_, n) => n);
  const { run } = setUp({ splits: [[rows]], rate: 1000 });
  const seen = run(52)
    .filter((line) => /^\d/.test(line))
    .flatMap((line) => line.split(' ').map(Number));
  assert.deepEqual(seen, rows.slice(0, 50));
});

test('a batch goes out in slices, and a checkpoint between two of them is where they are', () => {
  const slices = { rows: 3, rowsPerMs: Infinity, begin: () => false, end() {} };
  const { run, counters, states } = setUp({ splits: [[[1, 2, 3, 4, 5, 6, 7, 8], [9]]], slices });
  run(2);
  counters.requestCheckpoint(1, 'aligned');
  const log = run(9).filter((line) => !line.startsWith('W'));
  assert.deepEqual(log, ['barrier 1', '4 5 6', '7 8', '9', 'end']);
  assert.deepEqual(
    states.get(1)!.map(({ skip, greatest }) => ({ skip, greatest })),
    [{ skip: 3, greatest: 3 }],
  );
});

test('slices of a batch keep to the rate', () => {
  const rows = Array.from({ length: 100 }, (_, n) => n);
  const slices = { rows: 2, rowsPerMs: Infinity, begin: () => false, end() {} };
  const { run } = setUp({ splits: [[rows]], rate: 1000, slices });
  const lines = run(40).filter((line) => /^\d/.test(line));
  assert.ok(lines.every((line) => line.split(' ').length <= 2));
  const seen = lines.flatMap((line) => line.split(' ').map(Number));
  assert.deepEqual(seen, rows.slice(0, seen.length));
  assert.ok(seen.length > 20 && seen.length <= 40, `${seen.length} rows in 40 ms`);
});

test('progress is the share of all splits', () => {
  const { run, counters } = setUp({ splits: [[[1], [2], [3], [4]], [[5]]] });
  run(4);
  assert.equal(counters.subtask(0).weightRead, 10 * (2 / 4) + 10);
  run(20);
  assert.equal(counters.subtask(0).weightRead, 20);
  assert.equal(counters.operator(0).recordsOut, 5);
});

test('barriers alone, for a chain that takes no batch', () => {
  const { input, run, counters, log } = setUp({ splits: [[[1], [2], [3]]] });
  run(1);
  log.length = 0;
  assert.equal(input.pollControl(), false);
  counters.requestCheckpoint(1, 'aligned');
  assert.equal(input.pollControl(), true);
  assert.equal(input.pollControl(), false);
  assert.deepEqual(log, ['barrier 1']);
});

/** Two subtasks of a source with a stage that has one split and one that has one for each of them. */
function inStages(first: readonly Step[], second: readonly Step[], third: readonly Step[]) {
  const shared = { clock: new VirtualClock(0), counters: countersOf(2) };
  const one = (subtask: number) =>
    setUp({
      splits: [first, second, third],
      assignment: ['inOrder', 'spread'],
      stages: [0, 1, 1],
      subtask,
      parallelism: 2,
      ...shared,
    });
  return { ...shared, subtasks: [one(0), one(1)] as const };
}

const rowsOf = (log: readonly string[]) => log.filter((line) => /^\d/.test(line));

test('a stage begins when all subtasks have read the one before', () => {
  const { subtasks } = inStages([[1], [2], [3]], [[14]], [[15]]);
  const [reading, waiting] = subtasks;
  assert.deepEqual(rowsOf(reading.run(3)), ['1', '2']);
  assert.deepEqual(rowsOf(waiting.run(50)), []);
  assert.ok(waiting.input.wakeAtMs < Infinity && !waiting.input.hasEnded);
  assert.deepEqual(rowsOf(reading.run(20)), ['3', '14']);
  assert.deepEqual(rowsOf(waiting.run(20)), ['15']);
  assert.ok(reading.input.hasEnded && waiting.input.hasEnded);
});

test('a subtask that waits for a stage has the watermark of those that read, and holds nobody back', () => {
  const { subtasks, counters } = inStages([[1], [50], [60]], [[70]], [[80]]);
  const [reading, waiting] = subtasks;
  assert.equal(counters.subtask(1).readingAt, -Infinity);
  reading.run(1);
  assert.deepEqual(waiting.run(20), []);
  assert.equal(counters.subtask(1).readingAt, Infinity);
  reading.run(3);
  assert.deepEqual(waiting.run(20), ['W49']);
});

test('a checkpoint has nothing of a stage while it has splits of the one before that are not read', () => {
  const { subtasks, counters } = inStages([[1], [2]], [[14]], [[15]]);
  const [reading, waiting] = subtasks;
  reading.run(2);
  // Asked for, and passed by the other subtask, while this one is in a poll that has not seen it.
  const splitsRead = counters.splitsRead.bind(counters);
  counters.splitsRead = (stage) => {
    counters.splitsRead = splitsRead;
    counters.requestCheckpoint(1, 'aligned');
    reading.run(20);
    return splitsRead(stage);
  };
  waiting.run(20);
  assert.ok(reading.input.hasEnded);
  assert.deepEqual(
    waiting.log.filter((line) => line === 'barrier 1' || line === '15'),
    ['barrier 1', '15'],
  );
  const ofFirst = reading.states.get(1)!.map(({ split, isRead }) => [split.id, isRead]);
  assert.deepEqual(ofFirst, [['0', false]]);
  assert.ok(waiting.states.get(1)!.every(({ greatest }) => greatest === -Infinity));
});

test('a split that is ahead of its group waits; at the end of the others it goes on', () => {
  const counters = countersOf(2);
  const clock = new VirtualClock(0);
  const alignment = { maxDriftMs: 10, everyMs: 5, with: [0, 1] };
  const batches = (count: number, step: number): Step[] =>
    Array.from({ length: count }, (_, n) => [n * step]);
  const fast = setUp({ splits: [batches(40, 5)], word: 0, alignment, counters, clock });
  const slow = setUp({ splits: [batches(20, 1)], word: 1, alignment, counters, clock });
  const reached = { fast: -1, slow: -1 };
  let greatestLead = 0;
  // As many polls of each: what is fast is event time.
  for (let n = 0; n < 500 && !slow.input.hasEnded; n++) {
    for (const row of rowsOf(fast.run(1))) reached.fast = Number(row);
    for (const row of rowsOf(slow.run(1))) reached.slow = Number(row);
    greatestLead = Math.max(greatestLead, reached.fast - Math.max(0, reached.slow));
  }
  assert.ok(slow.input.hasEnded && !fast.input.hasEnded);
  assert.ok(greatestLead > 5 && greatestLead <= 15, `${greatestLead}`);
  assert.deepEqual(rowsOf(fast.run(100)).at(-1), '195');
  assert.ok(fast.input.hasEnded);
});

test('a split of the same subtask is held back too, and asks for its turn', () => {
  const { run, input, clockNow } = withClock({
    splits: [
      [[0], [100], [200]],
      [[0], ...Array<Step>(30).fill('idle'), [95], [300]],
    ],
    alignment: { maxDriftMs: 20, everyMs: 2, with: [0] },
  });
  assert.deepEqual(rowsOf(run(9)), ['0', '0', '100']);
  // Sooner than its next watermark.
  assert.equal(input.wakeAtMs, clockNow() + 1);
  assert.deepEqual(rowsOf(run(40)), ['95', '200', '300']);
});

/** A source subtask, and the time. */
function withClock(options: Omit<Parameters<typeof setUp>[0], 'clock'>) {
  const clock = new VirtualClock(0);
  return { ...setUp({ ...options, clock }), clockNow: () => clock.now() };
}

test('a split that is idle holds nobody back; one that is held back does not become idle by it', () => {
  const silent: Step[] = [[0], ...Array<Step>(300).fill('idle'), [400]];
  const { run, counters } = setUp({
    splits: [[[0], [100], [200]], silent],
    idlenessMs: 30,
    alignment: { maxDriftMs: 20, everyMs: 5, with: [0] },
  });
  assert.deepEqual(rowsOf(run(25)), ['0', '0', '100']);
  const log = run(60);
  assert.deepEqual(rowsOf(log), ['200']);
  run(60);
  assert.equal(counters.subtask(0).readingAt, Infinity);
  // Held back for longer than its idleness.
  const ofTwo = countersOf(2);
  const held = setUp({
    splits: [[[0], [100], [200]]],
    idlenessMs: 30,
    alignment: { maxDriftMs: 20, everyMs: 5, with: [0, 1] },
    counters: ofTwo,
  });
  ofTwo.subtask(1).readingAt = 10;
  assert.deepEqual(
    held.run(200).filter((line) => !line.startsWith('W')),
    ['0', '100'],
  );
});

test('barriers pass a split that is held back, and it goes on as soon as it is asked', () => {
  const counters = countersOf(2);
  const { run, states } = setUp({
    splits: [[[0], [100], [200]]],
    alignment: { maxDriftMs: 20, everyMs: 1000, with: [0, 1] },
    counters,
  });
  counters.subtask(1).readingAt = 10;
  run(20);
  counters.requestCheckpoint(1, 'aligned');
  assert.deepEqual(run(5), ['barrier 1']);
  assert.equal(states.get(1)![0]!.greatest, 100);
  counters.subtask(1).readingAt = 90;
  assert.deepEqual(rowsOf(run(1)), ['200']);
});
