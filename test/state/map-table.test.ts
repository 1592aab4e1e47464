/** Maps by slot against plain Maps: small and large ones, keys of every type, what is removed and what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { KeyScope } from '../../src/state/key-scope.ts';
import { ListTable } from '../../src/state/list-table.ts';
import { MapEntries } from '../../src/state/map-entries.ts';
import { MapKeys } from '../../src/state/map-keys.ts';
import { MapTable } from '../../src/state/map-table.ts';
import { StateRows } from '../../src/state/slot-rows.ts';
import { slotValues } from '../../src/state/slot-values.ts';
import { TouchBounds } from '../../src/state/touch-bounds.ts';
import type { TtlSpec } from '../../src/state/ttl.ts';
import type { TypeSpec } from '../../src/state/value-type.ts';

const SLOTS = 6;

type Model = Map<unknown, readonly [key: unknown, value: unknown]>;

const of = (kind: Exclude<TypeSpec['kind'], 'record'>, nullable = false): TypeSpec => ({
  kind,
  nullable,
});

const POINT: TypeSpec = {
  kind: 'record',
  fields: [
    { name: 'x', kind: 'float64', nullable: false },
    { name: 'name', kind: 'string', nullable: false },
  ],
};

/** Keys and values by number. */
const CASES: readonly (readonly [
  name: string,
  keyType: TypeSpec,
  key: (n: number) => unknown,
  type: TypeSpec,
  value: (n: number) => unknown,
])[] = [
  ['int32 to float64', of('int32'), (n) => n - 3, of('float64'), (n) => n / 2],
  [
    'float64 to int32',
    of('float64'),
    (n) => [0, -0, Number.NaN, Infinity][n] ?? n / 8,
    of('int32'),
    (n) => n - 5,
  ],
  ['timestamp to boolean', of('timestamp'), (n) => n * 1e11, of('boolean'), (n) => n % 2 === 0],
  ['string to string', of('string'), (n) => `key ${n}`, of('string'), (n) => 'v'.repeat(n % 5)],
  [
    'string or null to int64 or null',
    of('string', true),
    (n) => (n === 0 ? null : `${n}`),
    of('int64', true),
    (n) => (n % 3 === 0 ? null : BigInt(n)),
  ],
  [
    'date to date',
    of('date'),
    (n) => new Date(n * 1000),
    of('date', true),
    (n) => (n % 3 === 0 ? null : new Date(n)),
  ],
  [
    'date or null to a record',
    of('date', true),
    (n) => (n === 0 ? null : new Date(n)),
    POINT,
    (n) => ({ x: n / 4, name: `p${n}` }),
  ],
  ['boolean to a record', of('boolean'), (n) => n % 2 === 0, POINT, (n) => ({ x: n, name: '' })],
  ['int64 to timestamp', of('int64'), (n) => BigInt(n) << 40n, of('timestamp'), (n) => n * 1e12],
  [
    'anything to anything',
    of('dynamic'),
    (n) => [n, `${n}`, n / 2, BigInt(n), null, undefined, Number.NaN][n % 7],
    of('dynamic'),
    (n) => [n, { n }, null, undefined, [n]][n % 5],
  ],
];

const identity = (key: unknown): unknown => (key instanceof Date ? key.getTime() : key);

/** A table and its model, slot by slot. */
class Maps {
  readonly table: MapTable;
  readonly scope = new KeyScope();
  readonly models: readonly Model[];

  constructor(keyType: TypeSpec, type: TypeSpec, models: readonly Model[] = empty()) {
    this.table = new MapTable('m', keyType, type, null, this.scope);
    this.models = models;
    this.scope.slotCount = SLOTS;
    this.table.reserve(SLOTS);
  }

  set(slot: number, key: unknown, value: unknown): void {
    const model = this.models[slot]!;
    this.#at(slot).set(key, value);
    model.set(identity(key), [model.get(identity(key))?.[0] ?? key, value]);
  }

