/** Snapshots of keyed state: what they hold while the state goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type } from '../../../src/api/emits.ts';
import { aggregating, list, map, reducing, value } from '../../../src/api/state.ts';
import { Random } from '../../../src/base/random.ts';
import { record, t } from '../../../src/data/schema.ts';
import type { ValueState } from '../../../src/state/handles.ts';
import { collector } from '../../collector.ts';
import { anyValue } from '../../data/values.ts';
import { StatesRig } from './states-rig.ts';

const STATES = {
  count: value(t.float64),
  text: value(t.string),
  any: value(type<{ n: number }>()),
  all: list(t.int32),
  by: map(t.string, t.int32),
};

/** What a key has. */
type Model = {
  count: number | undefined;
  text: string | undefined;
  any: { n: number } | undefined;
  all: number[];
  by: [string, number][];
  event: number[];
  processing: number[];
};

function dump(rig: StatesRig<typeof STATES>, key: number): Model {
  const { count, text, any, all, by } = rig.of(key);
  const { states, slot } = rig;
  const inOrder = (times: number[]): number[] => times.sort((a, b) => a - b);
  const model = {
    count: count.get(),
    text: text.get(),
    any: structuredClone(any.get()),
    all: all.get(),
    by: by.entries(),
    event: inOrder(states.eventTimers.timesOf(slot)),
    processing: inOrder(states.processingTimers.timesOf(slot)),
  };
  rig.leave();
  return model;
}

/** Does something to a key. */
function change(rig: StatesRig<typeof STATES>, key: number, random: Random): void {
  const { count, text, any, all, by } = rig.of(key);
  const { states, slot } = rig;
  const n = random.below(100);
  const changes: (() => void)[] = [
    () => count.set(n),
    () => text.set(`text ${n}`),
    () => any.set({ n }),
    () => {
      // What a user is not to rely on, but a snapshot must not see either.
      const held = any.get();
      if (held !== undefined) held.n = -n;
    },
    () => all.add(n),
    () => by.set(`k${n % 5}`, n),
    () => void by.delete(`k${n % 5}`),
    () => void states.eventTimers.add(slot, n),
    () => void states.processingTimers.add(slot, n),
    () => {
      for (const state of [count, text, any, all, by]) state.clear();
      for (const timers of [states.eventTimers, states.processingTimers]) {
        for (const time of timers.timesOf(slot)) timers.remove(slot, time);
      }
    },
  ];
  changes[random.below(changes.length)]!();
  rig.leave();
}

test('a snapshot holds what was there when it began, while keys change, go and come', () => {
  const KEYS = 10_000;
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const rig = new StatesRig(STATES);
    for (let n = 0; n < 3 * KEYS; n++) change(rig, random.below(KEYS), random);
    const expected = Array.from({ length: KEYS }, (_, key) => dump(rig, key));
    const keyCount = rig.states.keyCount;
    const { saved, step } = rig.begin();
    let steps = 0;
    while (!step()) {
      steps++;
      for (let n = 0; n < 5; n++) change(rig, random.below(KEYS + 1000), random);
    }
    assert.ok(steps > 3, `it was written in ${steps} steps`);
    const restored = new StatesRig(STATES, saved);
    assert.equal(restored.states.keyCount, keyCount);
    for (let key = 0; key < KEYS; key++) assert.deepEqual(dump(restored, key), expected[key]);
    assert.equal(restored.states.keyCount, keyCount);
  }
});

test('a snapshot holds what was there when it began, while all keys are visited and changed', () => {
  const rig = new StatesRig({ count: value(t.float64) });
  const KEYS = 3000;
  rig.fill(KEYS, ({ count }) => count.set(1));
  rig.leave();
  const { saved, step } = rig.begin();
  step();
  const { count } = rig.states.handles as unknown as { count: ValueState<number> };
  let visited = 0;
  rig.states.forEachSlot(rig.states.handles.count!, () => {
    if (visited++ % 2 === 0) count.set(2);
    else count.clear();
  });
  rig.leave();
  assert.equal(visited, KEYS);
  assert.equal(rig.states.keyCount, KEYS / 2);
  while (!step());
  const restored = new StatesRig({ count: value(t.float64) }, saved);
  assert.equal(restored.states.keyCount, KEYS);
  restored.fill(KEYS, (state) => assert.equal(state.count.get(), 1));
});

test('a key without state and timers is in no snapshot, and has no slot', () => {
  const rig = new StatesRig(STATES);
  rig.of(1).count.set(1);
  rig.of(2).count.get();
  rig.of(3).all.set([]);
  rig.of(4).by.set('a', 1);
  rig.of(4).by.delete('a');
  rig.of(1).count.clear();
  const saved = rig.save();
  assert.equal(rig.states.keyCount, 0);
  assert.deepEqual([...saved.values()], []);
});

test('slots are used again: keys that come and go take no more memory', () => {
  const rig = new StatesRig({ count: value(t.float64), all: list(t.int32) });
  for (let key = 0; key < 20_000; key++) {
    rig.of(key).count.set(key);
    rig.of(key).all.add(key);
    if (key < 10) continue;
    rig.of(key - 10).count.clear();
    rig.of(key - 10).all.clear();
  }
  rig.leave();
  assert.equal(rig.states.keyCount, 10);
  assert.ok(rig.states.scope.slotCount <= 13, `${rig.states.scope.slotCount} slots`);
});

