/**
 * Reduce over rows with a schema against a slow model: functions that pick one of two rows, functions that make rows of the
 * same fields, and those that do so for a while.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Stream } from '../../src/api/stream.ts';
import { Random } from '../../src/base/random.ts';
import { Batch } from '../../src/data/batch.ts';
import { FixedColumn, StringColumn } from '../../src/data/column.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import { StringBuilder } from '../../src/data/string-builder.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import type { DataflowOptions } from '../../src/testing/dataflow.ts';
import { harness } from '../../src/testing/harness.ts';

const MODES: readonly DataflowOptions[] = [
  { batchSize: 'all' },
  { batchSize: 7 },
  { batchSize: 5, restartEach: [1] },
  { batchSize: 1, restartEach: [1], snapshotsBetween: 2 },
  { batchSize: 3, outputCapacity: 1 },
].flatMap((mode) => [mode, { ...mode, batch: true }] as DataflowOptions[]);

const Numbers = record({
  key: t.int32,
  n: t.int32,
  x: t.float64,
  long: t.int64,
  flag: t.boolean,
  at: t.timestamp,
  day: t.date,
  maybeN: t.nullable(t.int32),
  maybeDay: t.nullable(t.date),
  maybeFlag: t.nullable(t.boolean),
});
type Numbers = RowOf<typeof Numbers>;

function numbersOf(random: Random): Numbers {
  return {
    key: random.below(5),
    n: random.below(100) - 50,
    x: random.pick([0, -0, 1.5, 1e300, Number.NaN]),
    long: random.pick([0n, 5n, -(2n ** 40n)]),
    flag: random.pick([true, false]),
    at: random.below(1000),
    day: new Date(random.below(1e9)),
    maybeN: random.pick([null, 1, 2]),
    maybeDay: random.pick([null, new Date(5), new Date(Number.NaN)]),
    maybeFlag: random.pick([null, true, false]),
  };
}

const Texts = record({
  key: t.int32,
  at: t.timestamp,
  text: t.string,
  maybe: t.nullable(t.string),
  day: t.nullable(t.date),
  any: t.dynamic<unknown>(),
  maybeAny: t.nullable(t.dynamic<unknown>()),
});
type Texts = RowOf<typeof Texts>;

const TEXTS = ['', 'a', 'a text of more than a few units', 'ÿ', '\u{1f600} wide', '\ud800'];

function textsOf(random: Random): Texts {
  return {
    key: random.below(5),
    at: random.below(20),
    text: random.pick(TEXTS),
    maybe: random.pick([null, ...TEXTS]),
    day: random.pick([null, new Date(random.below(1e9))]),
    any: random.pick<unknown>([1, 'x', null, undefined, [1], { a: 1 }]),
    maybeAny: random.pick<unknown>([null, 1, { b: 2 }]),
  };
}

type Case<Row> = readonly [string, (value: Row, row: Row) => unknown];

const OF_NUMBERS: readonly Case<Numbers>[] = [
  ['picks the latest', (a, b) => (b.at >= a.at ? b : a)],
  ['picks by what may be null', (a, b) => (b.maybeFlag === true && b.day > a.day ? b : a)],
  ['adds up', (a, b) => ({ ...b, n: a.n + b.n, x: a.x - b.x, long: a.long + b.long })],
  ['picks in several ways', (a, b) => (b.flag ? b : b.n > 0 ? a : { ...a, day: b.day })],
  ['gives nulls', (a, b) => ({ ...a, maybeN: b.maybeN, maybeDay: b.maybeDay, maybeFlag: null })],
  ['orders fields otherwise', ({ key, ...a }, b) => ({ ...a, n: b.n, key })],
  [
    'makes a row by a literal',
    ({ key, n, x, long }, { flag, at, day, ...b }) => ({
      maybeDay: b.maybeDay,
      key,
      n: n + b.n,
      x,
      long,
      flag,
      at,
      day,
      maybeN: n > 20 ? null : b.maybeN,
      maybeFlag: b.maybeFlag,
    }),
  ],
  [
    'hands on what is kept',
    (a, b) => ({
      key: a.key,
      n: a.n,
      x: a.x,
      long: a.long,
      flag: a.flag,
      at: a.at,
      day: a.day,
      maybeN: a.maybeN,
      maybeDay: a.maybeDay,
      maybeFlag: b.maybeFlag,
    }),
  ],
  [
    'hands on what is kept under other names, or changed',
    (a, { n, x, ...b }) => ({
      key: a.key,
      n: a.key,
      x: a.n,
      long: b.long,
      flag: b.flag,
      at: n > 20 ? b.at : a.at,
      day: a.day,
      maybeN: x > 0 ? a.n : a.maybeN,
      maybeDay: a.maybeDay,
      maybeFlag: a.maybeFlag,
    }),
  ],
  [
    'hands on what is kept until it changes it',
    (a, b) => ({
      key: a.key,
      n: a.n,
      x: a.x + b.x,
      long: a.long,
      flag: b.flag,
      at: a.at > 500 ? a.at : b.at,
      day: b.day,
      maybeN: b.n > 40 ? a.n : null,
      maybeDay: a.maybeDay,
      maybeFlag: a.maybeFlag,
    }),
  ],
  [
    'adds a field by a literal',
    ({ key, n, x, long, flag, at, day, maybeN, maybeDay, maybeFlag }, b) => ({
      key,
      n: n + b.n,
      x,
      long,
      flag,
      at,
      day,
      maybeN,
      maybeDay,
      maybeFlag,
      extra: 1,
    }),
  ],
  [
    'makes a row by a literal, and leaves int32',
    ({ key, n, x, long, flag, at, day, maybeN, maybeDay, maybeFlag }, b) => ({
      key,
      n: n * 3000 + b.n,
      x,
      long,
      flag,
      at,
      day,
      maybeN,
      maybeDay,
      maybeFlag,
    }),
  ],
  ['leaves int32', (a, b) => ({ ...b, n: a.n * 70_000 })],
  ['leaves int32 for what is no number', (a, b) => ({ ...b, n: b.n > 30 ? String(a.n) : b.n })],
  ['adds a field', (a, b) => ({ ...b, extra: (a as { extra?: number }).extra ?? b.n })],
  ['adds a field at times', (_, b) => (b.n > 20 ? { ...b, extra: 1 } : b)],
  ['leaves out a field', (a, { flag, ...b }) => (flag ? b : a)],
  ['gives no row', (_, b) => (b.n > 20 ? b.n : b.n < -20 ? null : b)],
  ['gives an array', (_, b) => (b.n > 20 ? [b.n] : b)],
];

const OF_TEXTS: readonly Case<Texts>[] = [
  ['picks the latest', (a, b) => (b.at >= a.at ? b : a)],
  ['picks by texts', (a, b) => (a.text > b.text || a.maybe === null ? a : b)],
  ['picks the first', (a, b) => (b.at < 0 ? b : a)],
  ['makes texts', (a, b) => ({ ...b, text: `${a.text.slice(0, 5)}${b.text}` })],
];

/** The values after each row, and the last of each key. */
function slow<Row extends { key: number }>(
  rows: readonly Row[],
  join: (value: Row, row: Row) => unknown,
) {
  const last = new Map<number, unknown>();
  const each = rows.map((row) => {
    const joined = last.has(row.key) ? join(last.get(row.key) as Row, row) : row;
    last.set(row.key, joined);
    return joined;
  });
  return { each, last: [...last.values()] };
}

