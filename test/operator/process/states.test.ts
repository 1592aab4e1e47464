/** State of each kind against an obvious model of it, by random operations, in every mode. */
import assert from 'node:assert/strict';
import { type } from '../../../src/api/emits.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import {
  aggregating,
  list,
  map,
  reducing,
  type StateDescriptor,
  value,
} from '../../../src/api/state.ts';
import { Random } from '../../../src/base/random.ts';
import { record, t } from '../../../src/data/schema.ts';
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../../../src/state/handles.ts';
import { inEveryMode } from '../../modes.ts';

const Op = record({ key: t.string, what: t.int32, n: t.int32 });
type Op = { key: string; what: number; n: number };

const COUNT = 50;
const aside = sideOutput<{ n: number }>('aside');

/** Operations on a few keys; `n` says on what. */
function operations(seed: number): Op[] {
  const random = new Random(seed);
  return Array.from({ length: COUNT }, () => ({
    key: ['a', 'b', 'ü€', 'a key that is longer than others'][random.below(4)]!,
    what: random.below(8),
    n: random.below(12) - 4,
  }));
}

/**
 * Runs operations on a state and on a model, and compares what both tell about themselves after each of them. `apply`
 * gives what the operation returned and what the state holds then.
 */
function agrees<Handle, Model>(
  name: string,
  descriptor: StateDescriptor<Handle>,
  apply: (handle: Handle, what: number, n: number) => unknown,
  create: () => Model,
  applyToModel: (model: Model, what: number, n: number) => unknown,
): void {
  inEveryMode(
    `${name} is what its model is`,
    Op,
    (operations) =>
      operations.keyBy('key').process({
        emits: type<unknown>(),
        state: { held: descriptor, other: value(t.int32) },
        onRecord({ key, what, n }, ctx) {
          assert.deepEqual(ctx.key, { key });
          const held = apply(ctx.state.held as Handle, what, n);
          // Keys come and go: what is left of a key is seldom more than the state itself.
          if (n === 0) ctx.state.other.set(what);
          else ctx.state.other.clear();
          ctx.emit({ key, held });
        },
      }),
    (h) => {
      const models = new Map<string, Model>();
      const ops = operations(name.length);
      const expected = ops.map(({ key, what, n }) => {
        if (!models.has(key)) models.set(key, create());
        return { key, held: applyToModel(models.get(key)!, what, n) };
      });
      const got: unknown[] = [];
      ops.forEach((op, i) => {
        h.push(op, i);
        if (i % 40 === 39) got.push(...h.takeRecords());
      });
      got.push(...h.takeRecords());
      const byKey = (rows: readonly unknown[], key: string): unknown[] =>
        (rows as { key: string }[]).filter((row) => row.key === key);
      for (const key of models.keys()) assert.deepEqual(byKey(got, key), byKey(expected, key));
      assert.equal(got.length, COUNT);
    },
  );
}

type Box = { now: unknown };

function agreesAsValue<T>(
  name: string,
  descriptor: StateDescriptor<ValueState<T>>,
  of: (n: number) => T,
): void {
  agrees<ValueState<T>, Box>(
    name,
    descriptor,
    (state, what, n) => {
      if (what < 3) state.set(of(n));
      else if (what === 3) state.clear();
      else if (what === 4) state.update((old) => (old === undefined ? of(n) : old));
      return state.get();
    },
    () => ({ now: undefined }),
    (model, what, n) => {
      if (what < 3) model.now = of(n);
      else if (what === 3) model.now = undefined;
      else if (what === 4) model.now ??= model.now === undefined ? of(n) : null;
      return model.now;
    },
  );
}

agreesAsValue('a float64', value(t.float64), (n) => (n === 3 ? -0 : n / 8));
agreesAsValue('an int32', value(t.int32), (n) => n << 28);
agreesAsValue('an int64', value(t.int64), (n) => BigInt(n) << 60n);
agreesAsValue('a boolean', value(t.boolean), (n) => n > 2);
agreesAsValue('a date', value(t.date), (n) => new Date(n * 1e9));
agreesAsValue('a timestamp or null', value(t.nullable(t.timestamp)), (n) => (n < 2 ? null : n));
agreesAsValue('a boolean or null', value(t.nullable(t.boolean)), (n) => (n < 2 ? null : n > 5));
agreesAsValue('a string or null', value(t.nullable(t.string)), (n) =>
  n < 1 ? null : `${n} €`.repeat(n),
);
agreesAsValue('a string of latin1', value(t.string), (n) => `${n}é`.repeat(n + 4));
agreesAsValue('a value of any type', value(type<unknown>()), (n) =>
  n < 0 ? null : n % 2 === 0 ? { n, deep: [new Map([[n, 'x']])] } : [n, 'text'],
);
agreesAsValue(
  'a record',
  value(record({ id: t.int64, at: t.date, note: t.nullable(t.string), any: t.dynamic<unknown>() })),
  (n) => ({
    id: BigInt(n),
    at: new Date(n),
    note: n > 2 ? null : `n${n}`,
    any: n % 2 === 0 ? [n] : null,
  }),
);

