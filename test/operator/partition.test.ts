/** Full partitions in every mode: of subtasks, and of keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';

const Sale = record({ shop: t.string, price: t.int32, clerk: t.nullable(t.string) });
type Sale = { shop: string; price: number; clerk: string | null };

const SALES: readonly Sale[] = [
  { shop: 'a', price: 5, clerk: 'x' },
  { shop: 'b', price: 7, clerk: null },
  { shop: 'a', price: 3, clerk: 'y' },
  { shop: 'c', price: 3, clerk: 'b' },
  { shop: 'b', price: 9, clerk: 'w' },
  { shop: 'a', price: 9, clerk: null },
];

type Elements = readonly object[];

function texts(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Nothing came before the end; then the rows, without event times, before the last watermark. */
function rowsAtEnd(elements: Elements): unknown[] {
  assert.deepEqual(elements.slice(-2), [{ watermark: Infinity }, { end: true }]);
  return elements.slice(0, -2).map((element) => {
    assert.ok(!('timestamp' in element && Number.isFinite(element.timestamp)), 'has a time');
    return (element as { record: unknown }).record;
  });
}

function pushAll(h: { push(sale: Sale, time: number): void; take(): Elements }): void {
  for (const [i, sale] of SALES.entries()) h.push(sale, i);
  assert.deepEqual(h.take(), []);
}

inEveryMode(
  'the rows of a subtask, mapped, sorted, reduced and aggregated, are all rows',
  Sale,
  (stream) => {
    const whole = stream.fullPartition();
    const mapped = whole.map((rows) => rows.map(({ shop, price }) => `map ${shop} ${price}`));
    const sorted = whole
      .sort('price')
      .map(({ shop, price }) => `sort ${shop} ${price}`)
      // More subtasks than one would give the rows in no order.
      .parallelism(1);
    const reduced = whole
      .reduce((sum, sale) => ({ ...sale, price: sum.price + sale.price }))
      .map(({ price }) => `reduce ${price}`);
    const aggregated = whole
      .aggregate(({ count, avg, max, collect }) => ({
        rows: count(),
        mean: avg('price'),
        best: max('clerk'),
        shops: collect('shop'),
      }))
      .map(({ rows, mean, best, shops }) => `aggregate ${rows} ${mean} ${best} ${shops.length}`);
    return mapped.union(sorted, reduced, aggregated);
  },
  async (h) => {
    pushAll(h);
    await h.end();
    const lines = rowsAtEnd(h.take()) as string[];
    const of = (what: string): string[] => lines.filter((line) => line.startsWith(what));
    const all = SALES.map(({ shop, price }) => `${shop} ${price}`).sort();
    // One input has one subtask, and so have those of its partition.
    assert.deepEqual(
      of('map').sort(),
      all.map((line) => `map ${line}`),
    );
    assert.deepEqual(
      of('sort').map((line) => Number(line.at(-1))),
      [3, 3, 5, 7, 9, 9],
    );
    assert.deepEqual(of('reduce'), ['reduce 36']);
    assert.deepEqual(of('aggregate'), ['aggregate 6 6 y 6']);
  },
);

inEveryMode(
  'the rows of several subtasks are spread over them, also after restarts',
  Sale,
  (stream) => {
    const spread = stream.rebalance().fullPartition();
    const rows = spread.map((all) => all.map(({ shop, price }) => ({ shop, price })));
    const sums = spread
      .aggregate(({ sum }) => ({ sum: sum('price') }))
      .map(({ sum }) => ({ shop: 'sum', price: sum }));
    const reduced = spread
      .reduce((all, sale) => ({ ...sale, price: all.price + sale.price }))
      .map(({ price }) => ({ shop: 'reduced', price }));
    return rows.union(sums, reduced);
  },
  async (h) => {
    pushAll(h);
    await h.end();
    const rows = rowsAtEnd(h.take()) as { shop: string; price: number }[];
    const total = (of: string): number =>
      rows.reduce((sum, { shop, price }) => (shop === of ? sum + price : sum), 0);
    const sales = rows.filter(({ shop }) => shop.length === 1);
    assert.deepEqual(texts(sales), texts(SALES.map(({ shop, price }) => ({ shop, price }))));
    assert.equal(total('sum'), 36);
    assert.equal(total('reduced'), 36);
  },
);

inEveryMode(
  'the rows of each key, mapped, sorted, reduced and aggregated',
  Sale,
  (stream) => {
    const byShop = stream.keyBy('shop').fullPartition();
    const mapped = byShop.map(function* (rows, { shop }) {
      yield `map ${shop} ${rows.map(({ price }) => price)}`;
    });
    const sorted = byShop
      .sort('clerk', 'descending')
      .map(({ shop, clerk }) => `sort ${shop} ${clerk}`);
    const reduced = byShop
      .reduce((sum, sale) => ({ ...sale, price: sum.price + sale.price }))
      .map(({ shop, price }) => `reduce ${shop} ${price}`);
    const aggregated = byShop
      .aggregate(({ count }) => ({ rows: count() }))
      .map(({ shop, rows }) => `aggregate ${shop} ${rows}`);
    return mapped.union(sorted, reduced, aggregated);
  },
  async (h) => {
    pushAll(h);
    await h.end();
    const lines = rowsAtEnd(h.take()) as string[];
    const of = (what: string): string[] => lines.filter((line) => line.startsWith(what));
    assert.deepEqual(of('map').sort(), ['map a 5,3,9', 'map b 7,9', 'map c 3']);
    assert.deepEqual(of('sort a'), ['sort a y', 'sort a x', 'sort a null']);
    assert.deepEqual(of('sort b'), ['sort b w', 'sort b null']);
    assert.deepEqual(of('reduce').sort(), ['reduce a 17', 'reduce b 16', 'reduce c 3']);
    assert.deepEqual(of('aggregate').sort(), ['aggregate a 3', 'aggregate b 2', 'aggregate c 1']);
  },
);

