/** Time to live of state: case 8 of the semantics, by the tables and in every mode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../../src/api/emits.ts';
import {
  aggregating,
  list,
  map,
  reducing,
  type StateDescriptors,
  type StateHandles,
  type TtlOptions,
  value,
} from '../../../src/api/state.ts';
import { record, t } from '../../../src/data/schema.ts';
import { inEveryMode } from '../../modes.ts';
import { StatesRig } from './states-rig.ts';

const TTL: Readonly<Record<string, TtlOptions>> = {
  'refreshed by writes, never expired': { duration: 100 },
  'refreshed by writes, until cleaned': { duration: 100, visibility: 'untilCleaned' },
  'refreshed by reads too, never expired': { duration: 100, refresh: 'onReadAndWrite' },
  'refreshed by reads too, until cleaned': {
    duration: 100,
    refresh: 'onReadAndWrite',
    visibility: 'untilCleaned',
  },
  'longer than all time': { duration: 2 ** 63 },
};

/** A write of a value, or a read and what it has to give; null for nothing. */
type Step = { readonly at: number; readonly write?: number; readonly read?: number | null };

const TIMELINES: Readonly<Record<string, readonly Step[]>> = {
  'refreshed by writes, never expired': [
    { at: 0, write: 1 },
    { at: 20, read: 1 },
    { at: 50, write: 2 },
    { at: 120, read: 2 },
    { at: 170, write: 3 },
    { at: 220, read: 3 },
    { at: 269, read: 3 },
    { at: 270, read: null },
    { at: 300, read: null },
  ],
  'refreshed by writes, until cleaned': [
    { at: 0, write: 1 },
    { at: 120, read: 1 },
    { at: 120, read: null },
    { at: 130, write: 2 },
    { at: 229, read: 2 },
    { at: 230, read: 2 },
    { at: 230, read: null },
  ],
  'refreshed by reads too, never expired': [
    { at: 0, write: 1 },
    { at: 50, read: 1 },
    { at: 120, read: 1 },
    { at: 220, read: null },
    { at: 250, read: null },
  ],
  'refreshed by reads too, until cleaned': [
    { at: 0, write: 1 },
    { at: 50, read: 1 },
    { at: 170, read: 1 },
    { at: 170, read: null },
  ],
  'longer than all time': [
    { at: 10, write: 1 },
    { at: 50, read: 1 },
    { at: 1e15, read: 1 },
  ],
};

/** Each kind of state, written and read as one value. */
function kindsOf(ttl: TtlOptions) {
  return {
    value: value(t.float64, { ttl }),
    text: value(t.string, { ttl }),
    list: list(t.int32, { ttl }),
    map: map(t.string, t.int32, { ttl }),
    entries: map(t.string, t.int32, { ttl }),
    reducing: reducing(t.float64, (_, last) => last, { ttl }),
    aggregating: aggregating(
      { create: () => 0, add: (_, n: number) => n, result: (n) => n },
      { ttl },
    ),
  };
}

type Kinds = StateHandles<ReturnType<typeof kindsOf>>;

function write(state: Kinds, n: number): void {
  state.value.set(n);
  state.text.set(String(n));
  state.list.set([n]);
  state.map.set('k', n);
  state.entries.set('k', n);
  state.reducing.add(n);
  state.aggregating.add(n);
}

/** What each kind gives; all have to give the same. */
function read(state: Kinds): (number | null)[] {
  const text = state.text.get();
  return [
    state.value.get() ?? null,
    text === undefined ? null : Number(text),
    state.list.get()[0] ?? null,
    state.map.get('k') ?? null,
    state.entries.entries()[0]?.[1] ?? null,
    state.reducing.get() ?? null,
    state.aggregating.get() ?? null,
  ];
}

const Op = record({ key: t.int32, write: t.nullable(t.int32) });

for (const [name, ttl] of Object.entries(TTL)) {
  const timeline = TIMELINES[name]!;

  test(`${name}: the timeline, and nothing is left of what was read as expired`, () => {
    const rig = new StatesRig(kindsOf(ttl));
    for (const step of timeline) {
      const state = rig.of(1, step.at);
      if (step.write !== undefined) write(state, step.write);
      else assert.deepEqual(new Set(read(state)), new Set([step.read]), `at ${step.at}`);
      rig.leave();
      assert.equal(rig.states.keyCount, step.read === null ? 0 : rig.states.keyCount);
    }
  });

  inEveryMode(
    `${name}: a snapshot and restart after each step changes nothing`,
    Op,
    (ops) =>
      ops.keyBy('key').process({
        emits: type<(number | null)[]>(),
        state: kindsOf(ttl),
        onRecord(op, ctx) {
          if (op.write !== null) write(ctx.state, op.write);
          else ctx.emit(read(ctx.state));
        },
      }),
    async (h) => {
      for (const step of timeline) {
        h.processingTime(step.at);
        h.push({ key: 1, write: step.write ?? null });
        const got = h.takeRecords();
        if (step.write !== undefined) assert.deepEqual(got, []);
        else assert.deepEqual(new Set(got[0]), new Set([step.read]), `at ${step.at}`);
        await h.restart();
      }
    },
  );
}

