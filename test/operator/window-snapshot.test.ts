/**
 * Snapshots of windows while they go on: state larger than what is written in one step, with records between the steps; and
 * what is restored where subtasks had fired up to different ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { keyGroupOf, subtaskOf } from '../../src/data/key-group.ts';
import { murmur } from '../../src/data/key-hash.ts';
import { record, t } from '../../src/data/schema.ts';
import type { AggregateSpec } from '../../src/operator/window/aggregate.ts';
import { createGeneralWindow } from '../../src/operator/window/general/create-general-window.ts';
import type { GeneralWindowOperator } from '../../src/operator/window/general/general-window.ts';
import { WindowAggregateOperator } from '../../src/operator/window/window-aggregate.ts';
import type { StoredState } from '../../src/task/restored-state.ts';
import { ALONE, GROUPS, OneSubtask, type Place, statesOf } from './one-subtask.ts';

const Event = record({ key: t.int32, value: t.float64 });
type Result = { key: number; windowEnd: number; total: number };

const NUMBERS: AggregateSpec[] = [
  {
    name: 'total',
    kind: 'sum',
    input: { kind: 'field', field: 'value' },
    user: null,
    quantile: null,
  },
];
/** The same in an object that changes in place. */
const OBJECTS: AggregateSpec[] = [
  { name: 'total', kind: 'user', input: { kind: 'none' }, user: 0, quantile: null },
];
/** The same in cells, but for those that do not fit. */
const IN_CELLS: AggregateSpec[] = [...OBJECTS];
const SUM = {
  create: () => ({ sum: 0 }),
  add(total: { sum: number; isLess?: true }, row: { value: number }) {
    total.sum += row.value;
    if (row.value < 0) total.isLess = true;
    return total;
  },
  merge(a: { sum: number }, b: { sum: number }) {
    a.sum += b.sum;
    return a;
  },
  result: ({ sum }: { sum: number }) => sum,
};

/** One subtask of a sum over sliding windows of 20 every 10. */
class Rig extends OneSubtask<WindowAggregateOperator, Result> {
  constructor(
    aggregates: AggregateSpec[],
    place: Place = ALONE,
    states: readonly StoredState[] = [],
  ) {
    const operator = new WindowAggregateOperator({
      key: { kind: 'fields', fields: ['key'] },
      window: { kind: 'sliding', time: 'event', sizeMs: 20, slideMs: 10, offsetMs: 0 },
      aggregates,
      shapes: aggregates === IN_CELLS ? [{ names: ['sum'], keptBy: [] }] : [],
      inputSchema: Event,
      functions: aggregates === NUMBERS ? [] : [SUM],
      takesPartials: false,
      lateTo: null,
    });
    super(operator, place, states);
  }

  push(keys: readonly number[], value: number, time: number): void {
    for (let from = 0; from < keys.length; from += 4096) {
      this.operator.processBatch(batchOf(keys.slice(from, from + 4096), value, time));
    }
  }
}