const asText = (rows: readonly unknown[]): string[] =>
  rows.map((row) => inspect(row, { sorted: true }));

function inAllModes<Row extends { key: number }>(
  schema: Schema<Row>,
  [name, join]: Case<Row>,
  rowOf: (random: Random) => Row,
): void {
  test(`a function that ${name}, of ${schema.fields.length} fields`, async () => {
    const random = new Random(2);
    for (const mode of MODES) {
      const rows = Array.from({ length: 60 }, () => rowOf(random));
      const h = await harness(
        (stream: Stream<Row>) =>
          stream.keyBy(({ key }) => key).reduce(join as (value: Row, row: Row) => Row),
        { ...mode, schema: schema as never },
      );
      rows.forEach((row, i) => {
        h.push(row, i);
      });
      await h.end();
      const { each, last } = slow(rows, join);
      const taken = h.take().flatMap((element) => ('record' in element ? [element] : []));
      const got = asText(taken.map((element) => element.record));
      if (mode.batch) {
        assert.deepEqual(got.sort(), asText(last).sort(), inspect(mode));
      } else {
        assert.deepEqual(got, asText(each), inspect(mode));
        const times = taken.map((element) => element.timestamp);
        assert.deepEqual(times, [...rows.keys()], inspect(mode));
      }
    }
  });
}