const TTL_100 = { duration: 100 } as const;
const SHOWN = { duration: 100, visibility: 'untilCleaned' } as const;

test('what is expired is removed when it is read', () => {
  for (const [name, state] of Object.entries(kindsOf(TTL_100))) {
    const rig = new StatesRig({ state } as StateDescriptors);
    const handle = rig.of(1, 0).state as Kinds['value'] & Kinds['list'] & Kinds['map'];
    const put: Readonly<Record<string, () => void>> = {
      value: () => handle.set(1),
      text: () => (handle.set as (text: unknown) => void)('1'),
      list: () => handle.addAll([1]),
      map: () => (handle.set as (key: unknown, n: number) => void)('k', 1),
      entries: () => (handle.set as (key: unknown, n: number) => void)('k', 1),
      reducing: () => handle.add(1),
      aggregating: () => handle.add(1),
    };
    put[name]!();
    const { slot } = rig;
    const table = rig.states.handles.state!;
    rig.of(1, 99);
    assert.ok(table.holds(slot), name);
    rig.of(1, 100);
    assert.ok(table.holds(slot), name);
    (handle.get as (key: unknown) => unknown)('k');
    assert.ok(!table.holds(slot), name);
    rig.leave();
    assert.equal(rig.states.keyCount, 0, name);
  }
});

test('elements of a list and entries of a map expire each on its own', () => {
  for (const ttl of [TTL_100, SHOWN]) {
    const states = { list: list(t.int32, { ttl }), map: map(t.int32, t.string, { ttl }) };
    let rig = new StatesRig(states);
    const save = (now: number): void => {
      rig = new StatesRig(states, rig.save(), now);
    };
    for (const [n, at] of [
      [1, 0],
      [2, 40],
      [3, 80],
    ] as const) {
      rig.of(7, at).list.add(n);
      rig.of(7, at).map.set(n, `n${n}`);
      save(at);
    }
    const isShown = 'visibility' in ttl;
    assert.deepEqual(rig.of(7, 120).list.get(), isShown ? [1, 2, 3] : [2, 3]);
    assert.deepEqual(rig.of(7, 120).list.get(), [2, 3]);
    assert.equal(rig.of(7, 120).map.get(1), isShown ? 'n1' : undefined);
    assert.equal(rig.of(7, 120).map.get(1), undefined);
    assert.deepEqual(rig.of(7, 120).map.keys(), [2, 3]);
    save(120);
    assert.equal(rig.of(7, 150).map.has(2), isShown);
    assert.equal(rig.of(7, 150).map.has(2), false);
    assert.equal(rig.of(7, 150).map.size, 1);
    assert.equal(rig.of(7, 150).list.get().length, isShown ? 2 : 1);
    // A write begins the time of its entry anew, and of no other.
    rig.of(7, 160).map.set(4, 'n4');
    rig.of(7, 160).list.add(4);
    assert.equal(rig.of(7, 179).map.delete(3), true);
    assert.deepEqual(rig.of(7, 200).map.entries(), [[4, 'n4']]);
    if (!isShown) assert.deepEqual(rig.of(7, 200).list.get(), [4]);
  }
});

test('reads begin the time of all elements and entries anew where that is asked for', () => {
  const ttl = { duration: 100, refresh: 'onReadAndWrite' } as const;
  const rig = new StatesRig({ list: list(t.int32, { ttl }), map: map(t.int32, t.int32, { ttl }) });
  rig.of(1, 0).list.addAll([1, 2]);
  rig.of(1, 0).map.set(1, 1);
  rig.of(1, 0).map.set(2, 2);
  assert.deepEqual(rig.of(1, 90).list.get(), [1, 2]);
  assert.equal(rig.of(1, 90).map.get(1), 1);
  assert.deepEqual(rig.of(1, 180).list.get(), [1, 2]);
  assert.deepEqual(rig.of(1, 180).map.entries(), [[1, 1]]);
});

