/** Keys that share their hash, as Flink makes it, are still told apart without comparing many of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { KeyReader, keyFields } from '../../src/data/key.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { KeySlots } from '../../src/state/key-slots.ts';
import { LiveKeys } from '../../src/state/live-keys.ts';
import { SlotList } from '../../src/state/slot-list.ts';

type Row = Readonly<Record<string, unknown>>;

const SIDE = 96;
const HIGH = 2n ** 32n;

type Case = { readonly name: string; readonly schema: Schema; row(a: number, b: number): Row };

/** Keys of all pairs of a and b below SIDE. */
const CASES: readonly Case[] = [
  {
    name: 'two ints',
    schema: record({ x: t.int32, y: t.int32 }),
    row: (a, b) => ({ x: a * 31, y: b * 31 * 31 }),
  },
  {
    name: 'two longs',
    schema: record({ x: t.int64, y: t.int64 }),
    row: (a, b) => ({ x: BigInt(a), y: BigInt(b * 31) }),
  },
  {
    name: 'a long',
    schema: record({ x: t.int64 }),
    row: (a, b) => ({ x: BigInt(a) * HIGH + BigInt(b) }),
  },
  {
    name: 'two doubles',
    schema: record({ x: t.float64, y: t.float64 }),
    row: (a, b) => ({ x: a, y: b }),
  },
  {
    name: 'ints between others',
    schema: record({ shop: t.string, x: t.int32, y: t.int32, sort: t.string }),
    row: (a, b) => ({ shop: 'north', x: a, y: b * 31, sort: 'returned' }),
  },
  {
    name: 'texts before another',
    schema: record({ x: t.string, y: t.string, sort: t.string }),
    row: (a, b) => ({ x: `user${a}`, y: `item${b}`, sort: 'returned' }),
  },
];

function batchesOf(schema: Schema, row: (a: number, b: number) => Row): Batch[] {
  const batches: Batch[] = [];
  for (let a = 0; a < SIDE; a++) {
    const builder = new BatchBuilder(schema, SIDE);
    for (let b = 0; b < SIDE; b++) builder.appendRow(row(a, b));
    batches.push(builder.seal());
  }
  return batches;
}

/** The bytes, and how often one was read. */
function counted(bytes: Uint8Array): { readonly bytes: Uint8Array; reads: number } {
  const count = {
    reads: 0,
    bytes: new Proxy(bytes, {
      get(target, name) {
        count.reads++;
        return target[name as unknown as number];
      },
    }),
  };
  return count;
}

for (const { name, schema, row } of CASES) {
  for (const table of ['keys that stay', 'keys that come and go'] as const) {
    test(`keys of ${name} are found without comparing many: ${table}`, () => {
      const key = { kind: 'fields', fields: schema.fields.map((field) => field.name) } as const;
      const reader = new KeyReader(key, schema, null);
      const slots = new KeySlots(false);
      const live = new LiveKeys(false);
      const found = new Int32Array(SIDE);
      let reads = 0;
      let bytes = 0;
      for (const batch of batchesOf(schema, row)) {
        reader.read(batch);
        const { keyBytes } = reader;
        for (let i = 0; i < SIDE; i++) bytes += keyBytes.sizes[i]! >> 1;
        const own = keyBytes.bytes;
        const count = counted(own);
        keyBytes.bytes = count.bytes;
        if (table === 'keys that stay') slots.slotsOf(reader, 0, SIDE, found);
        else live.slotsOf(reader, 0, SIDE, found, new SlotList());
        keyBytes.bytes = own;
        reads += count.reads;
      }
      assert.equal(table === 'keys that stay' ? slots.count : live.keyCount, SIDE * SIDE);
      // Once for its mark, the last bytes twice, once to be kept, and hardly ever to be compared.
      assert.ok(reads < bytes * 2.6, `${reads} reads of ${bytes} bytes`);
    });
  }
}

test('the hash of a key that comes and goes is the one that it came with', () => {
  const texts = record({ k: t.string });
  const cases = [
    ...CASES.map(({ schema, row }) => ({ schema, rows: [row(1, 2), row(95, 3)] })),
    { schema: texts, rows: ['', 'a', 'four', 'some longer text'].map((k) => ({ k })) },
  ];
  for (const { schema, rows } of cases) {
    const key = { kind: 'fields', fields: schema.fields.map((field) => field.name) } as const;
    const reader = new KeyReader(key, schema, null);
    const batch = new BatchBuilder(schema, rows.length);
    for (const row of rows) batch.appendRow(row);
    const sealed = batch.seal();
    reader.read(sealed);
    const keys = new LiveKeys(false);
    const slots = new Int32Array(rows.length);
    keys.slotsOf(reader, 0, rows.length, slots, new SlotList());
    const out = new BatchBuilder(schema, rows.length);
    for (const slot of slots) {
      keys.append(slot, out, keyFields(key, schema), true);
      out.advance(1);
    }
    assert.deepEqual(
      out.seal().keyHashes!.slice(0, rows.length),
      reader.hashes(sealed).slice(0, rows.length),
    );
  }
});
