/** A batch is full by its bytes too, however its rows come into it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_BYTES, BATCH_ROWS } from '../../src/base/limits.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { batchRowsLike, SAMPLE_ROWS, valueBytes } from '../../src/data/batch-weight.ts';
import { StringColumn, StringEntries } from '../../src/data/column.ts';
import { RowEncoder } from '../../src/data/row-encoder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';

const Texts = record({ n: t.int32, a: t.string, b: t.nullable(t.string) });
const Anything = record({ n: t.int32, value: t.dynamic<unknown>() });
const HEAVY = 100_000;

type Rows = (n: number) => object;

const KINDS: Readonly<Record<string, { schema: Schema; row: Rows; bytes: number }>> = {
  'narrow strings': { schema: Texts, row: (n) => texts(n, 'x'.repeat(HEAVY), null), bytes: HEAVY },
  'wide strings': {
    schema: Texts,
    row: (n) => texts(n, '漢'.repeat(HEAVY / 2), null),
    bytes: HEAVY,
  },
  'strings that fill no batch evenly': {
    schema: Texts,
    row: (n) => texts(n, 'x'.repeat(70_000), null),
    bytes: 70_000,
  },
  'two columns of strings': {
    schema: Texts,
    row: (n) => texts(n, 'x'.repeat(HEAVY / 2), 'y'.repeat(HEAVY / 2)),
    bytes: HEAVY,
  },
  'strings of 30 KB': {
    schema: Texts,
    row: (n) => texts(n, 'x'.repeat(30_000), ''),
    bytes: 30_000,
  },
  'text in values of any type': {
    schema: Anything,
    row: (n) => ({ n, value: 'x'.repeat(HEAVY) }),
    bytes: HEAVY,
  },
  'text within values of any type': {
    schema: Anything,
    row: (n) => ({ n, value: { page: ['', { text: 'x'.repeat(HEAVY) }] } }),
    bytes: HEAVY,
  },
  'bytes in values of any type': {
    schema: Anything,
    row: (n) => ({ n, value: new Uint8Array(HEAVY) }),
    bytes: HEAVY,
  },
};

function texts(n: number, a: string, b: string | null) {
  return { n, a, b };
}

/** The rows are fewer than fit by number, and about as many as fit by bytes. */
function assertHeavyBatch(rowCount: number, bytes: number): void {
  const weight = rowCount * bytes;
  assert.ok(weight > BATCH_BYTES / 2 && weight < 2 * BATCH_BYTES, `${rowCount} rows`);
}

for (const [name, { schema, row, bytes }] of Object.entries(KINDS)) {
  test(`a builder is full by ${name}: of row objects`, () => {
    const builder = new BatchBuilder(schema);
    for (let round = 0; round < 3; round++) {
      while (!builder.isFull) builder.appendRow(row(builder.rowCount));
      assertHeavyBatch(builder.rowCount, bytes);
      builder.reset();
      assert.ok(!builder.isFull);
    }
  });

  test(`a builder is full by ${name}: of rows of other batches`, () => {
    const source = new BatchBuilder(schema);
    for (let n = 0; n < 3; n++) source.appendRow(row(n));
    const builder = new BatchBuilder(schema);
    for (let round = 0; round < 3; round++) {
      while (!builder.isFull) builder.appendSelected(source.seal(), Int32Array.of(2, 0, 1), 0, 3);
      assertHeavyBatch(builder.rowCount, bytes);
      builder.reset();
    }
  });

  test(`free-form rows become several batches by ${name}, in order`, () => {
    const encoder = new RowEncoder();
    const rows = Array.from({ length: 50 }, (_, n) => row(n));
    const batch = new Batch({ rowCount: rows.length, schema: null, rows });
    const got: object[] = [];
    while (got.length < rows.length) {
      const columns = encoder.encode(batch, got.length);
      assert.equal(columns.columns.length, schema.fields.length, 'rows stay columns');
      if (got.length + columns.rowCount < rows.length) assertHeavyBatch(columns.rowCount, bytes);
      assert.ok(columns.rowCount * bytes < 2 * BATCH_BYTES);
      got.push(...(columns.rowObjects() as object[]));
    }
    assert.deepEqual(got, rows);
  });
}

test('free-form values that are no records become several batches too', () => {
  const rows = Array.from({ length: 30 }, (_, n) => `${n}${'x'.repeat(HEAVY)}`);
  const encoder = new RowEncoder();
  const batch = new Batch({ rowCount: rows.length, schema: null, rows });
  const first = encoder.encode(batch, 0);
  assertHeavyBatch(first.rowCount, HEAVY);
  assert.deepEqual(first.rowObjects(), rows.slice(0, first.rowCount));
});

test('rows of ordinary size fill a batch by their number', () => {
  const builder = new BatchBuilder(Texts);
  while (!builder.isFull) builder.appendRow(texts(1, 'x'.repeat(100), 'y'.repeat(100)));
  assert.equal(builder.rowCount, BATCH_ROWS);
});