test('a partition without rows gives none', async () => {
  const h = await harness<Sale, unknown>((stream) => {
    const whole = stream.fullPartition();
    const mapped = whole.map((): string[] => assert.fail('it has no rows'));
    return mapped.union(
      whole.aggregate(({ count }) => ({ rows: count() })).map(({ rows }) => `${rows}`),
      whole.reduce((sale) => sale).map(({ shop }) => shop),
    );
  });
  await h.end();
  assert.deepEqual(h.takeRecords(), []);
});

test('equal values keep their order, null and undefined come last, in either order', async () => {
  for (const [order, ns] of [
    ['ascending', [1, 3, 0, 4, 2, 5]],
    ['descending', [0, 4, 1, 3, 2, 5]],
  ] as const) {
    const h = await harness<{ n: number; by: number | null }, { n: number }>((stream) =>
      stream.fullPartition().sort('by', order),
    );
    for (const [n, by] of [2, 1, null, 1, 2].entries()) h.push({ n, by });
    h.push({ n: 5 } as never);
    await h.end();
    assert.deepEqual(
      h.takeRecords().map(({ n }) => n),
      ns,
    );
  }
});

test('NaN, and a date that is none, are above all others, in the order of a sort', async () => {
  for (const [order, ns] of [
    ['ascending', [2, 4, 0, 1, 3, 5]],
    ['descending', [1, 3, 0, 4, 2, 5]],
  ] as const) {
    for (const made of [(n: number) => n, (n: number) => new Date(n)]) {
      const h = await harness<{ n: number; by: number | Date | null }, { n: number }>((stream) =>
        stream.fullPartition().sort('by', order),
      );
      for (const [n, by] of [3, Number.NaN, 1, Number.NaN, 2, null].entries()) {
        h.push({ n, by: by === null ? null : made(by) });
      }
      await h.end();
      assert.deepEqual(
        h.takeRecords().map(({ n }) => n),
        ns,
      );
    }
  }
});

test('more rows than a batch come in their order, through a snapshot in slices', async () => {
  const h = await harness<{ n: number }, { n: number }>(
    (stream) => stream.fullPartition().map((rows) => rows),
    { batchSize: 1000, outputCapacity: 1 },
  );
  const ns = Array.from({ length: 10_000 }, (_, n) => n);
  for (const n of ns.slice(0, 9000)) h.push({ n });
  await h.restart();
  for (const n of ns.slice(9000)) h.push({ n });
  await h.end();
  assert.deepEqual(
    h.takeRecords().map(({ n }) => n),
    ns,
  );
});

test('what a function throws names the step, and for reduce the record', async () => {
  const fail = (): never => {
    throw new Error('no');
  };
  const mapping = await harness<Sale>((stream) => stream.fullPartition().map(fail));
  mapping.push(SALES[0]!);
  await assert.rejects(mapping.end(), { code: 'USER_FUNCTION', message: /operator 'map'.*: no/ });
  const reducing = await harness<Sale>((stream) => stream.fullPartition().reduce(fail));
  for (const sale of SALES) reducing.push(sale);
  assert.throws(() => reducing.take(), {
    code: 'USER_FUNCTION',
    message: /operator 'reduce' \(subtask 0, record 1\): no/,
  });
});

test('fields and orders that there are not are refused when the job is built', async () => {
  const build = (field: string, order = 'ascending') =>
    harness<Sale>((stream) => stream.fullPartition().sort(field as 'price', order as 'ascending'), {
      schema: Sale,
    });
  await assert.rejects(build('prize'), { code: 'FIELD_UNKNOWN' });
  await assert.rejects(build('price', 'up'), {
    code: 'JOB_DEFINITION',
    message: "sort: the order is one of 'ascending', 'descending', got 'up'",
  });
});

test('a partition has the subtasks of the step before, or those that rows were sent to', async () => {
  await assert.rejects(
    harness<Sale>((stream) => stream.fullPartition().sort('price').parallelism(2)),
    { code: 'JOB_DEFINITION', message: /'sort' has as many subtasks as the step before/ },
  );
  await assert.rejects(
    harness<Sale>((stream) => stream.fullPartition().sort('price').maxParallelism(2)),
    { code: 'JOB_DEFINITION', message: /the step before: set the maxParallelism there/ },
  );
  const h = await harness<Sale, { rows: number }>((stream) =>
    stream
      .rebalance()
      .fullPartition()
      .aggregate(({ count }) => ({ rows: count() }))
      .parallelism(2),
  );
  for (const sale of SALES) h.push(sale);
  await h.end();
  assert.deepEqual(h.takeRecords(), [{ rows: 3 }, { rows: 3 }]);
});
