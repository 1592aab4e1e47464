/** What a builder hands over, and what becomes of it when the builder is used again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { StringColumn, StringEntries } from '../../src/data/column.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';

test('a free-form batch keeps its rows and times when its builder goes on', () => {
  const builder = new BatchBuilder(null, 4);
  builder.appendRow({ n: 1 }, 10);
  const first = builder.seal();
  assert.equal(first.isTransient, false);
  builder.reset();
  builder.appendRow({ n: 2 }, 20);
  assert.deepEqual(first.rowObjects(), [{ n: 1 }]);
  assert.equal(first.timestamps![0], 10);
});

test('a free-form batch of few rows has little memory for their times; with more rows there is more', () => {
  const builder = new BatchBuilder(null);
  builder.appendRow({ n: 0 }, 10);
  assert.ok(builder.seal().timestamps!.length <= 16);
  builder.reset();
  const at = (n: number): number => (n % 3 === 1 ? Number.NaN : n);
  for (let n = 0; n < 100; n++) builder.appendRow({ n }, at(n));
  const batch = builder.seal();
  const others = new BatchBuilder(null);
  others.appendRow({ n: -1 });
  others.appendSelected(batch, Int32Array.of(98, 99), 0, 2);
  const rest = Int32Array.from({ length: 98 }, (_, n) => n);
  others.appendSelected(batch, rest, 0, 98);
  others.appendSelected(new Batch({ rowCount: 1, schema: null, rows: [{ n: 7 }] }), rest, 0, 1);
  const times = [...others.seal().timestamps!.subarray(0, 102)];
  assert.deepEqual(times, [Number.NaN, 98, 99, ...[...rest].map(at), Number.NaN]);
});

test('a builder that goes on forgets the values and times of the rows that it had, and leaves alone what no row was written to', () => {
  const builder = new BatchBuilder(record({ any: t.dynamic() }), 100);
  const { values } = builder.dynamic(0);
  for (let n = 0; n < 5; n++) builder.appendRow({ any: { n } }, n);
  builder.truncate(2);
  values[99] = 'of no row';
  builder.reset();
  assert.deepEqual([...values.slice(0, 99)], new Array(99).fill(undefined));
  assert.equal(values[99], 'of no row');
  assert.ok(builder.timestamps().every(Number.isNaN));
  // Rows that were filled, and never counted.
  values[50] = 'filled';
  builder.reset();
  assert.ok(values.every((value) => value === undefined));
});

test('a dictionary in memory that is used again is kept as it was, as that of a frame in a ring', () => {
  const schema = record({ name: t.string });
  const bytes = Buffer.from('onetwo');
  const entries = new StringEntries(2, Int32Array.of(0, 3, 6), bytes, false);
  const column = new StringColumn(entries, Int32Array.of(1, 0, 1));
  const batch = new Batch({ rowCount: 3, schema, columns: [column], isTransient: true });
  const builder = new BatchBuilder(schema, 4);
  assert.ok(builder.appendSelected(batch, Int32Array.of(0, 1), 0, 2));
  assert.ok(builder.appendSelected(batch, Int32Array.of(2), 0, 1));
  bytes.fill(0);
  entries.offsets.fill(0);
  assert.deepEqual(builder.seal().rowObjects(), [
    { name: 'two' },
    { name: 'one' },
    { name: 'two' },
  ]);
});

test('rows that follow each other go behind the rows so far, as others do', () => {
  const Row = record({ n: t.int32, x: t.float64, maybe: t.nullable(t.boolean) });
  const from = new BatchBuilder(Row, 100);
  for (let n = 0; n < 100; n++)
    from.appendRow({ n, x: n / 2, maybe: n % 3 === 0 ? null : true }, n);
  const batch = from.seal();
  const builder = new BatchBuilder(Row);
  const apart = Int32Array.of(1, 5, 9);
  const together = Int32Array.from({ length: 60 }, (_, i) => 20 + i);
  for (const rows of [apart, together]) builder.appendSelected(batch, rows, 0, rows.length);
  const built = builder.seal();
  const numbers = [...apart, ...together];
  assert.deepEqual(
    built.rowObjects(),
    numbers.map((n) => ({ n, x: n / 2, maybe: n % 3 === 0 ? null : true })),
  );
  assert.deepEqual([...built.timestamps!.subarray(0, numbers.length)], numbers);
});

test('rows that are taken back leave nothing behind, with a schema and without', () => {
  const Row = record({ text: t.string, maybe: t.nullable(t.int32) });
  for (const schema of [Row, null]) {
    const builder = new BatchBuilder(schema as Schema | null, 4);
    const first = { text: 'é', maybe: 1 };
    builder.appendRow(first);
    for (let n = 0; n < 3; n++) builder.appendRow({ text: 'gone', maybe: null });
    builder.truncate(1);
    const next = { text: 'next', maybe: 2 };
    for (let n = 0; n < 2; n++) builder.appendRow(next);
    assert.deepEqual(builder.seal().rowObjects(), [first, next, next]);
  }
});

test('a column takes no memory for values before the first, nor when a builder without rows is emptied', () => {
  const builder = new BatchBuilder(record({ n: t.int32, any: t.dynamic() }), 4);
  assert.equal(builder.dynamic(1).isMade, false);
  builder.reset();
  assert.equal(builder.dynamic(1).isMade, false);
  builder.appendRow({ n: 1, any: 'a' });
  const { values } = builder.fixed(0);
  assert.equal(values.length, 4);
  assert.equal(builder.fixed(0).values, values);
  assert.equal(builder.fixed(0).unread, values);
  assert.deepEqual(builder.seal().rowObjects(), [{ n: 1, any: 'a' }]);
  builder.reset();
  assert.equal(builder.dynamic(1).isMade, true);
  assert.equal(builder.dynamic(1).values[0], undefined);
});