test('a row that is heavier than a batch should be is one by itself', () => {
  const builder = new BatchBuilder(Texts);
  builder.appendRow(texts(1, 'x'.repeat(3 * BATCH_BYTES), null));
  assert.ok(builder.isFull);
  const encoder = new RowEncoder();
  const rows = [1, 2].map((n) => texts(n, 'x'.repeat(3 * BATCH_BYTES), null));
  assert.equal(encoder.encode(new Batch({ rowCount: 2, schema: null, rows }), 0).rowCount, 1);
});

test('a heavy row that did not fit weighs nothing', () => {
  const builder = new BatchBuilder(Texts);
  builder.appendRow(texts(1, 'a', 'b'));
  const misfit = { n: 2, a: 'x'.repeat(3 * BATCH_BYTES), b: 3 };
  assert.throws(() => builder.appendRow(misfit), { code: 'FIELD_TYPE' });
  assert.ok(!builder.isFull);
  const encoder = new RowEncoder();
  const rows = [texts(1, 'a', 'b'), misfit];
  const batch = new Batch({ rowCount: 2, schema: null, rows });
  assert.deepEqual(encoder.encode(batch, 0).rowObjects(), rows);
});

test('columns that were heavy in batches before count from the first byte again', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const schema = record(Object.fromEntries(names.map((name) => [name, t.string]))) as Schema;
  const builder = new BatchBuilder(schema);
  const fill = (isHeavy: (name: string) => boolean): void => {
    builder.reset();
    const text = 'x'.repeat(10_000);
    const row = Object.fromEntries(names.map((name) => [name, isHeavy(name) ? text : '']));
    while (!builder.isFull) builder.appendRow(row);
  };
  for (const heavy of names) fill((name) => name === heavy);
  fill(() => true);
  assertHeavyBatch(builder.rowCount, names.length * 10_000);
});

test('codes of a dictionary weigh nothing, however long its entries', () => {
  const entry = new TextEncoder().encode('x'.repeat(HEAVY));
  const entries = new StringEntries(1, Int32Array.of(0, HEAVY), entry, false, true);
  const column = new StringColumn(entries, new Int32Array(100));
  const schema = record({ a: t.string });
  const batch = new Batch({ rowCount: 100, schema, columns: [column] });
  const builder = new BatchBuilder(schema);
  builder.appendSelected(batch, new Int32Array(100), 0, 100);
  assert.equal(builder.weight.bytes, 0);
  assert.equal(builder.stringBytes, 0);
});

test('of values of any type, one in a run of rows is looked at, however they come into a batch', () => {
  const runs = 10;
  const count = runs * SAMPLE_ROWS;
  let looked = 0;
  const row = (n: number) => ({
    n,
    value: {
      get text() {
        looked++;
        return 'x';
      },
    },
  });
  const rows = Array.from({ length: count }, (_, n) => row(n));
  const free = new Batch({ rowCount: count, schema: null, rows });
  const values = new Batch({ rowCount: count, schema: null, rows: rows.map((one) => [one]) });
  const all = Int32Array.from({ length: count }, (_, n) => n);
  const typed = new BatchBuilder(Anything);
  const ways: Readonly<Record<string, () => void>> = {
    'row objects': () => {
      for (const one of rows) typed.appendRow(one);
    },
    'rows of other batches': () => {
      new BatchBuilder(Anything).appendSelected(typed.seal(), all, 0, count);
    },
    'free-form rows': () => {
      new RowEncoder().encode(free, 0);
    },
    'rows that are values': () => {
      new RowEncoder().encode(values, 0);
    },
  };
  for (const [name, append] of Object.entries(ways)) {
    looked = 0;
    append();
    assert.equal(looked, runs, name);
  }
});

test('the bytes of a value are those of its text and its bytes, and only its first parts are looked at', () => {
  const cycle: { text: string; self?: object } = { text: 'abc' };
  cycle.self = cycle;
  assert.equal(valueBytes(null), 0);
  assert.equal(valueBytes([1, 'ab', { c: new Float64Array(2) }]), 2 + 16);
  assert.ok(valueBytes(cycle) < 200);
  const texts = Array.from({ length: 1000 }, () => 'x'.repeat(100));
  for (const many of [texts, new Set(texts.map((text, n) => `${n}${text}`.slice(-100)))]) {
    assert.equal(valueBytes({ many }), 100 * (Array.isArray(many) ? many.length : many.size));
  }
  assert.equal(batchRowsLike({ n: 1 }), BATCH_ROWS);
  assert.equal(batchRowsLike({ text: 'x'.repeat(BATCH_BYTES / 4) }), 4);
  assert.equal(batchRowsLike('x'.repeat(2 * BATCH_BYTES)), 1);
});