test('what is added to is what has not expired', () => {
  const kinds = (ttl: TtlOptions) => ({
    reducing: reducing(t.float64, (a, b) => a + b, { ttl }),
    aggregating: aggregating(
      { create: () => 0, add: (sum, n: number) => sum + n, result: (sum) => sum },
      { ttl },
    ),
  });
  const rig = new StatesRig(kinds(TTL_100));
  // As in the case of windows that are merged: what was written at 120 and 150 survives, what was at 0 does not.
  for (const [n, at] of [
    [1, 0],
    [10, 120],
    [100, 150],
  ] as const) {
    rig.of(1, at).reducing.add(n);
    rig.of(1, at).aggregating.add(n);
  }
  assert.equal(rig.of(1, 230).reducing.get(), 110);
  assert.equal(rig.of(1, 230).aggregating.get(), 110);
});

test('5 keys are looked at by each access, so that what has expired goes without being read', () => {
  const states = { value: value(t.int32, { ttl: TTL_100 }), list: list(t.int32, { ttl: TTL_100 }) };
  const rig = new StatesRig(states);
  for (let key = 0; key < 50; key++) {
    rig.of(key, 0).value.set(key);
    rig.of(key, 0).list.add(key);
  }
  assert.equal(rig.of(100, 99).value.get(), undefined);
  rig.leave();
  assert.equal(rig.states.keyCount, 50);
  let accesses = 0;
  for (; rig.states.keyCount > 0; accesses++) {
    rig.of(100, 200).value.get();
    rig.of(100, 200).list.get();
    rig.leave();
    assert.ok(accesses < 25);
  }
  assert.ok(accesses >= 9, `${accesses}`);
});

test('no keys are looked at where that is switched off', () => {
  const ttl = { duration: 100, cleanup: { incremental: 0 } } as const;
  const rig = new StatesRig({ value: value(t.int32, { ttl }) });
  for (let key = 0; key < 10; key++) rig.of(key, 0).value.set(key);
  for (let n = 0; n < 50; n++) rig.of(100, 200).value.get();
  rig.leave();
  assert.equal(rig.states.keyCount, 10);
});

test('restored state has nothing that has expired, even when the clock goes back', () => {
  const states = kindsOf(SHOWN);
  const rig = new StatesRig(states);
  write(rig.of(1, 0), 1);
  write(rig.of(2, 60), 2);
  rig.of(3, 120);
  const restored = new StatesRig(states, rig.save(), 50);
  assert.equal(restored.states.keyCount, 1);
  assert.deepEqual(new Set(read(restored.of(1, 50))), new Set([null]));
  assert.deepEqual(new Set(read(restored.of(2, 50))), new Set([2]));
});

test('what expires while the job is down is not restored', () => {
  const ttl = { ...SHOWN, cleanup: { onSnapshot: false } };
  const rig = new StatesRig(kindsOf(ttl));
  write(rig.of(1, 0), 1);
  write(rig.of(2, 60), 2);
  const saved = rig.save();
  const later = new StatesRig(kindsOf(ttl), saved, 120);
  assert.equal(later.states.keyCount, 1);
  const atOnce = new StatesRig(kindsOf(ttl), saved, 60);
  assert.equal(atOnce.states.keyCount, 2);
});

test('a time to live may come and go between a snapshot and its restore', () => {
  const rig = new StatesRig({ a: value(t.int32), b: list(t.int32), c: map(t.int32, t.int32) });
  const fill = ({ a, b, c }: ReturnType<typeof rig.of>): void => {
    a.set(1);
    b.add(1);
    c.set(1, 1);
  };
  fill(rig.of(1, 0));
  const ttl = TTL_100;
  const withTtl = {
    a: value(t.int32, { ttl }),
    b: list(t.int32, { ttl }),
    c: map(t.int32, t.int32, { ttl }),
  };
  const read = ({ a, b, c }: ReturnType<typeof rig.of>): unknown => [a.get(), b.get(), c.get(1)];
  const limited = new StatesRig(withTtl, rig.save(), 1000);
  assert.deepEqual(read(limited.of(1, 1099)), [1, [1], 1]);
  const saved = limited.save();
  assert.deepEqual(read(limited.of(1, 1100)), [undefined, [], undefined]);
  const unlimited = new StatesRig(
    { a: value(t.int32), b: list(t.int32), c: map(t.int32, t.int32) },
    saved,
    5000,
  );
  assert.deepEqual(read(unlimited.of(1, 9000)), [1, [1], 1]);
});
