/** Aggregations in two halves: the same results, however many keys there are, and nothing later than it would be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Aggregate, Aggregates } from '../../src/api/aggregates.ts';
import { session, sliding, slidingCount, tumbling } from '../../src/api/windows.ts';
import { Batch } from '../../src/data/batch.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import { shapesOf } from '../../src/operator/window/number-shape.ts';
import { isPlainData, planPartials } from '../../src/operator/window/partials.ts';
import { PlainPartials } from '../../src/operator/window/plain-partials.ts';
import { PreAggregateOperator } from '../../src/operator/window/pre-aggregate.ts';
import { type Harness, type HarnessOptions, harness } from '../../src/testing/harness.ts';

const Row = record({ key: t.string, n: t.int32 });
type Row = { key: string; n: number };
const Wide = record({ at: t.timestamp, key: t.string, n: t.int32, x: t.float64 });
type Wide = Row & { at: number; x: number };

/** Aggregates over windows of so many ms, by key. */
function aggregating(
  sizeMs: number,
  options: HarnessOptions<Row>,
  define: (aggregates: Aggregates<Row>) => Readonly<Record<string, Aggregate<unknown>>>,
): Promise<Harness<Row, unknown>> {
  return harness<Row, unknown>(
    (stream) => stream.keyBy('key').window(tumbling(sizeMs)).aggregate(define),
    options,
  );
}

type Result = {
  key: string | number;
  windowStart: number;
  rows: number;
  sum: number;
  least: number;
  mean: number;
};

for (const [what, rows, keys] of [
  ['few keys', 100_000, 50],
  ['more keys than are kept', 150_000, 40_000],
  ['keys that come once', 120_000, 100_000],
] as const) {
  for (const isTyped of [true, false]) {
    test(`${what}, ${isTyped ? 'typed' : 'free-form'}: the same as by one map`, async () => {
      const options = { parallelism: 3, batchSize: 4096, ...(isTyped ? { schema: Wide } : {}) };
      const h = await harness<Wide, unknown>(
        (stream) =>
          stream
            .keyBy('key')
            .window(tumbling(40_000))
            .aggregate(({ count, sum, min, avg }) => ({
              rows: count(),
              sum: sum('n'),
              least: min('at'),
              mean: avg('x'),
            })),
        options,
      );
      const expected = new Map<string, { rows: number; sum: number; least: number; x: number }>();
      for (let n = 0; n < rows; n++) {
        const key = `k${(n * 7919) % keys}`;
        h.push({ key, n, at: n * 2, x: n / 4 }, n);
        if (n % 20_000 === 0) h.watermark(n - 5000);
        const id = `${key} ${Math.floor(n / 40_000) * 40_000}`;
        const { rows, sum, least, x } = expected.get(id) ?? { rows: 0, sum: 0, least: n * 2, x: 0 };
        expected.set(id, { rows: rows + 1, sum: sum + n, least, x: x + n / 4 });
      }
      await h.end();
      const got = h.takeRecords() as Result[];
      assert.equal(got.length, expected.size);
      for (const { key, windowStart, rows: count, sum, least, mean } of got) {
        const all = expected.get(`${key} ${windowStart}`);
        assert.deepEqual({ rows: count, sum, least, x: mean * count }, all);
      }
    });
  }
}

test('records are partial results as they are where their fields are numbers that are never null', () => {
  const schema = record({
    key: t.string,
    maybeKey: t.nullable(t.string),
    n: t.int32,
    maybe: t.nullable(t.int32),
    big: t.int64,
  });
  const isPlain = (key: string, field: string, kind: 'sum' | 'min' | 'avg'): boolean => {
    const of = { kind: 'fields', fields: [key] } as const;
    const input = { kind: 'field', field } as const;
    const spec = { name: 'a', kind, input, user: null, quantile: null };
    return PlainPartials.of(planPartials(of, [spec], schema), of, schema) !== null;
  };
  for (const kind of ['sum', 'min', 'avg'] as const) {
    assert.ok(isPlain('key', 'n', kind), kind);
    assert.ok(!isPlain('key', 'maybe', kind), `${kind} of what may be null`);
    assert.ok(!isPlain('maybeKey', 'n', kind), `${kind} by a key that may be null`);
  }
  assert.ok(!isPlain('key', 'big', 'sum'));
});

