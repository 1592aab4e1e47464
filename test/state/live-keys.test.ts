/** Tables of keys that come and go, against a Map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { KeyReader } from '../../src/data/key.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { readKey } from '../../src/operator/read-key.ts';
import { GOLDEN } from '../../src/state/cells.ts';
import { LiveIntKeys } from '../../src/state/live-int-keys.ts';
import { LiveKeys } from '../../src/state/live-keys.ts';
import { SlotList } from '../../src/state/slot-list.ts';
import { intRuns } from './int-runs.ts';

type Key = number | string;
type Step = { readonly keys: readonly Key[]; readonly removed: readonly number[] };

const FIELD = [{ name: 'k', kind: 'dynamic', nullable: false }] as const;

/** Takes keys in and removes some of them, step by step; a Map tells what the table has to say. */
function follow(steps: readonly Step[], schema: Schema | null): void {
  const reader = new KeyReader({ kind: 'fields', fields: ['k'] }, schema, null);
  const fields = schema?.fields ?? FIELD;
  const table = new LiveKeys(reader.isInt);
  const model = new Map<Key, number>();
  for (const { keys, removed } of steps) {
    const builder = new BatchBuilder(schema, Math.max(1, keys.length));
    for (const k of keys) builder.appendRow({ k });
    reader.read(builder.seal());
    const slots = new Int32Array(keys.length);
    const fresh = new SlotList();
    table.slotsOf(reader, 0, keys.length, slots, fresh);
    const taken = new Set(model.values());
    const expectedFresh: number[] = [];
    keys.forEach((key, i) => {
      const slot = slots[i]!;
      if (!model.has(key)) {
        assert.ok(!taken.has(slot), 'a new key gets a slot that is free');
        taken.add(slot);
        expectedFresh.push(slot);
        model.set(key, slot);
      }
      assert.equal(slot, model.get(key));
    });
    assert.deepEqual([...fresh.slots.subarray(0, fresh.count)], expectedFresh);
    const live = [...model];
    for (const at of removed) {
      const [key, slot] = live[at % Math.max(1, live.length)] ?? [];
      if (slot === undefined) continue;
      assert.equal(table.remove(slot), model.delete(key!), 'a slot is given back once');
    }
    assert.equal(table.keyCount, model.size);
    const keyed = { kind: 'fields', fields: ['k'] } as const;
    const find = (key: Key): number => table.find(readKey(keyed, fields, schema !== null, key));
    for (const [key, slot] of [...model].slice(0, 2)) assert.equal(find(key), slot);
    for (const key of keys.slice(0, 2)) assert.equal(find(key), model.get(key) ?? -1);
    for (const [key, slot] of model) {
      assert.deepEqual(table.valuesOf(slot, fields, schema !== null), [key]);
    }
  }
}

function stepsOf(
  key: fc.Arbitrary<Key>,
  keys: fc.Arbitrary<Key[]> = fc.array(key, { maxLength: 200 }),
): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      keys,
      removed: fc.array(fc.nat(500), { maxLength: 200 }),
    }),
    { maxLength: 8 },
  );
}

const INTS = fc.oneof(fc.integer(), fc.nat(40), fc.constantFrom(-1, 2 ** 31 - 1, -(2 ** 31)));
const TEXTS = fc.oneof(fc.string({ maxLength: 5 }), fc.string({ minLength: 100, maxLength: 300 }));

test('int keys keep their slots until they are removed', () => {
  fc.assert(
    fc.property(stepsOf(INTS), (steps) => follow(steps, record({ k: t.int32 }))),
    {
      numRuns: 200,
    },
  );
});

test('int keys that lie close together keep their slots until they are removed', () => {
  const keys = fc
    .tuple(intRuns(), fc.array(INTS, { maxLength: 3 }))
    .map(([run, others]) => [...run, ...others]);
  fc.assert(
    fc.property(stepsOf(INTS, keys), (steps) => follow(steps, record({ k: t.int32 }))),
    { numRuns: 200 },
  );
});

test('byte keys keep their slots until they are removed', () => {
  fc.assert(
    fc.property(stepsOf(TEXTS), (steps) => follow(steps, record({ k: t.string }))),
    {
      numRuns: 100,
    },
  );
});

test('keys that are ints, then text, keep their slots', () => {
  fc.assert(
    fc.property(stepsOf(INTS), stepsOf(fc.oneof(INTS, TEXTS)), (ints, mixed) =>
      follow([...ints, ...mixed], null),
    ),
    { numRuns: 100 },
  );
});

test('slots are used again: keys that come and go take no more of them', () => {
  const reader = new KeyReader({ kind: 'fields', fields: ['k'] }, record({ k: t.string }), null);
  const table = new LiveKeys(false);
  for (let round = 0; round < 2000; round++) {
    const builder = new BatchBuilder(record({ k: t.string }), 10);
    for (let n = 0; n < 10; n++) builder.appendRow({ k: `${round} ${n} ${'x'.repeat(50)}` });
    reader.read(builder.seal());
    const slots = new Int32Array(10);
    table.slotsOf(reader, 0, 10, slots, new SlotList());
    for (const slot of slots) assert.ok(table.remove(slot));
  }
  assert.equal(table.slotCount, 10);
  assert.equal(table.keyCount, 0);
});

test('a key that is not there is not found by the hash of another', () => {
  const schema = record({ k: t.string });
  const keyed = { kind: 'fields', fields: ['k'] } as const;
  const table = new LiveKeys(false);
  const key = (text: string): KeyReader => readKey(keyed, schema.fields, true, text);
  table.slotsOf(key('Aa'), 0, 1, new Int32Array(1), new SlotList());
  assert.equal(table.find(key('Aa')), 0);
  assert.equal(table.find(key('BB')), -1, 'of the same hash in Java');
});

test('keys whose cells hold the same bits of the hash have slots of their own', () => {
  // Keys by their hash: cells are 64 and hold the lowest 26 bits. The second is in the cell where the third belongs.
  let inverse = GOLDEN;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(GOLDEN, inverse));
  const keys = Int32Array.of(1, 2, 2 + 2 ** 26).map((hash) => Math.imul(hash, inverse));
  const table = new LiveIntKeys(new SlotList());
  const slots = new Int32Array(keys.length);
  table.slotsOf(keys, 0, keys.length, slots, new SlotList());
  assert.deepEqual([...slots], [0, 1, 2]);
  assert.deepEqual(
    [...keys].map((key) => table.find(key)),
    [0, 1, 2],
  );
});

test('keys of some megabytes keep their slots while their memory grows, and while it is squeezed', () => {
  const keysFrom = (first: number): string[] =>
    Array.from({ length: 50_000 }, (_, i) => `the key with number ${first + i} of very many`);
  const removed = Array.from({ length: 30_000 }, (_, i) => i * 7);
  follow(
    [
      { keys: keysFrom(0), removed },
      { keys: keysFrom(40_000), removed },
      { keys: keysFrom(100_000), removed: [] },
    ],
    record({ k: t.string }),
  );
});