test('an accumulator of a class is refused unless it is packed', () => {
  class Sum {
    n = 0;
  }
  const rig = new StatesRig({
    sum: aggregating({
      create: () => new Sum(),
      add: (sum, n: number) => Object.assign(sum, { n: sum.n + n }),
      result: ({ n }) => n,
    }),
  });
  rig.of(1).sum.add(1);
  assert.throws(() => rig.save(), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: /state 'sum'.*pack/s,
  });
});

test('a value that cannot be written names its state', () => {
  const rig = new StatesRig({ code: value(type<() => void>()) });
  rig.of(1).code.set(() => {});
  assert.throws(() => rig.save(), { code: 'VALUE_NOT_TRANSFERABLE', message: /^state 'code'/ });
});

test('values of any type come out as they went in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyValue, fc.anything({ withBigInt: true, withMap: true }))),
      (all) => {
        const rig = new StatesRig({ v: value(type<unknown>()), l: list(type<unknown>()) });
        rig.of(1).l.addAll(all);
        for (const [i, one] of all.entries()) rig.of(i).v.set(one);
        const restored = new StatesRig(
          { v: value(type<unknown>()), l: list(type<unknown>()) },
          rig.save(),
        );
        assert.deepEqual(restored.of(1).l.get(), structuredClone(all));
        all.forEach((one, i) => {
          assert.deepEqual(restored.of(i).v.get(), structuredClone(one));
        });
      },
    ),
    { numRuns: 100 },
  );
});

test('a date without a time stays one', () => {
  const rig = new StatesRig({ v: value(type<Date>()), l: list(t.date) });
  rig.of(1).v.set(new Date(NaN));
  rig.of(1).l.add(new Date(NaN));
  const restored = new StatesRig({ v: value(type<Date>()), l: list(t.date) }, rig.save()).of(1);
  for (const date of [restored.v.get(), restored.l.get()[0]]) {
    assert.ok(date instanceof Date);
    assert.ok(Number.isNaN(date.getTime()));
  }
});

test('a key with two numbers takes at most 40 bytes, however many there are', async () => {
  const collect = collector();
  for (const count of [60_000, 100_000, 200_000, 400_000]) {
    await collect();
    const before = process.memoryUsage().arrayBuffers;
    const rig = new StatesRig({ count: value(t.float64), sum: value(t.float64) });
    rig.fill(count, (state) => {
      state.count.set(1);
      state.sum.set(2);
    });
    await collect();
    const bytes = process.memoryUsage().arrayBuffers - before;
    assert.equal(rig.states.keyCount, count);
    assert.ok(bytes / count <= 40, `${bytes / count} bytes a key for ${count} keys`);
  }
});

const Item = record({
  id: t.int64,
  n: t.int32,
  at: t.nullable(t.date),
  note: t.nullable(t.string),
});
const OF_ITEMS = {
  value: value(Item),
  packed: value(record({ n: t.int32, note: t.string })),
  lasting: value(Item, { ttl: '1 h' }),
  list: list(Item),
  map: map(t.int32, Item),
  reduced: reducing(Item, (a, b) => ({ ...a, n: a.n | b.n })),
  ints: list(t.int32),
  dates: map(t.date, t.nullable(t.date)),
};

test('typed state gives the same before and behind a restart: declared fields, and no -0 of int32', () => {
  const dumped = (rig: StatesRig<typeof OF_ITEMS>): unknown[] => {
    const states = rig.of(1);
    return [
      states.value.get(),
      states.packed.get(),
      states.lasting.get(),
      states.list.get(),
      states.map.entries(),
      states.reduced.get(),
      states.ints.get(),
      states.dates.entries(),
    ];
  };
  const rig = new StatesRig(OF_ITEMS);
  const states = rig.of(1);
  const at = new Date(5);
  const given = { more: 1, id: 1n, n: -0, at, note: 'text' };
  states.value.set(given);
  states.packed.set(given);
  states.lasting.set(given);
  states.list.set([given]);
  states.list.add({ ...given, at: null, note: null });
  states.list.addAll([given]);
  states.map.set(-0, given);
  states.reduced.add(given);
  states.reduced.add(given);
  states.ints.add(-0);
  states.dates.set(at, at);
  given.n = 7;
  given.at.setTime(6);
  const before = dumped(rig);
  const item = { id: 1n, n: 0, at: new Date(5), note: 'text' };
  assert.deepStrictEqual(before, [
    item,
    { n: 0, note: 'text' },
    item,
    [item, { ...item, at: null, note: null }, item],
    [[0, item]],
    item,
    [0],
    [[new Date(5), new Date(5)]],
  ]);
  assert.deepStrictEqual(dumped(new StatesRig(OF_ITEMS, rig.save())), before);
});

test('a field of a record may be called __proto__', () => {
  const Odd = record({ ['__proto__']: t.nullable(t.string), n: t.int32 });
  const rig = new StatesRig({ value: value(Odd), list: list(Odd) });
  const states = rig.of(1);
  const odd = { ['__proto__']: 'text', n: 1 };
  states.value.set(odd);
  states.list.add(odd);
  for (const restarted of [
    rig,
    new StatesRig({ value: value(Odd), list: list(Odd) }, rig.save()),
  ]) {
    const { value: one, list: all } = restarted.of(1);
    assert.deepStrictEqual(one.get(), odd);
    assert.deepStrictEqual(all.get(), [odd]);
  }
});