test('records of a key stay in order where its partial results turn into single ones and back', async () => {
  type Seen = { hash: number; power: number; key?: string };
  const h = await aggregating(1e9, { parallelism: 3, batchSize: 4096, schema: Row }, (of) => ({
    value: of.aggregate({
      create: (): Seen => ({ hash: 0, power: 1 }),
      add(so, { key, n }) {
        so.hash = (so.hash * 3 + n) % 1009;
        so.power = (so.power * 3) % 1009;
        // Seldom, the accumulator is no object of numbers any more.
        if (n % 5000 === 0) so.key = key;
        return so;
      },
      merge(a, b) {
        a.hash = (a.hash * b.power + b.hash) % 1009;
        a.power = (a.power * b.power) % 1009;
        if (b.key !== undefined) a.key = b.key;
        return a;
      },
      result: ({ hash, key }) => ({ hash, key }),
    }),
  }));
  const expected = new Map<string, { hash: number; key: string | undefined }>();
  for (let n = 0; n < 2_700_000; n++) {
    // Few keys, many that come once, few again: a judgement holds for 2,000,000 records.
    const isMany = n >= 150_000 && n < 400_000;
    const key = isMany && n % 5 > 0 ? `k${n}` : `few ${n % 7}`;
    h.push({ key, n }, n);
    if (isMany && n % 5 > 0) continue;
    const { hash = 0, key: was } = expected.get(key) ?? {};
    expected.set(key, { hash: (hash * 3 + n) % 1009, key: n % 5000 === 0 ? key : was });
  }
  await h.end();
  const got = (h.takeRecords() as { key: string; value: unknown }[]).filter(({ key }) =>
    key.startsWith('few'),
  );
  assert.equal(got.length, 7);
  for (const { key, value } of got) assert.deepEqual(value, expected.get(key), key);
});

test('late records are counted one by one, not as the partial result that they come in', async () => {
  const h = await aggregating(10, { parallelism: 2 }, ({ max }) => ({ most: max('n') }));
  h.push({ key: 'a', n: 1 }, 5);
  h.watermark(20);
  for (const n of [1, 2, 3]) h.push({ key: 'a', n }, 5);
  await h.end();
  assert.equal(h.takeRecords().length, 1);
  assert.equal(h.metrics().lateRecords, 3);
});

class Counter {
  #n = 0;
  add(n: number): this {
    this.#n += n;
    return this;
  }
  get n(): number {
    return this.#n;
  }
}

test('accumulators that are instances of classes stay in their thread', async () => {
  const h = await aggregating(10, { parallelism: 3 }, ({ aggregate }) => ({
    sum: aggregate({
      create: () => new Counter(),
      add: (counter, row) => counter.add(row.n),
      merge: (a, b) => a.add(b.n),
      result: (counter) => counter.n,
    }),
  }));
  for (const n of [1, 2, 3]) h.push({ key: 'a', n }, n);
  await h.end();
  assert.deepEqual(
    (h.takeRecords() as { sum: number }[]).map((row) => row.sum),
    [6],
  );
});

test('an accumulator that turns into an instance of a class is told', async () => {
  const h = await aggregating(10, { parallelism: 2 }, ({ aggregate }) => ({
    sum: aggregate({
      create: (): Counter | null => null,
      add: (counter, row) => (counter ?? new Counter()).add(row.n),
      merge: (a, b) => (a ?? new Counter()).add(b?.n ?? 0),
      result: (counter) => counter?.n ?? 0,
    }),
  }));
  h.push({ key: 'a', n: 1 }, 1);
  assert.throws(() => h.watermark(20), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: /accumulator of an aggregate is .*let create\(\) return plain data/,
  });
});