  delete(slot: number, key: unknown): void {
    assert.equal(this.#at(slot).delete(key), this.models[slot]!.delete(identity(key)));
  }

  clear(slot: number): void {
    this.#at(slot).clear();
    this.models[slot]!.clear();
  }

  check(slot: number, key: unknown): void {
    const table = this.#at(slot);
    const model = this.models[slot]!;
    const entries = [...model.values()];
    assert.deepStrictEqual(table.get(key), model.get(identity(key))?.[1]);
    assert.equal(table.has(key), model.has(identity(key)));
    assert.deepStrictEqual(table.entries(), entries);
    assert.deepStrictEqual(
      table.keys(),
      entries.map(([one]) => one),
    );
    assert.equal(table.size, model.size);
    assert.equal(table.isEmpty(), model.size === 0);
    assert.equal(table.holds(slot), model.size > 0);
    assert.equal(table.keyCount, this.models.filter(({ size }) => size > 0).length);
  }

  /** As they come out of a snapshot. */
  restored(keyType: TypeSpec, type: TypeSpec): Maps {
    const maps = new Maps(keyType, type, this.models);
    for (let slot = 0; slot < SLOTS; slot++) {
      const rows = new StateRows('m', [], this.table.fields, (batch) => {
        const load = maps.table.loader(batch.schema!);
        for (let row = 0; row < batch.rowCount; row++) load(batch, row, slot);
      });
      if (this.table.holds(slot)) this.table.append(slot, rows);
      rows.flush();
    }
    return maps;
  }

  #at(slot: number): MapTable {
    this.scope.slot = slot;
    return this.table;
  }
}

function empty(): Model[] {
  return Array.from({ length: SLOTS }, () => new Map());
}

for (const [name, keyType, keyOf, type, valueFor] of CASES) {
  for (const keys of [4, 20, 90]) {
    test(`${name}, up to ${keys} entries a map, agrees with plain Maps`, () => {
      const random = new Random(keys);
      let maps = new Maps(keyType, type);
      for (let n = 0; n < 1500; n++) {
        const slot = random.below(SLOTS);
        const key = keyOf(random.below(keys));
        // Maps are filled for a while, then emptied for a while.
        const isFilled = n % 500 < 300;
        const what = random.below(40);
        if (what === 0) maps.clear(slot);
        else if (what < (isFilled ? 30 : 6)) maps.set(slot, key, valueFor(random.below(50)));
        else maps.delete(slot, key);
        maps.check(slot, keyOf(random.below(keys)));
        if (n % 250 === 249) maps = maps.restored(keyType, type);
      }
      for (let slot = 0; slot < SLOTS; slot++) {
        for (let n = 0; n < keys; n++) maps.check(slot, keyOf(n));
      }
    });
  }
}

test('blocks that maps leave behind serve others: memory does not grow', () => {
  const type = of('float64');
  const entries = new MapEntries(new MapKeys(of('int32'), 'm'), slotValues(type), false);
  entries.reserve(SLOTS);
  const fillAndEmpty = (): number => {
    for (let slot = 0; slot < SLOTS; slot++) {
      for (let n = 0; n < 70; n++) entries.values.set(entries.add(slot, n), n);
      for (let n = 0; n < 70; n++) if (n % 20 !== slot) entries.remove(slot, entries.find(slot, n));
      assert.equal(entries.size(slot), 4);
      if (slot % 2 === 0) entries.clear(slot);
      else for (let n = slot; n < 70; n += 20) entries.remove(slot, entries.find(slot, n));
      assert.equal(entries.size(slot), 0);
    }
    return entries.keys.cells.length;
  };
  const first = fillAndEmpty();
  for (let n = 0; n < 50; n++) assert.equal(fillAndEmpty(), first);
});

test('a map that has become small gives its large block to another, and holds on to nothing', () => {
  const entries = new MapEntries(new MapKeys(of('string'), 'm'), slotValues(of('string')), false);
  entries.reserve(SLOTS);
  const grow = (slot: number): void => {
    for (let n = 0; n < 1000; n++) entries.values.set(entries.add(slot, `key ${n}`), `value ${n}`);
  };
  grow(0);
  const room = entries.keys.cells.length;
  for (let n = 0; n < 980; n++) entries.remove(0, entries.find(0, `key ${n}`));
  const kept = (entries.keys.cells as unknown[]).filter((key) => key !== undefined);
  assert.deepEqual(
    kept.sort(),
    Array.from({ length: 20 }, (_, n) => `key ${980 + n}`),
  );
  grow(1);
  assert.equal(entries.keys.cells.length, room);
  for (let n = 980; n < 1000; n++) {
    assert.equal(entries.values.get(entries.find(0, `key ${n}`)), `value ${n}`);
  }
});

