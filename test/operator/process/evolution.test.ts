/** State of a snapshot in a later version of its job: fields come and go, types stay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  list,
  map,
  reducing,
  type StateDescriptors,
  type StateHandles,
  value,
} from '../../../src/api/state.ts';
import { record, type Schema, t } from '../../../src/data/schema.ts';
import { StatesRig } from './states-rig.ts';

/** State that one job has kept, in a job that keeps other state now. */
function restoredAs<Then extends StateDescriptors, Now extends StateDescriptors>(
  then: Then,
  fill: (state: StateHandles<Then>) => void,
  now: Now,
): StateHandles<Now> {
  const rig = new StatesRig(then);
  fill(rig.of(1));
  return new StatesRig(now, rig.save()).of(1);
}

const Old = record({ id: t.int32, note: t.string, gone: t.date });
const old = { id: 1, note: 'x', gone: new Date(0) };

test('a record gets fields that are new, and loses those that are gone', () => {
  const New = record({ extra: t.nullable(t.string), note: t.nullable(t.string), id: t.int32 });
  const expected = { extra: null, note: 'x', id: 1 };
  const filled = restoredAs(
    { v: value(Old), l: list(Old), m: map(t.int32, Old), r: reducing(Old, (a) => a) },
    ({ v, l, m, r }) => {
      v.set(old);
      l.add(old);
      m.set(5, old);
      r.add(old);
    },
    { v: value(New), l: list(New), m: map(t.int32, New), r: reducing(New, (a) => a) },
  );
  assert.deepEqual(filled.v.get(), expected);
  assert.deepEqual(filled.l.get(), [expected]);
  assert.deepEqual(filled.m.entries(), [[5, expected]]);
  assert.deepEqual(filled.r.get(), expected);
});

test('a field that is new gets its value from the default of the state', () => {
  const New = record({ id: t.int32, price: t.float64 });
  const { v } = restoredAs({ v: value(Old) }, (state) => state.v.set(old), {
    v: value(New, { default: { id: 0, price: 9.5 } }),
  });
  assert.deepEqual(v.get(), { id: 1, price: 9.5 });
});

test('states may be added and taken away', () => {
  const { b } = restoredAs({ a: value(t.int32) }, ({ a }) => a.set(1), { b: value(t.int32) });
  assert.equal(b.get(), undefined);
});

const INCOMPATIBLE: readonly [string, StateDescriptors, StateDescriptors, RegExp][] = [
  [
    'a value of another type',
    { total: value(t.int32) },
    { total: value(t.float64) },
    /^state 'total', field 'value': the snapshot has int32, the job keeps float64 now/,
  ],
  [
    'a value that may not be null any more',
    { total: value(t.nullable(t.int32)) },
    { total: value(t.int32) },
    /^state 'total', field 'value': the snapshot has int32 or null, the job keeps int32 now/,
  ],
  [
    'a field of another type',
    { total: value(record({ a: t.int32, b: t.string })) },
    { total: value(record({ a: t.int32, b: t.date })) },
    /^state 'total', field 'b': the snapshot has string, the job keeps date now/,
  ],
  [
    'a field that is new and has no value',
    { total: value(record({ a: t.int32 })) },
    { total: value(record({ a: t.int32, b: t.string })) },
    /^state 'total', field 'b': the snapshot has no such field, the job keeps string without a default now; let the field be nullable, or the default of a value have it, or give the step another uid/,
  ],
  [
    'a record in place of a value',
    { total: value(t.int32) },
    { total: value(record({ a: t.int32 })) },
    /^state 'total': the snapshot has int32, the job keeps a record now/,
  ],
  [
    'a value in place of a record',
    { total: value(record({ a: t.int32 })) },
    { total: value(t.int32) },
    /^state 'total', field 'value': the snapshot has a record, the job keeps int32 now/,
  ],
  [
    'keys of a map of another type',
    { total: map(t.int32, t.int32) },
    { total: map(t.string, t.int32) },
    /^state 'total', field 'key': the snapshot has int32, the job keeps string now/,
  ],
  [
    'a list in place of a value',
    { total: value(t.int32) },
    { total: list(t.int32) },
    /^state 'total': the snapshot has value state, the job keeps list state now/,
  ],
  [
    'a value in place of a map',
    { total: map(t.int32, t.int32) },
    { total: value(t.int32) },
    /^state 'total': the snapshot has map state, the job keeps value state now/,
  ],
];

for (const [name, then, now, message] of INCOMPATIBLE) {
  test(`${name} is refused`, () => {
    const fill = (state: StateHandles<StateDescriptors>): void => {
      const { total } = state as unknown as Record<
        string,
        Record<string, (...given: unknown[]) => void>
      >;
      const of = then.total!;
      const one = of.type.kind === 'record' ? { a: 1, b: 'x' } : 1;
      if (of.kind === 'map') total!.set!(1, one);
      else total!.set!(one);
    };
    assert.throws(() => restoredAs(then, fill, now), { code: 'STATE_INCOMPATIBLE', message });
  });
}

const OTHER_KEYS: readonly [string, readonly string[], Schema, RegExp][] = [
  [
    'another type',
    ['k'],
    record({ k: t.string }),
    /^state 'v', field 'k': the snapshot has key 'k' of int32, the job keeps key 'k' of string now/,
  ],
  [
    'another field',
    ['user'],
    record({ user: t.int32 }),
    /^state 'v', field 'user': the snapshot has key 'k' of int32, the job keeps key 'user' of int32 now/,
  ],
  [
    'more fields',
    ['k', 'shop'],
    record({ k: t.int32, shop: t.string }),
    /^state 'v', field 'shop': the snapshot has a key of fewer fields, the job keeps key 'shop' of string now/,
  ],
];

for (const [name, fields, schema, message] of OTHER_KEYS) {
  test(`state of a key of ${name} is refused`, () => {
    const states = { v: value(t.float64) };
    const rig = new StatesRig(states);
    rig.of(1).v.set(1);
    const saved = rig.save();
    assert.throws(
      () => new StatesRig(states, saved, 0, { key: { kind: 'fields', fields }, schema }),
      {
        code: 'STATE_INCOMPATIBLE',
        message,
      },
    );
  });
}
