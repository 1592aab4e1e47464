/** Made-up rows: the same whoever makes them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Source, SplitReader } from '../../src/operator/source.ts';

const Row = record({ n: t.int32, s: t.string });
type Row = { n: number; s: string };
const context = { clock: systemClock, wake() {}, malformed() {} };

function rest<R>(reader: SplitReader, batches = Infinity): R[] {
  const rows: R[] = [];
  for (let b = 0; b < batches; b++) {
    const batch = reader.poll();
    if (batch === 'end') break;
    assert.notEqual(batch, 'idle');
    if (typeof batch !== 'string') rows.push(...(batch.rowObjects() as R[]));
  }
  return rows;
}

/**
 * All rows, by as many subtasks. Each reader is thrown away after a batch, which may be a row, and made anew at its position; one that
 * is kept gives the same rows.
 */
async function rowsOf<R extends { n: number }>(source: Source<R>, subtasks: number): Promise<R[]> {
  const rows: R[] = [];
  for (const split of await source.discoverSplits(subtasks)) {
    let reader = source.createReader(split, null, context);
    const ofSplit: R[] = [];
    for (;;) {
      const got = rest<R>(reader, 1);
      if (got.length === 0) break;
      ofSplit.push(...got);
      const position = reader.position();
      reader.close();
      reader = source.createReader(split, position, context);
    }
    assert.equal(reader.progress(), 1);
    assert.deepEqual(rest<R>(source.createReader(split, null, context)), ofSplit);
    rows.push(...ofSplit);
  }
  return rows.sort((a, b) => a.n - b.n);
}

const COUNT = 10_001;
const SOURCES: Readonly<Record<string, () => Source<Row>>> = {
  'typed rows': () =>
    generate({
      schema: Row,
      count: COUNT,
      seed: 5,
      row: (n, random) => ({ n, s: `${random.below(1000)}` }),
    }),
  'free-form rows': () =>
    generate({ count: COUNT, seed: 5, row: (n, random) => ({ n, s: `${random.below(1000)}` }) }),
};

for (const [name, make] of Object.entries(SOURCES)) {
  test(`${name} do not depend on the number of subtasks, nor on pauses`, async () => {
    const one = await rowsOf(make(), 1);
    assert.deepEqual(
      one.map((row) => row.n),
      Array.from({ length: COUNT }, (_, n) => n),
    );
    assert.ok(new Set(one.map((row) => row.s)).size > 900, 'random');
    assert.deepEqual(await rowsOf(make(), 3), one);
  });
}

test('columns are filled in blocks, each once', async () => {
  const source = generate({
    schema: Row,
    count: COUNT,
    fill({ n, s }, from, rowCount) {
      for (let i = 0; i < rowCount; i++) {
        n[i] = from + i;
        s.append(`row ${from + i}`);
      }
    },
  });
  for (const subtasks of [1, 3]) {
    const rows = await rowsOf(source, subtasks);
    assert.deepEqual(
      rows,
      Array.from({ length: COUNT }, (_, n) => ({ n, s: `row ${n}` })),
    );
  }
});

test('columns of nullable fields are filled as others are, and null is written by name', async () => {
  const Maybe = record({
    n: t.int32,
    v: t.nullable(t.float64),
    s: t.nullable(t.string),
    f: t.nullable(t.boolean),
    d: t.nullable(t.date),
    any: t.dynamic<unknown>(),
    maybe: t.nullable(t.dynamic<{ a: number }>()),
  });
  const source = generate({
    schema: Maybe,
    count: COUNT,
    fill(columns, from, rowCount, setNull) {
      const { n, v, s, f, d, any, maybe } = columns;
      for (let i = 0; i < rowCount; i++) {
        n[i] = from + i;
        if ((from + i) % 3 === 0) {
          for (const name of ['v', 's', 'f', 'd', 'any', 'maybe'] as const) setNull(name, i);
          continue;
        }
        v[i] = (from + i) / 2;
        s.append(`row ${from + i}`);
        f[i] = 1;
        d[i] = from + i;
        any[i] = [(from + i) % 2];
        maybe[i] = { a: 1 };
      }
    },
  });
  for (const subtasks of [1, 3]) {
    const rows = await rowsOf(source, subtasks);
    assert.equal(rows.length, COUNT);
    assert.deepEqual(rows.slice(6000, 6002), [
      { n: 6000, v: null, s: null, f: null, d: null, any: null, maybe: null },
      { n: 6001, v: 3000.5, s: 'row 6001', f: true, d: new Date(6001), any: [1], maybe: { a: 1 } },
    ]);
    assert.ok(rows.every(({ n, s }) => s === (n % 3 === 0 ? null : `row ${n}`)));
  }
});

test('null where a field may not be null, or where there is none, is told by the name', async () => {
  for (const [name, code, message] of [
    ['n', 'FIELD_TYPE', "field 'n' wants int32, got null"],
    ['m', 'FIELD_UNKNOWN', "setNull: no field 'm'; the row has n, s"],
  ] as const) {
    const source = generate({
      schema: Row,
      count: 1,
      fill: (_columns, _from, _rowCount, setNull) => setNull(name as never, 0),
    });
    const [split] = await source.discoverSplits(1);
    const reader = source.createReader(split!, null, context);
    assert.throws(() => reader.poll(), { code, message });
  }
});

test('without a count there is no end', async () => {
  const source = generate({ row: (n) => ({ n }) });
  assert.equal(source.isBounded, false);
  const [split] = await source.discoverSplits(1);
  assert.equal(rest(source.createReader(split!, null, context), 5).length, 5 * 4096);
});

test('a count below 0 is refused', () => {
  assert.throws(() => generate({ count: -1, row: (n) => n }), { code: 'JOB_DEFINITION' });
});

test('a collection gives its rows in order, one subtask all of them', async () => {
  const rows = Array.from({ length: 9000 }, (_, n) => ({ n, s: `s${n}` }));
  for (const schema of [Row, null]) {
    const source = collection(rows, schema);
    assert.equal((await source.discoverSplits(4)).length, 1);
    assert.deepEqual(await rowsOf(source, 4), rows);
  }
});

test('a row of a collection that does not fit its schema is told by its place', async () => {
  const rows = [
    { n: 1, s: 'a' },
    { n: 2.5, s: 'b' },
  ];
  const source = collection(rows, Row);
  const [split] = await source.discoverSplits(1);
  assert.throws(() => source.createReader(split!, null, context).poll(), {
    code: 'FIELD_TYPE',
    message: "row 1 of the collection: field 'n' wants int32, got 2.5",
  });
});
