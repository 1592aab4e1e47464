/** Key tables against a Map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeyBytes } from '../../src/data/key.ts';
import { ByteKeyTable } from '../../src/state/byte-key-table.ts';
import { loadedCapacity } from '../../src/state/cells.ts';
import { DenseInts } from '../../src/state/dense-ints.ts';
import { IntKeyTable } from '../../src/state/int-key-table.ts';
import { intRuns } from './int-runs.ts';

const anyInt = fc.oneof(fc.integer(), fc.nat(50), fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)));
const someInts = fc.oneof(
  fc.array(anyInt, { maxLength: 300 }),
  // Close together, with a few that are not.
  fc
    .tuple(intRuns(), fc.array(anyInt, { maxLength: 3 }))
    .map(([run, others]) => [...run, ...others, ...run]),
);

test('int keys get dense slots in the order of their first appearance', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(someInts, fc.boolean()), { maxLength: 6 }), (batches) => {
      const table = new IntKeyTable();
      let model = new Map<number, number>();
      for (const [keys, clears] of batches) {
        const slots = new Int32Array(keys.length);
        table.slotsOf(Int32Array.from(keys), 0, keys.length, slots);
        keys.forEach((key, i) => {
          if (!model.has(key)) model.set(key, model.size);
          assert.equal(slots[i], model.get(key));
        });
        assert.equal(table.count, model.size);
        assert.deepEqual([...table.keys.subarray(0, table.count)], [...model.keys()]);
        const wanted = Int32Array.from([...model.keys(), ...Array(60).keys()], (key) => key - 5);
        const found = new Int32Array(wanted.length);
        table.findSlots(wanted, 0, wanted.length, found);
        assert.deepEqual(
          [...found],
          Array.from(wanted, (key) => model.get(key) ?? -1),
        );
        assert.equal(table.count, model.size);
        if (!clears) continue;
        table.clear();
        model = new Map();
      }
    }),
    { numRuns: 200 },
  );
});

test('a range that many keys had is empty for the few that come behind them', () => {
  const table = new IntKeyTable();
  const slotsOf = (keys: readonly number[]): number[] => {
    const slots = new Int32Array(keys.length);
    table.slotsOf(Int32Array.from(keys), 0, keys.length, slots);
    return [...slots];
  };
  slotsOf(Array.from({ length: 1000 }, (_, n) => n * 7));
  table.clear();
  const few = Array.from({ length: 300 }, (_, n) => n * 21);
  const inOrder = few.map((_, n) => n);
  assert.deepEqual(slotsOf(few), inOrder);
  table.clear();
  assert.deepEqual(slotsOf([5, ...few]), [0, ...few.map((_, n) => n + 1)]);
});

test('a range moves on with its keys, but not for each of a few that come and go', () => {
  const dense = new DenseInts();
  dense.moveTo({ least: 0, greatest: 999 }, 999);
  for (let key = 0; key < 1000; key++) dense.set(key, key);
  for (let key = 0; key < 900; key++) dense.remove(key, key);
  assert.ok(dense.makeRoom(2000, 100, 1000), 'keys that have gone make room');
  assert.deepEqual([dense.find(899), dense.find(900), dense.has(2000)], [-1, 900, true]);
  assert.ok(!dense.makeRoom(-5, 100, 1001), 'it has moved just now');
  assert.ok(dense.makeRoom(-5, 100, 2000));
  assert.ok(!dense.makeRoom(1e9, 100, 4000), 'too far away');
});

/** Byte keys with a hash of few values, so that different keys collide all the time. */
function keyBytesOf(texts: readonly string[], hashes: number): KeyBytes {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const starts = new Int32Array(texts.length);
  let at = 0;
  encoded.forEach((bytes, i) => {
    starts[i] = at;
    at += bytes.length;
  });
  return {
    bytes: Uint8Array.from(encoded.flatMap((bytes) => [...bytes])),
    starts,
    sizes: Int32Array.from(encoded, (bytes) => bytes.length * 2),
    hashes: Int32Array.from(texts, (text) => text.length % hashes),
    areTexts: true,
  };
}

