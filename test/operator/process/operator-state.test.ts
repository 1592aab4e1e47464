/** Operator state of process functions without keys: what each subtask has, and gets back, whatever their number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type } from '../../../src/api/emits.ts';
import {
  type OperatorStateDescriptors,
  operatorStateSpecs,
  unionList,
} from '../../../src/api/operator-state.ts';
import { list, map, value } from '../../../src/api/state.ts';
import type { Stream } from '../../../src/api/stream.ts';
import { record, t } from '../../../src/data/schema.ts';
import { OperatorStates } from '../../../src/operator/process/operator-states.ts';
import { type StoredState, StoredStates } from '../../../src/task/restored-state.ts';
import { SubtaskSnapshot } from '../../../src/task/subtask-snapshot.ts';
import { type Harness, harness } from '../../../src/testing/harness.ts';
import { harness2 } from '../../../src/testing/harness2.ts';
import { MemorySnapshots } from '../../../src/testing/memory-snapshot.ts';
import { inEveryMode, MODES } from '../../modes.ts';

const Item = record({ id: t.int32 });
type Item = { id: number };

/** Batches of three items; what is left waits. */
function batches(items: Stream<Item>) {
  return items.process({
    emits: type<readonly number[]>(),
    operatorState: { waiting: list(Item) },
    onRecord(item, ctx) {
      const { waiting } = ctx.operatorState;
      waiting.add(item);
      const all = waiting.get();
      if (all.length < 3) return;
      ctx.emit(all.map(({ id }) => id));
      waiting.clear();
    },
  });
}

inEveryMode('a list of its own', Item, batches, async (h, { parallelism, restartEach }) => {
  for (let id = 0; id < 20; id++) h.push({ id }, id);
  await h.end();
  const taken = h.takeRecords().flat();
  assert.equal(new Set(taken).size, taken.length);
  // Which subtask holds what depends on where rows went, but each holds two at most.
  if (restartEach === undefined) assert.ok(taken.length >= 20 - 2 * parallelism);
  if (parallelism === 1)
    assert.deepEqual(
      taken,
      Array.from({ length: 18 }, (_, id) => id),
    );
});

/** Each subtask tells at its start what it was given. */
function told(items: Stream<Item>, log: { list: number[][]; union: number[][] }) {
  return items.process({
    emits: type<number>(),
    operatorState: { held: list(t.int32), all: unionList(t.int32) },
    open({ operatorState, subtask, parallelism }) {
      // There may have been more of them before a restart.
      log.list.length = parallelism;
      log.union.length = parallelism;
      log.list[subtask] = operatorState.held.get();
      log.union[subtask] = operatorState.all.get();
      // All of them are with every subtask: the first keeps them.
      if (subtask > 0) operatorState.all.clear();
    },
    onRecord({ id }, ctx) {
      ctx.operatorState.held.add(id);
      ctx.operatorState.all.add(id);
    },
  });
}

test('a list is spread evenly and a union comes to all, 1 → 2 → 3 → 1', async () => {
  const log: { list: number[][]; union: number[][] } = { list: [], union: [] };
  const h = await harness<Item, number>((items) => told(items, log), { schema: Item });
  for (let id = 0; id < 5; id++) h.push({ id });
  for (const parallelism of [2, 3, 1]) {
    await h.restart({ parallelism });
    const sizes = log.list.map(({ length }) => length).sort();
    assert.deepEqual(sizes, { 1: [5], 2: [2, 3], 3: [1, 2, 2] }[parallelism]);
    assert.deepEqual(log.list.flat().sort(), [0, 1, 2, 3, 4]);
    for (const union of log.union) assert.deepEqual(union, [0, 1, 2, 3, 4]);
    assert.equal(log.union.length, parallelism);
  }
});

test('with as many subtasks as before each has its own list again', async () => {
  const log: { list: number[][]; union: number[][] } = { list: [], union: [] };
  const h = await harness<Item, number>(
    (items) =>
      told(
        items.partitionCustom((id, subtasks) => Math.min(Number(id), subtasks - 1), 'id'),
        log,
      ),
    { schema: Item, parallelism: 2 },
  );
  for (let id = 0; id < 5; id++) h.push({ id });
  for (let restarts = 0; restarts < 2; restarts++) {
    await h.restart({ parallelism: 2 });
    assert.deepEqual(log.list, [[0], [1, 2, 3, 4]]);
    for (const union of log.union) assert.deepEqual(union, [0, 1, 2, 3, 4]);
  }
});

test('what a subtask had that has ended is in every later snapshot', async () => {
  const log: { list: number[][]; union: number[][] } = { list: [], union: [] };
  const h = await harness2<Item, number, number>((items, others) =>
    told(items.global(), log).union(others),
  );
  h.pushFirst({ id: 1 });
  h.pushFirst({ id: 2 });
  await h.endFirst();
  for (const parallelism of [1, 2, 1]) {
    h.pushSecond(3);
    await h.restart({ parallelism });
    assert.deepEqual(log.list.flat(), [1, 2]);
    for (const union of log.union) assert.deepEqual(union, [1, 2]);
  }
});