agreesAsValue(
  'a record of numbers, booleans and dates',
  value(record({ a: t.int32, b: t.float64, c: t.timestamp, d: t.boolean, e: t.date })),
  (n) => ({
    a: n << 28,
    b: n === 3 ? -0 : n / 8,
    c: n * 1e12 + 0.5,
    d: n > 2,
    e: new Date(n * 1e9),
  }),
);
agreesAsValue(
  'a record of texts, and a date between them',
  value(record({ by: t.string, at: t.date, note: t.string })),
  (n) => ({ by: `customer ${n % 2}`, at: new Date(n), note: `${n} €`.repeat(n + 4) }),
);
agreesAsValue('a record of a text', value(record({ by: t.string })), (n) => ({ by: `${n}` }));
agreesAsValue(
  'a record of numbers, one of which may be null',
  value(record({ a: t.int32, b: t.nullable(t.float64) })),
  (n) => ({ a: n, b: n < 2 ? null : n }),
);

agrees<ValueState<{ n: number }, { n: number }>, Box>(
  'a record with a default',
  value(record({ n: t.int32 }), { default: { n: 7 } }),
  (state, what, n) => {
    if (what === 0) state.clear();
    else if (what < 5) return state.update((old) => ({ n: old.n + n }));
    else assert.throws(() => state.set({ n: 0.5 }), { code: 'FIELD_TYPE' });
    return state.get();
  },
  () => ({ now: { n: 7 } }),
  (model, what, n) => {
    if (what === 0) model.now = { n: 7 };
    else if (what < 5) model.now = { n: (model.now as { n: number }).n + n };
    return model.now;
  },
);

agrees<ValueState<number, number>, Box>(
  'a value with a default',
  value(t.float64, { default: 7 }),
  (state, what, n) => {
    if (what !== 0) return state.update((old) => old + n);
    state.clear();
    return state.get();
  },
  () => ({ now: 7 }),
  (model, what, n) => {
    model.now = what === 0 ? 7 : (model.now as number) + n;
    return model.now;
  },
);

agrees<ListState<string | null>, { all: (string | null)[] }>(
  'a list',
  list(t.nullable(t.string)),
  (state, what, n) => {
    const element = n === 0 ? null : `element number ${n}`;
    if (what < 3) state.add(element);
    else if (what === 3) state.addAll(state.get());
    else if (what === 4) state.set([element, 'x']);
    else if (what === 5 && n < 3) state.clear();
    else if (what === 6) state.set(state.get().slice(1));
    const got = state.get();
    // It is a copy.
    state.get().push('more');
    return got;
  },
  () => ({ all: [] }),
  (model, what, n) => {
    const element = n === 0 ? null : `element number ${n}`;
    if (what < 3) model.all.push(element);
    else if (what === 3) model.all.push(...model.all);
    else if (what === 4) model.all = [element, 'x'];
    else if (what === 5 && n < 3) model.all = [];
    else if (what === 6) model.all = model.all.slice(1);
    return [...model.all];
  },
);

const Payment = record({ amount: t.float64, by: t.string });

agrees<ListState<{ amount: number; by: string }>, { amount: number; by: string }[]>(
  'a list of records',
  list(Payment),
  (state, what, n) => {
    if (what < 6) state.add({ amount: n / 4, by: `customer ${n}` });
    else state.clear();
    return state.get();
  },
  () => [],
  (model, what, n) => {
    if (what < 6) model.push({ amount: n / 4, by: `customer ${n}` });
    else model.length = 0;
    return [...model];
  },
);

/** Everything a map tells about itself. */
function told<K, V>(state: MapState<K, V>, key: K): unknown {
  return [
    state.entries(),
    state.keys(),
    state.values(),
    state.size,
    state.isEmpty(),
    state.has(key),
    state.get(key),
  ];
}

