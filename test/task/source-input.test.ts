/** A source subtask: splits side by side or one after the other, their watermarks merged, a rate kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Batch } from '../../src/data/batch.ts';
import { SharedCounters } from '../../src/metrics/shared-counters.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import type { PollResult, Source } from '../../src/operator/source.ts';
import { fromItsStart, SourceInput, type SplitState } from '../../src/task/source-input.ts';

type Step = readonly number[] | 'idle';

/** A source whose splits give the timestamps of a script, an array to a batch. */
function scripted(splits: readonly (readonly Step[])[], assignment: Source['assignment']) {
  const opened: number[] = [];
  const source: Source<number> = {
    name: 'scripted',
    descriptor: null,
    schema: null,
    isBounded: true,
    assignment,
    discoverSplits: async () => [],
    createReader: (split) => {
      const number = Number(split.id);
      const script = [...splits[number]!];
      opened.push(number);
      return {
        wakeAtMs: Infinity,
        poll(): PollResult {
          const step = script.shift();
          if (step === undefined) return 'end';
          if (step === 'idle') return 'idle';
          return new Batch({ rowCount: step.length, schema: null, rows: step });
        },
        position: () => null,
        progress: () => 1 - script.length / splits[number]!.length,
        close() {},
      };
    },
  };
  return { source: source as Source, opened };
}

type Options = {
  splits: readonly (readonly Step[])[];
  assignment?: Source['assignment'];
  rate?: number;
  idlenessMs?: number;
  subtask?: number;
  parallelism?: number;
};

function setUp(options: Options) {
  const { splits, assignment = 'spread', rate = null, idlenessMs = null } = options;
  const clock = new VirtualClock(0);
  const counters = new SharedCounters({ workers: 0, operatorSlots: 1, subtasks: 1, sources: 1 });
  const { source, opened } = scripted(splits, assignment);
  const log: string[] = [];
  /** Splits as each checkpoint has them. */
  const states = new Map<number, readonly SplitState[]>();
  const output: Output = {
    isReady: true,
    emit: (batch) => log.push(batch.rowObjects().join(' ')),
    watermark: (watermark) => log.push(`W${watermark}`),
    idle: (isIdle) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  const input = new SourceInput({
    source,
    splits: splits.map((_, n) => fromItsStart({ id: `${n}`, weight: 10, detail: null })),
    claim: () => counters.claimSplit(0),
    eventTime: {
      timestamp: { kind: 'function' },
      watermark: { kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs },
    },
    functions: [(row: number) => row],
    rate,
    context: {
      name: 'scripted',
      watermarkIntervalMs: 10,
      subtask: options.subtask ?? 0,
      parallelism: options.parallelism ?? 1,
      metrics: counters.operator(0),
      snapshot: (checkpoint: number) => ({
        items: (_state: string, _mode: string, items: readonly SplitState[]) =>
          states.set(checkpoint, items),
      }),
      wake() {},
    } as unknown as OperatorContext,
    progress: counters.subtask(0),
    clock,
    commands: counters,
    output,
    sides: new Map(),
    onSkipped() {},
  });
  /** Polls once at each of so many milliseconds. */
  const run = (ms: number): string[] => {
    log.length = 0;
    for (let n = 0; n < ms && !input.hasEnded; n++) {
      input.poll();
      clock.advanceTo(clock.now() + 1);
    }
    return [...log];
  };
  return { input, run, opened, counters, log, states };
}

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
    run(2).filter((line) => !line.startsWith('W')),
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
  const seen = run(51)
    .filter((line) => /^\d/.test(line))
    .flatMap((line) => line.split(' ').map(Number));
  assert.deepEqual(seen, rows.slice(0, 50));
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