test('no element of a list is lost or comes twice, whatever is added and restarted', async () => {
  const step = fc.record({
    add: fc.integer({ min: 0, max: 5 }),
    restart: fc.constantFrom(0, 1, 2, 3, 7),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom(...MODES),
      async (steps, { isTyped, ...options }) => {
        const log: { list: number[][]; union: number[][] } = { list: [], union: [] };
        const h: Harness<Item, number> = await harness((items) => told(items, log), {
          ...options,
          ...(isTyped ? { schema: Item } : {}),
        });
        let next = 0;
        for (const { add, restart } of steps) {
          for (let n = 0; n < add; n++) h.push({ id: next++ });
          await h.restart({ parallelism: restart || 1 });
          const expected = Array.from({ length: next }, (_, id) => id);
          const inOrder = (ids: number[]): number[] => ids.sort((a, b) => a - b);
          assert.deepEqual(inOrder(log.list.flat()), expected);
          for (const union of log.union) assert.deepEqual(inOrder(union), expected);
        }
      },
    ),
    { numRuns: 100 },
  );
});

/** What the states of one subtask write, and others read again. */
function reloaded(
  from: OperatorStateDescriptors,
  to: OperatorStateDescriptors,
  fill: (lists: OperatorStates['lists']) => void,
) {
  const before = new OperatorStates(operatorStateSpecs(from), []);
  fill(before.lists);
  const snapshots = new MemorySnapshots();
  const snapshot = new SubtaskSnapshot(0, snapshots);
  snapshot.begin(1);
  before.save(snapshot.writer(0, 1));
  snapshot.step(true);
  const stored: readonly StoredState[] =
    snapshots.statesOf(1, () => ({ index: 0, parallelism: 1 }), new Map()).get(0) ?? [];
  const after = new OperatorStates(operatorStateSpecs(to), []);
  after.restore(new StoredStates(stored, { subtask: 0, parallelism: 1, maxParallelism: 128 }));
  return after.lists;
}

test('more elements than a batch has, and objects of any shape', () => {
  const ids = Array.from({ length: 10_000 }, (_, id) => id);
  const objects = [{ a: new Date(1) }, new Map([[1, -0]]), undefined, 'x', 5n];
  const of = { ids: list(t.int32), any: unionList(type<unknown>()) };
  const lists = reloaded(of, of, (filled) => {
    filled.ids!.addAll(ids);
    filled.any!.set(objects);
  });
  assert.deepEqual(lists.ids!.get(), ids);
  assert.deepEqual(lists.any!.get(), objects);
});

test('fields of elements come and go; other types are refused', () => {
  const V1 = { l: list(record({ id: t.int32, old: t.string })) };
  const fill = (lists: OperatorStates['lists']): void => lists.l!.add({ id: 1, old: 'x' });
  const V2 = { l: list(record({ id: t.int32, note: t.nullable(t.string) })) };
  assert.deepEqual(reloaded(V1, V2, fill).l!.get(), [{ id: 1, note: null }]);
  for (const other of [record({ id: t.string }), record({ id: t.int32, n: t.int32 }), t.int32]) {
    assert.throws(() => reloaded(V1, { l: list(other as never) }, fill), {
      code: 'STATE_INCOMPATIBLE',
      message: /state 'l'/,
    });
  }
});

test('an element that is wrong leaves the list as it was', async () => {
  const { lists } = new OperatorStates(operatorStateSpecs({ l: list(t.int32) }), []);
  lists.l!.add(1);
  for (const wrong of [
    () => lists.l!.add('x'),
    () => lists.l!.addAll([2, 'x']),
    () => lists.l!.set([3, null]),
  ]) {
    assert.throws(wrong, { code: 'FIELD_TYPE', message: /state 'l'/ });
    assert.deepEqual(lists.l!.get(), [1]);
  }
  lists.l!.addAll(lists.l!.get());
  assert.deepEqual(lists.l!.get(), [1, 1]);
});

test('an element that cannot be written names its state and step', async () => {
  const h = await harness<Item>((items) =>
    items
      .process({
        emits: type<number>(),
        operatorState: { l: list(type<() => void>()) },
        onRecord: (_, ctx) => ctx.operatorState.l.add(() => {}),
      })
      .name('keeps functions'),
  );
  h.push({ id: 1 });
  await assert.rejects(h.restart(), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: /keeps functions.*state 'l'/s,
  });
});

test('operator state is made of lists', async () => {
  const states: readonly object[] = [
    { s: value(t.int32) },
    { s: map(t.string, t.int32) },
    { s: list(t.int32, { ttl: '1 h' }) },
    { s: 1 },
  ];
  for (const operatorState of states) {
    const process = { emits: type<number>(), operatorState, onRecord() {} };
    await assert.rejects(
      harness<Item>((items) => items.process(process as never)),
      {
        code: 'JOB_DEFINITION',
        message: /process: operatorState 's' is made by list\(\.\.\.\) or unionList\(\.\.\.\)/,
      },
    );
  }
  const process = { emits: type<number>(), state: { s: unionList(t.int32) }, onRecord() {} };
  await assert.rejects(
    harness<Item>((items) => items.keyBy('id').process(process as never)),
    {
      code: 'JOB_DEFINITION',
      message: /process: state 's' is made by value/,
    },
  );
});