test('byte keys get dense slots, however their hashes collide', () => {
  const ofAnySize = fc.string({ maxLength: 6 });
  const ofOneSize = fc.string({ unit: 'binary-ascii', minLength: 5, maxLength: 5 });
  const someTexts = fc.oneof(
    fc.array(ofAnySize, { maxLength: 120 }),
    fc.array(ofOneSize, { maxLength: 120 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(someTexts, fc.boolean()), { maxLength: 5 }),
      fc.integer({ min: 1, max: 4 }),
      (batches, hashes) => {
        const table = new ByteKeyTable();
        let model = new Map<string, number>();
        for (const [texts, clears] of batches) {
          const slots = new Int32Array(texts.length);
          table.slotsOf(keyBytesOf(texts, hashes), 0, texts.length, slots);
          texts.forEach((text, i) => {
            if (!model.has(text)) model.set(text, model.size);
            assert.equal(slots[i], model.get(text));
          });
          const wanted = [...texts, 'a', 'no such', ''];
          const found = new Int32Array(wanted.length);
          table.findSlots(keyBytesOf(wanted, hashes), 0, wanted.length, found);
          assert.deepEqual(
            [...found],
            wanted.map((text) => model.get(text) ?? -1),
          );
          assert.equal(table.count, model.size);
          if (!clears) continue;
          table.clear();
          model = new Map();
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('keys keep their slots while tables grow, also those that made them grow', () => {
  const count = 5000;
  const expected = Array.from({ length: count }, (_, n) => n);
  const ints = Int32Array.from(expected, (n) => Math.imul(n, 7919));
  const texts = keyBytesOf(
    expected.map((n) => `key ${n}`),
    97,
  );
  const tables = [
    { table: new IntKeyTable(), keys: ints },
    { table: new ByteKeyTable(), keys: texts },
  ] as {
    table: {
      slotsOf(keys: unknown, from: number, to: number, slots: Int32Array): void;
      count: number;
    };
    keys: unknown;
  }[];
  for (const { table, keys } of tables) {
    for (let from = 0; from < count; from += 700) {
      table.slotsOf(keys, from, Math.min(count, from + 700), new Int32Array(count));
    }
    const again = new Int32Array(count);
    table.slotsOf(keys, 0, count, again);
    assert.deepEqual([...again], expected);
    assert.equal(table.count, count);
  }
});

/** Far apart, close together, and at the end of what an int can be: found by hash, and by their place. */
for (const [what, keyOf] of [
  ['far apart', (n: number) => Math.imul(n, 7919) ^ 5],
  ['close together', (n: number) => n * 3 - 1000],
  ['one behind the other', (n: number) => n + 2 ** 31 - 400_000],
] as const) {
  test(`keys ${what} that are loaded all at once are found in the slots of their order`, () => {
    for (const [count, expected] of [
      [0, 0],
      [1, 1],
      [3000, 3000],
      [3000, 0],
      [200_000, 1_000_000],
      [200_000, 200_000],
    ] as const) {
      const table = new IntKeyTable();
      const keys = Int32Array.from({ length: count }, (_, n) => keyOf(n));
      const slots = new Int32Array(count);
      for (let from = 0; from < count; from += 1000) {
        const to = Math.min(count, from + 1000);
        table.append(keys, from, to, expected - from);
      }
      const inOrder = Int32Array.from(keys, (_, n) => n);
      assert.equal(table.count, count);
      assert.ok(table.index());
      table.slotsOf(keys, 0, count, slots);
      assert.deepEqual(slots, inOrder);
      const more = Int32Array.from({ length: 100_000 }, (_, n) => keyOf(n + count));
      table.slotsOf(more, 0, more.length, new Int32Array(more.length));
      table.slotsOf(keys, 0, count, slots);
      assert.deepEqual(slots, inOrder);
      assert.equal(table.count, count + more.length);
    }
  });
}

test('room for keys that are loaded is made before most of them are there', () => {
  const { capacities, most } = capacitiesWhileLoading(5_000_000, 5_000_000);
  assert.ok(most >= 5_000_000);
  assert.ok(capacities.at(-2)! <= most / 10, `${capacities}: few move`);
});

test('a table that gets few of the keys that are expected takes no room for all of them', () => {
  assert.ok(capacitiesWhileLoading(10_000, 5_000_000).most < 500_000);
});

/** What a table has room for, one after the other, while `count` of the `expected` keys come. */
function capacitiesWhileLoading(count: number, expected: number) {
  const capacities = [0];
  for (let loaded = 0; loaded < count; ) {
    const needed = Math.min(count, loaded + 16_384);
    const capacity = capacities.at(-1)!;
    if (needed > capacity) capacities.push(loadedCapacity(capacity, needed, expected));
    loaded = needed;
  }
  return { capacities, most: capacities.at(-1)! };
}

/** Of GOLDEN in cells.ts, modulo 2 ** 32: a product with it is a key of this hash. */
const GOLDEN_INVERSE = 0x0e8b2f51;

for (const place of ['first', 'last'] as const) {
  test(`keys whose cells are all among the ${place} ones are loaded`, () => {
    const count = 5000;
    const table = new IntKeyTable();
    const keys = Int32Array.from({ length: count }, (_, n) =>
      Math.imul(place === 'first' ? n * 1000 : -1 - n * 1000, GOLDEN_INVERSE),
    );
    table.append(keys, 0, count, count);
    assert.ok(table.index());
    const found = new Int32Array(count);
    table.findSlots(keys, 0, count, found);
    assert.deepEqual(
      found,
      Int32Array.from(keys, (_, n) => n),
    );
    const others = Int32Array.from({ length: count }, (_, n) =>
      Math.imul(n * 1000 + 500, GOLDEN_INVERSE),
    );
    table.findSlots(others, 0, count, found);
    assert.deepEqual(found, new Int32Array(count).fill(-1));
  });
}

test('a key that is loaded twice is told', () => {
  const keys = Int32Array.from({ length: 5000 }, (_, n) => n);
  for (let twice = 0; twice < keys.length; twice += 61) {
    const table = new IntKeyTable();
    table.append(keys, 0, 5000, 5001);
    table.append(keys, twice, twice + 1, 1);
    assert.equal(table.index(), false, `${twice}`);
  }
});

test('a table that was large gives memory back when it is cleared', () => {
  const table = new IntKeyTable();
  const keys = Int32Array.from({ length: 100_000 }, (_, i) => i);
  table.slotsOf(keys, 0, keys.length, new Int32Array(keys.length));
  table.clear();
  table.slotsOf(Int32Array.of(1), 0, 1, new Int32Array(1));
  table.clear();
  assert.ok(table.keys.length < 1000);
});
