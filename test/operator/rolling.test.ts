/** Rolling aggregations in every mode: one result a record, at the time of the record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import type { Stream } from '../../src/api/stream.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';

const Sale = record({
  shop: t.string,
  price: t.int32,
  clerk: t.nullable(t.string),
});
type Sale = { shop: string; price: number; clerk: string | null };
const Nan = record({ k: t.int32, id: t.int32, x: t.float64 });

const SALES: readonly Sale[] = [
  { shop: 'a', price: 5, clerk: 'x' },
  { shop: 'b', price: 7, clerk: null },
  { shop: 'a', price: 3, clerk: 'y' },
  { shop: 'a', price: 3, clerk: 'z' },
  { shop: 'b', price: 2147483647, clerk: 'w' },
  { shop: 'a', price: 9, clerk: null },
];

const EXPECTED = {
  sum: [5, 7, 8, 11, 2147483654, 20].map((price, i) => ({ ...first(i), price })),
  min: [5, 7, 3, 3, 7, 3].map((price, i) => ({ ...first(i), price })),
  max: [5, 7, 5, 5, 2147483647, 9].map((price, i) => ({ ...first(i), price })),
  minBy: [0, 1, 2, 2, 1, 2].map((of) => SALES[of]!),
  maxBy: [0, 1, 0, 0, 4, 5].map((of) => SALES[of]!),
};

/** The first sale of the shop of sale i. */
function first(i: number): Sale {
  return SALES.find((sale) => sale.shop === SALES[i]!.shop)!;
}

/** Results of one key keep their order; those of several come in any. */
function byShop(elements: readonly object[]): unknown {
  const of = (shop: string) =>
    elements.filter((element) => (element as { record?: Sale }).record?.shop === shop);
  return [of('a'), of('b')];
}

const STEPS = {
  sum: (sales: KeyedStream<Sale, { shop: string }>) => sales.sum('price'),
  min: (sales: KeyedStream<Sale, { shop: string }>) => sales.min('price'),
  max: (sales: KeyedStream<Sale, { shop: string }>) => sales.max('price'),
  minBy: (sales: KeyedStream<Sale, { shop: string }>) => sales.minBy('price'),
  maxBy: (sales: KeyedStream<Sale, { shop: string }>) => sales.maxBy('price'),
};

for (const kind of ['sum', 'min', 'max', 'minBy', 'maxBy'] as const) {
  inEveryMode(
    `${kind} emits one row a record`,
    Sale,
    (stream) => STEPS[kind](stream.keyBy('shop')),
    (h) => {
      for (const [i, sale] of SALES.entries()) h.push(sale, i * 10);
      const expected = EXPECTED[kind].map((row, i) => ({ record: row, timestamp: i * 10 }));
      assert.deepEqual(byShop(h.take()), byShop(expected));
    },
  );
}

inEveryMode(
  'reduce emits what the function makes of the value so far and the record',
  Sale,
  (stream) =>
    stream
      .keyBy((sale) => sale.shop)
      .reduce((value, sale) => ({ ...sale, price: value.price * 2 + sale.price })),
  (h) => {
    for (const [i, sale] of SALES.entries()) h.push(sale, i);
    const prices = [5, 7, 13, 29, 2147483661, 67];
    const expected = SALES.map((sale, i) => ({
      record: { ...sale, price: prices[i]! },
      timestamp: i,
    }));
    assert.deepEqual(byShop(h.take()), byShop(expected));
  },
);

inEveryMode(
  'a null changes nothing, and gives way to the first value',
  Sale,
  (stream) => stream.keyBy('shop').max('clerk'),
  (h) => {
    for (const clerk of [null, 'b', null, 'a', 'c']) h.push({ shop: 'a', price: 1, clerk });
    assert.deepEqual(
      h.takeRecords().map((row) => (row as Sale).clerk),
      [null, 'b', 'b', 'b', 'c'],
    );
  },
);

test('keys of different types are different keys, also when the first were ints', async () => {
  const h = await harness<{ k: number | string; n: number }>((stream) =>
    stream.keyBy('k').sum('n'),
  );
  for (const k of [1, 2, '1', 1, 1.5, '1', 2]) h.push({ k, n: 1 });
  assert.deepEqual(
    h.takeRecords().map((row) => (row as { n: number }).n),
    [1, 1, 1, 2, 1, 2, 2],
  );
});

test('what the function throws names the operator and the record', async () => {
  const h = await harness<{ n: number }>((stream) =>
    stream
      .keyBy(() => 1)
      .reduce((_, row) => {
        if (row.n === 3) throw new Error('three');
        return row;
      }),
  );
  for (const n of [1, 2, 3]) h.push({ n });
  assert.throws(() => h.take(), {
    code: 'USER_FUNCTION',
    message: /operator 'reduce' \(subtask 0, record 2\): three/,
  });
});

test('a field that cannot be summed is refused when the job is built', async () => {
  await assert.rejects(
    harness<Sale>((stream) => stream.keyBy('shop').sum('shop' as 'price'), { schema: Sale }),
    { code: 'FIELD_TYPE', message: "sum 'shop': the field is string" },
  );
});

const FIELDS = {
  number: t.float64,
  time: t.timestamp,
  day: t.date,
  any: t.dynamic<number>(),
} as const;
const numbered = (kind: keyof typeof FIELDS, x: number): unknown =>
  kind === 'day' ? new Date(x) : x;

for (const [kind, type] of Object.entries(FIELDS) as [keyof typeof FIELDS, typeof t.float64][]) {
  for (const isTyped of [true, false]) {
    test(`a value that is no number gives way to any, ${isTyped ? 'typed' : 'free-form'} ${kind}`, async () => {
      const Row = record({ key: t.string, x: type });
      const values = [Number.NaN, 5, Number.NaN, 3, 7];
      const expected = {
        min: [Number.NaN, 5, 5, 3, 3],
        max: [Number.NaN, 5, 5, 5, 7],
        minBy: [Number.NaN, 5, 5, 3, 3],
        maxBy: [Number.NaN, 5, 5, 5, 7],
      };
      for (const step of ['min', 'max', 'minBy', 'maxBy'] as const) {
        const build = (stream: Stream<{ key: string; x: number }>) =>
          stream.keyBy('key')[step]('x');
        const h = await harness(build, {
          ...(isTyped ? { schema: Row } : {}),
        });
        for (const x of values) h.push({ key: 'a', x: numbered(kind, x) as number });
        const got = h.takeRecords().map(({ x }) => Number(x));
        assert.deepEqual(got, expected[step], step);
      }
    });
  }
}

inEveryMode(
  'of several that are NaN, the first is kept',
  Nan,
  (rows) => rows.keyBy('k').minBy('x'),
  (h) => {
    for (const [id, x] of [
      [1, Number.NaN],
      [2, Number.NaN],
      [3, 5],
      [4, Number.NaN],
      [5, 7],
    ] as const) {
      h.push({ k: 1, id, x });
    }
    const ids = h.takeRecords().map(({ id }) => id);
    assert.deepEqual(ids, [1, 1, 3, 3, 3]);
  },
);