function batchOf(keys: readonly number[], value: number, time: number): Batch {
  const builder = new BatchBuilder(Event, keys.length);
  for (const key of keys) builder.appendRow({ key, value }, time);
  return builder.seal();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const byKey = (a: Result, b: Result): number => a.key - b.key;

for (const [name, aggregates, misfits] of [
  ['numbers', NUMBERS, []],
  ['objects that change in place', OBJECTS, []],
  ['objects in cells', IN_CELLS, []],
  ['objects in cells, but for some', IN_CELLS, [7, 50_000, 99_999]],
] as readonly [string, AggregateSpec[], number[]][]) {
  test(`${name}: records between the steps of a snapshot are not in it, whichever rows they change`, () => {
    const keys = upTo(100_000);
    const rig = new Rig(aggregates);
    rig.push(keys, 1, 5);
    rig.push(misfits, -1, 5);
    rig.barrier();
    let steps = 0;
    // From the end, and all over: rows that are far from being written, and rows that are.
    while (rig.snapshot.isActive) {
      const first = 99_999 - steps * 3000;
      rig.push(
        [first, first - 1, 7, 50_000 + steps, 100_000 + steps].filter((n) => n >= 0),
        100,
        5,
      );
      rig.snapshot.step(true);
      steps++;
    }
    assert.ok(steps > 4, 'it took several steps');
    const again = new Rig(aggregates, ALONE, rig.states());
    again.operator.processWatermark(9);
    assert.equal(again.results.length, keys.length);
    const before = (key: number): number => (misfits.includes(key) ? 0 : 1);
    for (const { key, total } of again.results.sort(byKey)) {
      assert.equal(total, before(key), `key ${key}`);
    }
    rig.operator.processWatermark(9);
    assert.equal(rig.results.find(({ key }) => key === 7)!.total, before(7) + 100 * steps);
  });
}

for (const [what, before, after] of [
  ['in cells are objects where they are to be', IN_CELLS, OBJECTS],
  ['that were objects go to cells', OBJECTS, IN_CELLS],
] as const) {
  test(`accumulators ${what} after a restart`, () => {
    const rig = new Rig(before);
    rig.push(upTo(1000), 2, 5);
    rig.barrier();
    rig.finish();
    const again = new Rig(after, ALONE, rig.states());
    again.push(upTo(1000), 3, 6);
    again.operator.processWatermark(9);
    assert.equal(again.results.length, 1000);
    assert.ok(again.results.every(({ total }) => total === 5));
  });
}

test('a pane that fires while it is being captured is captured whole', () => {
  const rig = new Rig(NUMBERS);
  rig.push(upTo(10_000), 1, 5);
  rig.barrier();
  rig.operator.processWatermark(19);
  // Memory of panes that are gone is used again.
  rig.push(upTo(10_000), 50, 25);
  rig.finish();
  const again = new Rig(NUMBERS, ALONE, rig.states());
  again.operator.processWatermark(9);
  assert.equal(again.results.length, 10_000);
  assert.ok(again.results.every(({ total }) => total === 1));
});

test('a state with the same key twice is refused', () => {
  const rig = new Rig(NUMBERS);
  rig.push([1, 2, 3], 1, 5);
  rig.barrier();
  rig.finish();
  const twice = rig.states().map((state) => ({
    ...state,
    parts: state.parts.map((part) => ({ ...part, blocks: [...part.blocks, ...part.blocks] })),
  }));
  assert.throws(() => new Rig(NUMBERS, ALONE, twice), { code: 'CHECKPOINT_DAMAGED' });
});

for (const restarts of [1, 2, 3]) {
  test(`where subtasks had fired up to different ends, each window of each key fires once: ${restarts} restarts`, () => {
    checkDifferentEnds(restarts);
  });
}

function checkDifferentEnds(restarts: number): void {
  const keys = upTo(200);
  const ownerOf = (key: number): number => subtaskOf(keyGroupOf(murmur(key), GROUPS), 2, GROUPS);
  const rigs = [0, 1].map((subtask) => {
    const rig = new Rig(NUMBERS, { subtask, parallelism: 2 });
    const own = keys.filter((key) => ownerOf(key) === subtask);
    rig.push(own, 1, 5);
    return rig;
  });
  // Only the second has come to the end of the first window.
  rigs[1]!.operator.processWatermark(9);
  for (const rig of rigs) {
    rig.barrier();
    rig.finish();
  }
  const before = rigs.flatMap(({ results }) => results);
  let again = new Rig(NUMBERS, ALONE, statesOf(rigs));
  for (let n = 1; n < restarts; n++) {
    // Time has not come to where it was before.
    again.barrier();
    again.finish();
    again = new Rig(NUMBERS, ALONE, again.states());
  }
  again.operator.processWatermark(19);
  const fired = [...before, ...again.results].map(({ key, windowEnd }) => `${key} ${windowEnd}`);
  assert.deepEqual(fired.sort(), keys.flatMap((key) => [`${key} 10`, `${key} 20`]).sort());
}

test('a subtask goes on beside one that had come to its end, and so has no state in the checkpoint', () => {
  const second = new Rig(NUMBERS, { subtask: 1, parallelism: 2 });
  const own = upTo(10).filter((key) => subtaskOf(keyGroupOf(murmur(key), GROUPS), 2, GROUPS) === 1);
  second.push(own, 1, 5);
  second.barrier();
  second.finish();
  const again = [0, 1].map((subtask) => {
    const rig = new Rig(NUMBERS, { subtask, parallelism: 2 }, second.states());
    rig.operator.processWatermark(9);
    return rig.results.map(({ key }) => key);
  });
  assert.deepEqual(again, [[], own]);
});

test('a record of windows that had all fired before the restart is late, though time begins anew', () => {
  const rig = new Rig(NUMBERS);
  rig.push([1], 1, 5);
  rig.operator.processWatermark(19);
  assert.equal(rig.results.length, 2);
  rig.barrier();
  rig.finish();
  const again = new Rig(NUMBERS, ALONE, rig.states());
  again.push([1], 1, 5);
  again.push([1], 1, 15);
  again.operator.processWatermark(40);
  assert.deepEqual(
    again.results.map(({ windowEnd, total }) => [windowEnd, total]),
    [[30, 1]],
  );
  assert.equal(again.metrics.lateRecords, 1, 'it is counted');
});

/** One subtask of a sum over sessions with a gap of 10, which are kept for a while behind their ends. */
class Sessions extends OneSubtask<GeneralWindowOperator, Result> {
  constructor(latenessMs: number, states: readonly StoredState[] = []) {
    const operator = createGeneralWindow({
      key: { kind: 'fields', fields: ['key'] },
      window: {
        assigner: { kind: 'session', time: 'event', gapMs: 10 },
        assignBy: null,
        trigger: { kind: 'eventTime' },
        evictor: null,
        latenessMs,
        work: { kind: 'aggregate', aggregates: NUMBERS, process: null },
        states: [],
      },
      inputSchema: Event,
      functions: [],
      emits: null,
      lateTo: null,
    });
    super(operator, ALONE, states);
  }

  ends(): number[][] {
    return this.results.map(({ key, windowEnd }) => [key, windowEnd]);
  }
}

test('windows that have fired and were kept for late records do not fire again where none are awaited any more', () => {
  const rig = new Sessions(100);
  rig.operator.processBatch(batchOf([1, 2], 1, 0), 0);
  rig.operator.processWatermark(9);
  rig.operator.processBatch(batchOf([2, 3], 1, 50), 0);
  rig.barrier();
  rig.finish();
  assert.deepEqual(rig.ends(), [
    [1, 10],
    [2, 10],
  ]);
  const again = new Sessions(0, rig.states());
  again.operator.processWatermark(100);
  assert.deepEqual(again.ends(), [
    [2, 60],
    [3, 60],
  ]);
});

test('sessions that end while they are being captured are captured whole', () => {
  const keys = upTo(10_000);
  const push = (rig: Sessions, value: number, time: number): void => {
    for (let from = 0; from < keys.length; from += 4096) {
      rig.operator.processBatch(batchOf(keys.slice(from, from + 4096), value, time), 0);
    }
  };
  const rig = new Sessions(0);
  push(rig, 1, 5);
  rig.barrier();
  rig.operator.processWatermark(14);
  assert.equal(rig.results.length, keys.length);
  // Slots of windows that are over are used again.
  push(rig, 50, 100);
  rig.finish();
  const again = new Sessions(0, rig.states());
  again.operator.processWatermark(14);
  assert.equal(again.results.length, keys.length);
  assert.ok(again.results.every(({ total, windowEnd }) => total === 1 && windowEnd === 15));
});

test('a session that becomes the last opened of its key, as later ones are joined to others, is captured as it was', () => {
  const rig = new Sessions(0);
  const push = (...times: readonly number[]): void => {
    for (const time of times) rig.operator.processBatch(batchOf([1], 1, time), 0);
  };
  push(160, 260, 360, 460, 1000, 175, 275, 375, 475);
  rig.barrier();
  const builder = new BatchBuilder(Event, 5);
  for (const time of [468, 368, 268, 168, 1005]) builder.appendRow({ key: 1, value: 100 }, time);
  rig.operator.processBatch(builder.seal(), 0);
  rig.finish();
  const again = new Sessions(0, rig.states());
  again.operator.processWatermark(2000);
  const found = again.results.map(({ windowEnd, total }) => [windowEnd, total]);
  assert.deepEqual(
    found.sort(([a], [b]) => a! - b!),
    [170, 185, 270, 285, 370, 385, 470, 485, 1010].map((end) => [end, 1]),
  );
});

test('more windows than a batch of a snapshot has rows are captured before a batch that changes them all', () => {
  const keys = upTo(10_000);
  const rig = new Sessions(0);
  rig.operator.processBatch(batchOf(keys, 1, 5), 0);
  rig.barrier();
  rig.operator.processBatch(batchOf(keys, 50, 6), 0);
  rig.finish();
  const again = new Sessions(0, rig.states());
  again.operator.processWatermark(100);
  assert.equal(again.results.length, keys.length);
  assert.ok(again.results.every(({ total, windowEnd }) => total === 1 && windowEnd === 15));
});