test('values of rows that aggregates keep go where rows go, whatever they are', async () => {
  class Point {
    readonly x = 1;
  }
  const bare = Object.assign(Object.create(null) as object, { y: 2 });
  const values = [/a+/g, new RangeError('far'), new Point(), bare];
  const windows = [tumbling(100), sliding(100, 50), session(50), slidingCount(4, 4)];
  for (const window of windows) {
    const h = await harness<{ key: string; any: unknown }, { all: unknown[]; last: unknown }>(
      (stream) =>
        stream
          .keyBy('key')
          .window(window as (typeof windows)[0])
          .aggregate(({ collect, first, last }) => ({
            all: collect('any'),
            first: first('any'),
            last: last('any'),
          })),
      { parallelism: 2 },
    );
    for (const any of values) h.push({ key: 'a', any }, 60);
    await h.restart({ parallelism: 1 });
    h.watermark(1000);
    await h.end();
    const [result] = h.takeRecords();
    const [expression, error, ...others] = result!.all;
    assert.deepEqual([inspect(expression), (error as Error).message], ['/a+/g', 'far']);
    const fields = [...others, result!.last].map((value) => ({ ...(value as object) }));
    assert.deepEqual(fields, [{ x: 1 }, { y: 2 }, { y: 2 }]);
  }
});

test('what is sent has numbers of accumulators under their names, a snapshot has whole accumulators', () => {
  const [aggregate, value] = [0, 1].map((user) => ({
    name: `u${user}`,
    kind: 'user' as const,
    input: { kind: 'none' as const },
    user,
    quantile: null,
  }));
  const plan = planPartials({ kind: 'fields', fields: ['key'] }, [aggregate!, value!], Row, [
    { names: ['n', 'sum'], keptBy: [] },
    { names: null, keptBy: [] },
  ]);
  const namesOf = ({ fields }: Schema): string[] => fields.map(({ name }) => name);
  assert.deepEqual(namesOf(plan.schema), ['key', '#0 count', '#1 u0', '#2 u1']);
  assert.deepEqual(namesOf(plan.sent), [
    'key',
    '#0 count',
    '#1 u0.n',
    '#2 u0.sum',
    '#3 u1',
    '#4 u0',
    '#5 u1',
  ]);
});