for (const of of OF_NUMBERS) inAllModes(Numbers, of, numbersOf);
for (const of of OF_TEXTS) inAllModes(Texts, of, textsOf);

test('texts of many keys, which come one by one', async () => {
  const random = new Random(3);
  const rows = Array.from({ length: 1200 }, (_, i) => ({ ...textsOf(random), key: i % 700 }));
  const [, latest] = OF_TEXTS[0]!;
  const h = await harness(
    (stream: Stream<Texts>) => stream.keyBy('key').reduce(latest as (a: Texts, b: Texts) => Texts),
    { batchSize: 3, schema: Texts as never },
  );
  for (const row of rows) h.push(row);
  assert.deepEqual(asText(h.takeRecords()), asText(slow(rows, latest).each));
});

const Behind = record({ n: t.int32, key: t.int32, at: t.timestamp });
type Behind = RowOf<typeof Behind>;

/** The key is handed on: it is not kept beside the values. */
const SUM_BEHIND = (a: Behind, b: Behind): Behind => ({ n: a.n + b.n, key: a.key, at: a.at });
const SUM_APART = ({ n, key, at }: Behind, b: Behind): Behind => ({ n: n + b.n, key, at });

for (const [what, sum] of [
  ['', SUM_BEHIND],
  [', out of a row that is taken apart', SUM_APART],
] as const) {
  test(`a key that is handed on, behind other fields${what}`, () => checkHandedOn(sum));
}

async function checkHandedOn(sum: typeof SUM_BEHIND): Promise<void> {
  const random = new Random(4);
  const rows = Array.from({ length: 1500 }, (_, at): Behind => {
    return { n: random.below(10), key: random.below(300) - 150, at };
  });
  for (const mode of MODES) {
    const h = await harness((stream: Stream<Behind>) => stream.keyBy('key').reduce(sum), {
      ...mode,
      schema: Behind as never,
    });
    for (const row of rows.slice(0, mode.batchSize === 'all' ? 1500 : 60)) h.push(row, row.at);
    await h.end();
    const pushed = rows.slice(0, mode.batchSize === 'all' ? 1500 : 60);
    const { each, last } = slow(pushed, sum);
    const got = h.takeRecords();
    if (mode.batch) assert.deepEqual(asText(got).sort(), asText(last).sort());
    else assert.deepEqual(got, each);
  }
}

test('rows that have nothing but a key that is handed on', async () => {
  for (const mode of MODES) {
    const h = await harness(
      (stream: Stream<{ key: number }>) => stream.keyBy('key').reduce((a, _b) => ({ key: a.key })),
      { ...mode, schema: record({ key: t.int32 }) as never },
    );
    for (const key of [1, 2, 1, 1, 2]) h.push({ key });
    await h.end();
    const keys = h.takeRecords().map((row) => (row as { key: number }).key);
    assert.deepEqual(mode.batch ? keys.sort() : keys, mode.batch ? [1, 2] : [1, 2, 1, 1, 2]);
  }
});

class Rising {
  key = 0;
  n: number;

  constructor(n: number) {
    this.n = n;
  }

  plus(n: number): Rising {
    return new Rising(this.n + n);
  }
}