function toldByMap<K, V>(model: Map<unknown, [K, V]>, key: unknown): unknown {
  const entries = [...model.values()];
  return [
    entries,
    entries.map(([k]) => k),
    entries.map(([, v]) => v),
    model.size,
    model.size === 0,
    model.has(key),
    model.get(key)?.[1],
  ];
}

function agreesAsMap<K, V>(
  name: string,
  descriptor: StateDescriptor<MapState<K, V>>,
  keyOf: (n: number) => K,
  valueFor: (n: number) => V,
): void {
  const identity = (key: K): unknown => (key instanceof Date ? key.getTime() : key);
  agrees<MapState<K, V>, Map<unknown, [K, V]>>(
    name,
    descriptor,
    (state, what, n) => {
      const key = keyOf(n);
      if (what < 3) state.set(key, valueFor(n));
      else if (what === 3) return state.delete(key);
      else if (what === 4 && n < 0) state.clear();
      else if (what === 5) for (const k of state.keys()) if (k !== keyOf(1)) state.delete(k);
      return told(state, key);
    },
    () => new Map(),
    (model, what, n) => {
      const key = keyOf(n);
      if (what < 3) model.set(identity(key), [key, valueFor(n)]);
      else if (what === 3) return model.delete(identity(key));
      else if (what === 4 && n < 0) model.clear();
      else if (what === 5) {
        for (const [id, [k]] of model) if (k !== keyOf(1)) model.delete(id);
      }
      return toldByMap(model, identity(key));
    },
  );
}

agreesAsMap(
  'a map of strings',
  map(t.string, t.timestamp),
  (n) => `key ${n}`,
  (n) => n * 1e12,
);
agreesAsMap(
  'a map of ints',
  map(t.int32, Payment),
  (n) => n,
  (n) => ({ amount: n, by: `${n}` }),
);
agreesAsMap(
  'a map of dates',
  map(t.date, t.nullable(t.int64)),
  (n) => new Date(n),
  (n) => (n < 3 ? null : BigInt(n)),
);
agreesAsMap(
  'a map of any keys',
  map(type<string | number | boolean>(), type<unknown>()),
  (n) => (n < 0 ? n < -2 : n % 2 === 0 ? n : String(n)),
  (n) => ({ n }),
);

agrees<ReducingState<number>, Box>(
  'a reducing state',
  reducing(t.float64, (a, b) => Math.max(a, b) + 1),
  (state, what, n) => {
    if (what < 6) state.add(n);
    else state.clear();
    return state.get();
  },
  () => ({ now: undefined }),
  (model, what, n) => {
    const { now } = model;
    if (what >= 6) model.now = undefined;
    else model.now = now === undefined ? n : Math.max(now as number, n) + 1;
    return model.now;
  },
);

class Sorted {
  readonly all: number[] = [];
}

agrees<AggregatingState<number, string>, { all: number[] }>(
  'an aggregating state',
  aggregating({
    create: () => new Sorted(),
    add: (sorted, n: number) => {
      sorted.all.push(n);
      sorted.all.sort((a, b) => a - b);
      return sorted;
    },
    result: ({ all }) => all.join(),
    pack: ({ all }) => all,
    unpack: (all) => Object.assign(new Sorted(), { all }),
  }),
  (state, what, n) => {
    if (what < 6) state.add(n);
    else state.clear();
    return state.get();
  },
  () => ({ all: [] }),
  (model, what, n) => {
    model.all = what < 6 ? [...model.all, n].sort((a, b) => a - b) : [];
    return model.all.length === 0 ? undefined : model.all.join();
  },
);

inEveryMode(
  'what was emitted and is set then is no row any more, however many rows were emitted between',
  Op,
  (operations) =>
    operations.keyBy('key').process({
      emits: type<{ n: number }>(),
      state: { held: value(type<{ n: number }>()) },
      onRecord({ n: rows }, { state, emit, output }) {
        const held = state.held.get();
        if (held !== undefined) {
          held.n += 100;
          state.held.set(held);
          return;
        }
        const own = { n: 0 };
        if (rows < 0) output(aside, own);
        else emit(own);
        for (let n = 1; n < Math.abs(rows); n++) emit({ n });
        state.held.set(own);
      },
    }),
  (h) => {
    for (const n of [1, 2, 5, -1, -4]) {
      h.push({ key: `${n}`, what: 0, n });
      h.push({ key: `${n}`, what: 0, n });
    }
    const numbers = h.takeRecords().map(({ n }) => n);
    assert.deepEqual(numbers.sort(), [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4]);
    const besides = h.take(aside).map((element) => ('record' in element ? element.record.n : null));
    assert.deepEqual(besides, [0, 0]);
  },
);