test('accumulators have a shape where all they are made of is numbers', () => {
  const shapeOf = (aggregate: object): unknown =>
    shapesOf(
      [{ name: 'u', kind: 'user', input: { kind: 'none' }, user: 0, quantile: null }],
      [aggregate],
    )[0]?.names;
  const functions = { add: (so: unknown) => so, merge: (so: unknown) => so };
  assert.deepEqual(shapeOf({ ...functions, create: () => ({ n: 0, sum: -0 }) }), ['n', 'sum']);
  assert.equal(shapeOf({ ...functions, create: () => Number.NaN }), null);
  for (const value of [
    { n: 0, text: '' },
    { n: 0, none: null },
    { n: { deep: 0 } },
    { n: 0, [Symbol('s')]: 0 },
    JSON.parse('{ "__proto__": 0 }'),
    {
      get n() {
        return 0;
      },
    },
    Object.defineProperty({ n: 0 }, 'hidden', { value: 0 }),
    Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}`, n])),
    {},
    [0],
    null,
    undefined,
    0n,
    new Counter(),
  ]) {
    assert.equal(shapeOf({ ...functions, create: () => value }), undefined, inspect(value));
  }
  const packed = {
    ...functions,
    create: () => 0,
    pack: (n: number) => n,
    unpack: (n: number) => n,
  };
  assert.equal(shapeOf(packed), undefined);
  const failing = () => {
    throw new Error('no');
  };
  assert.equal(shapeOf({ ...functions, create: failing }), undefined);
});

test('what is plain data', () => {
  for (const value of [
    1,
    null,
    'x',
    undefined,
    [1, { a: [2n] }],
    new Map([[1, new Set([2])]]),
    new Date(),
    new Uint8Array(2),
  ]) {
    assert.equal(isPlainData(value), true, String(value));
  }
  for (const value of [
    new Counter(),
    [new Counter()],
    () => 1,
    Symbol('s'),
    new Map([[1, new Counter()]]),
    Object.create(null),
  ]) {
    assert.equal(isPlainData(value), false);
  }
});

/** The operator alone: what it sends, in order. */
function alone() {
  const log: unknown[] = [];
  const output: Output & { isReady: boolean } = {
    isReady: true,
    emit: (batch) => log.push([batch.timestamps![0], batch.rowCount]),
    watermark: (watermark) => log.push(`W${watermark}`),
    idle: (isIdle) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (checkpoint: number) => log.push(`barrier ${checkpoint}`),
    end: () => log.push('end'),
  };
  const operator = new PreAggregateOperator({
    key: { kind: 'fields', fields: ['key'] },
    window: { kind: 'tumbling', time: 'event', sizeMs: 10, slideMs: 10, offsetMs: 0 },
    aggregates: [{ name: 'n', kind: 'count', input: { kind: 'none' }, user: null, quantile: null }],
    shapes: [null],
    inputSchema: null,
    functions: [],
  });
  const metrics = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  operator.open({ name: 'window', metrics } as unknown as OperatorContext, output);
  const pushRows = (rows: readonly { key: number }[], times: readonly number[]): void => {
    const timestamps = Float64Array.from(times);
    operator.processBatch(new Batch({ rowCount: rows.length, schema: null, rows, timestamps }));
  };
  const push = (...times: number[]): void =>
    pushRows(
      times.map((time) => ({ key: time % 3 })),
      times,
    );
  /** Records at time 0 whose keys are first, first + 1 and so on, or all the same. */
  const pushKeys = (first: number, count: number, step: 0 | 1 = 1): void =>
    pushRows(
      Array.from({ length: count }, (_, n) => ({ key: first + n * step })),
      new Array<number>(count).fill(0),
    );
  return { operator, output, log, push, pushKeys };
}

test('a pane goes out when the watermark has passed it, before the watermark', () => {
  const { operator, log, push } = alone();
  push(1, 2, 4, 11);
  operator.processWatermark(8);
  operator.processWatermark(9);
  assert.deepEqual(log, ['W8', [0, 2], 'W9']);
});

test('a record of a pane that has gone out is sent at once', () => {
  const { operator, log, push } = alone();
  operator.processWatermark(25);
  push(3);
  assert.deepEqual(log, ['W25', [0, 1]]);
});

test('all panes go out before the stream goes idle', () => {
  const { operator, log, push } = alone();
  push(1, 11, 21);
  operator.processIdle(true);
  operator.processIdle(false);
  assert.deepEqual(log, [[0, 1], [10, 1], [20, 1], 'idle', 'active']);
});

test('where the output has no room, what is due waits, and what follows it too', () => {
  const { operator, output, log, push } = alone();
  push(1, 11);
  output.isReady = false;
  operator.processWatermark(30);
  assert.deepEqual(log, []);
  assert.ok(operator.hasPendingWork);
  output.isReady = true;
  operator.resume();
  assert.deepEqual(log, [[0, 1], [10, 1], 'W30']);
  assert.ok(!operator.hasPendingWork);
});

test('where nearly all keys are new, records stop being collected in a table', () => {
  const { log, pushKeys } = alone();
  for (let first = 0; first < 50_000; first += 1000) pushKeys(first, 1000);
  log.length = 0;
  pushKeys(50_000, 1000);
  pushKeys(0, 1000, 0);
  assert.deepEqual(
    log,
    [
      [0, 1000],
      [0, 1000],
    ],
    'each batch at once, as many partial results as records',
  );
});

test('where keys come again, records go on being collected', () => {
  const { operator, log, pushKeys } = alone();
  for (let n = 0; n < 60; n++) pushKeys(0, 1000);
  assert.deepEqual(log, []);
  operator.processWatermark(9);
  assert.deepEqual(log, [[0, 1000], 'W9']);
});