test('values that have methods keep them', async () => {
  const h = await harness(
    (stream: Stream<{ key: number; n: number }>) =>
      stream
        .keyBy('key')
        .reduce((value, { n }) =>
          value instanceof Rising ? value.plus(n) : new Rising(value.n * 10 + n),
        ),
    { schema: record({ key: t.int32, n: t.int32 }) },
  );
  for (const n of [1, 2, 3]) h.push({ key: 0, n });
  assert.deepEqual(
    h.takeRecords().map((row) => (row as Rising).n),
    [1, 12, 15],
  );
});

test('an error names its record, also behind a value that is no row of the columns', async () => {
  for (const from of [0, 1, 3]) {
    const h = await harness(
      (stream: Stream<{ key: number; n: number }>) =>
        stream.keyBy('key').reduce((value, { key, n }) => {
          if (n === 5) throw new Error('five');
          return n > from ? { key, n: value.n + 0.5 } : { key, n };
        }),
      { schema: record({ key: t.int32, n: t.int32 }), batchSize: 'all' },
    );
    for (const n of [0, 1, 2, 3, 4, 5]) h.push({ key: 0, n });
    assert.throws(() => h.take(), {
      code: 'USER_FUNCTION',
      message: /operator 'reduce' \(subtask 0, record 5\): five/,
    });
  }
});

test('an int that a function makes -0 is 0 from then on', async () => {
  const h = await harness(
    (stream: Stream<{ key: number; n: number }>) =>
      stream.keyBy('key').reduce(({ key, n }) => ({ key, n: Object.is(n, -0) ? 1 : -0 })),
    { schema: record({ key: t.int32, n: t.int32 }), batchSize: 1 },
  );
  for (const n of [5, 6, 7]) h.push({ key: 0, n });
  assert.deepEqual(
    h.takeRecords().map((row) => (row as { n: number }).n),
    [5, 0, 0],
  );
});

const Heavy = record({ key: t.int32, at: t.int32, text: t.string });

/** Batches of results, of rows in one batch whose texts come from a dictionary. */
function picked(keys: readonly number[], times: readonly number[], texts: readonly string[]) {
  const operator = new StreamRollingOperator({
    key: { kind: 'fields', fields: ['key'] },
    rolling: { kind: 'reduce' },
    inputSchema: Heavy,
    functions: [
      (a: { at: number }, b: { at: number }) => (b.at >= a.at ? b : a), //
    ],
  });
  const batches: (readonly unknown[])[] = [];
  const output: Output = {
    isReady: true,
    emit: (batch) => batches.push(batch.rowObjects()),
    watermark() {},
    barrier() {},
    idle() {},
    end() {},
  };
  const metrics = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  const context = { name: 'reduce', subtask: 0, metrics, restored: NO_STATE };
  operator.open(context as unknown as OperatorContext, output);
  const entries = new StringBuilder(texts.length);
  for (const text of texts) entries.append(text);
  const codes = Int32Array.from(keys, (_, i) => Math.min(i, texts.length - 1));
  operator.processBatch(
    new Batch({
      rowCount: keys.length,
      schema: Heavy,
      columns: [
        new FixedColumn('int32', Int32Array.from(keys)),
        new FixedColumn('int32', Int32Array.from(times)),
        new StringColumn(entries.seal().entries, codes),
      ],
      timestamps: Float64Array.from(times),
      isTransient: true,
    }),
  );
  return batches;
}

test('heavy rows that are picked again and again leave in several batches', () => {
  const heavy = 'x'.repeat(100_000);
  const keys = Array.from({ length: 200 }, () => 7);
  const batches = picked(
    keys,
    keys.map((_, i) => -i),
    [heavy, 'light'],
  );
  assert.ok(batches.length > 2 && batches.length < 20, `${batches.length} batches`);
  assert.deepEqual(
    batches.flat(),
    keys.map(() => ({ key: 7, at: -0, text: heavy })).map((row) => ({ ...row, at: 0 })),
  );
});

test('where each record is picked, results are the columns of the batch', () => {
  const [rows] = picked([1, 2, 1], [1, 1, 2], ['a', 'b']);
  assert.deepEqual(rows, [
    { key: 1, at: 1, text: 'a' },
    { key: 2, at: 1, text: 'b' },
    { key: 1, at: 2, text: 'b' },
  ]);
});