test('entries of a large map that expire go, those that were touched since stay', () => {
  const scope = new KeyScope();
  const ttl: TtlSpec = {
    durationMs: 100,
    isRefreshedByReads: false,
    showsExpired: false,
    sweptKeys: 0,
    dropsInSnapshots: false,
  };
  const table = new MapTable('m', of('string'), of('float64'), ttl, scope);
  table.reserve(1);
  scope.slot = 0;
  for (let n = 0; n < 100; n++) table.set(`key ${n}`, n / 2);
  scope.nowMs = 60;
  const isTouched = (n: number): boolean => n % 3 === 0;
  for (let n = 0; n < 100; n++) if (isTouched(n)) table.set(`key ${n}`, n / 4);
  scope.nowMs = 120;
  const left = Array.from({ length: 100 }, (_, n) => n).filter(isTouched);
  assert.deepEqual(
    table.entries(),
    left.map((n) => [`key ${n}`, n / 4]),
  );
  for (const n of left) assert.equal(table.get(`key ${n}`), n / 4);
  scope.nowMs = 200;
  assert.equal(table.size, 0);
  assert.ok(!table.holds(0));
});

test('a value or key of another type leaves the map as it was', () => {
  const maps = new Maps(of('int32'), of('float64'));
  maps.set(0, 1, 2);
  const { table } = maps;
  for (const act of [
    () => table.set(1, 'x'),
    () => table.set(2, null),
    () => table.set('x', 1),
    () => table.get(0.5),
    () => table.has(null),
    () => table.delete('1'),
  ]) {
    assert.throws(act, { code: 'FIELD_TYPE' });
    maps.check(0, 1);
  }
});

test('keys that a Map would compare by what they are, are refused', () => {
  const { table, scope } = new Maps(of('dynamic'), of('int32'));
  scope.slot = 0;
  for (const key of [{}, [1], new Date(0), () => 1]) {
    for (const act of [() => table.set(key, 1), () => table.get(key), () => table.delete(key)]) {
      assert.throws(act, { code: 'KEY_INVALID', message: /state 'm': a key of a map cannot be/ });
    }
  }
  assert.equal(table.size, 0);
});

test('what cannot have expired is not looked at', (context) => {
  const ttl: TtlSpec = {
    durationMs: 1000,
    isRefreshedByReads: false,
    showsExpired: false,
    sweptKeys: 5,
    dropsInSnapshots: true,
  };
  const looks = context.mock.method(TouchBounds.prototype, 'set').mock;
  const scope = new KeyScope();
  const map = new MapTable('map', of('int32'), of('int32'), ttl, scope);
  const list = new ListTable('list', of('int32'), ttl, scope);
  for (const table of [map, list]) table.reserve(SLOTS);
  scope.slotCount = SLOTS;
  const entries = 2000;
  for (let n = 0; n < SLOTS * entries; n++) {
    scope.slot = n % SLOTS;
    scope.nowMs = n < entries ? 0 : 10;
    map.set(n, n);
    list.add(n);
  }
  assert.equal(looks.callCount(), 0);
  // Those that were touched first, and no others.
  scope.nowMs = 1000;
  const sizes = (): number[] =>
    Array.from({ length: SLOTS }, (_, slot) => {
      scope.slot = slot;
      assert.equal(map.entries().length, list.get().length);
      return list.get().length;
    });
  const left = sizes();
  assert.equal(
    left.reduce((sum, size) => sum + size, 0),
    (SLOTS - 1) * entries,
  );
  scope.nowMs = 1009;
  assert.deepEqual(sizes(), left);
  scope.nowMs = 1010;
  assert.deepEqual(sizes(), Array<number>(SLOTS).fill(0));
});

test('what was read when the clock had gone back expires by that time', () => {
  const ttl: TtlSpec = {
    durationMs: 100,
    isRefreshedByReads: true,
    showsExpired: false,
    sweptKeys: 0,
    dropsInSnapshots: true,
  };
  const scope = new KeyScope();
  const map = new MapTable('map', of('int32'), of('int32'), ttl, scope);
  const list = new ListTable('list', of('int32'), ttl, scope);
  for (const table of [map, list]) table.reserve(SLOTS);
  scope.slot = 1;
  scope.slotCount = SLOTS;
  scope.nowMs = 1000;
  map.set(1, 1);
  list.add(1);
  scope.nowMs = 500;
  assert.equal(map.entries().length, 1);
  assert.deepEqual(list.get(), [1]);
  scope.nowMs = 600;
  assert.deepEqual(map.entries(), []);
  assert.deepEqual(list.get(), []);
});
