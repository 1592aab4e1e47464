/** first, last, countDistinct, collect and quantile: over panes that are joined, with nulls, by field and by function. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Aggregate, Aggregates } from '../../src/api/aggregates.ts';
import type { Stream } from '../../src/api/stream.ts';
import { session, sliding, slidingCount, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import type { WindowSpec } from '../../src/operator/window/window.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';

const Row = record({
  key: t.string,
  n: t.int32,
  text: t.nullable(t.string),
  day: t.date,
  big: t.int64,
  on: t.boolean,
});
type Row = {
  key: string;
  n: number;
  text: string | null;
  day: Date;
  big: bigint;
  on: boolean;
};

const row = (n: number, text: string | null = `t${n}`): Row => ({
  key: 'k',
  n,
  text,
  day: new Date(n * 1000),
  big: BigInt(n) * 2n,
  on: n % 2 === 1,
});

inEveryMode(
  'values of windows that share panes',
  Row,
  (stream) =>
    stream
      .keyBy('key')
      .window(sliding(20, 10))
      .aggregate(({ first, last, countDistinct, collect }) => ({
        first: first('n'),
        lastText: last('text'),
        firstDay: first('day'),
        lastBig: last('big'),
        lastOn: last('on'),
        texts: countDistinct('text'),
        days: countDistinct((r) => new Date(r.day.getTime() % 2000)),
        all: collect('n'),
        own: collect((r) => (r.n > 2 ? r.n * 10 : null)),
      })),
  async (h) => {
    h.push(row(1), 1);
    h.push(row(2, null), 5);
    h.push(row(3, 't1'), 12);
    h.push(row(4, null), 25);
    await h.end();
    const windows = h.takeRecords() as Record<string, unknown>[];
    assert.deepEqual(
      windows.map(({ key, windowStart, windowEnd, ...values }) => [windowStart, values]),
      [
        [-10, values([1, 2], 't1', 1, 2, [])],
        [0, values([1, 2, 3], 't1', 1, 2, [30])],
        [10, values([3, 4], 't1', 1, 2, [30, 40])],
        [20, values([4], null, 0, 1, [40])],
      ],
    );
  },
);

/** What a window over rows with these numbers has. */
function values(ns: number[], lastText: string | null, texts: number, days: number, own: number[]) {
  const [first, last] = [ns[0]!, ns.at(-1)!];
  return {
    first,
    lastText,
    firstDay: new Date(first * 1000),
    lastBig: BigInt(last) * 2n,
    lastOn: last % 2 === 1,
    texts,
    days,
    all: ns,
    own,
  };
}

for (const [name, window] of [
  ['of event time', tumbling(10)],
  ['of processing time', tumbling(10, { time: 'processing' })],
  ['of so many records', tumblingCount(2)],
] as const) {
  test(`windows ${name}: what reads whole rows gets them whole beside what reads one field`, async () => {
    const harnessOf = (more: (words: Aggregates<Row>) => Aggregate<readonly Row[]>) =>
      harness<Row, { first: number; rows: readonly Row[] }>(
        (stream) =>
          stream
            .keyBy('key')
            // Each kind of window has an overload of its own.
            .window(window as WindowSpec)
            .aggregate((words) => ({ first: words.first('n'), rows: more(words) })),
        { schema: Row },
      );
    for (const h of [
      await harnessOf(({ collect }) => collect()),
      await harnessOf(({ collect }) => collect((r) => ({ ...r }))),
      await harnessOf(({ aggregate }) =>
        aggregate({
          create: (): readonly Row[] => [],
          add: (rows, r) => [...rows, r],
          merge: (a, b) => [...a, ...b],
          result: (rows) => rows,
        }),
      ),
    ]) {
      h.push(row(1), 1);
      h.push(row(2), 2);
      h.processingTime(10);
      await h.end();
      const [got] = h.takeRecords();
      assert.deepEqual([got!.first, got!.rows], [1, [row(1), row(2)]]);
    }
  });
}

test('a quantile is within 1 % of the exact one, also over joined panes', async () => {
  const shares = [0, 0.01, 0.5, 0.95, 1] as const;
  const h = await harness<{ key: number; v: number }>((stream) =>
    stream
      .keyBy('key')
      .window(sliding(1000, 100))
      .aggregate(({ quantile }) => ({
        q0: quantile('v', shares[0]),
        q1: quantile('v', shares[1]),
        q2: quantile((r) => r.v, shares[2]),
        q3: quantile('v', shares[3]),
        q4: quantile('v', shares[4]),
      })),
  );
  const all: number[] = [];
  for (let n = 0; n < 1000; n++) {
    const v = ((n * 7919) % 1000) ** 2 - 5000;
    all.push(v);
    h.push({ key: 1, v }, n);
  }
  await h.end();
  all.sort((a, b) => a - b);
  const whole = (h.takeRecords() as Record<string, number>[]).find((r) => r.windowStart === 0)!;
  for (const [n, share] of shares.entries()) {
    const exact = all[Math.floor(share * (all.length - 1))]!;
    const got = whole[`q${n}`]!;
    assert.ok(Math.abs(got - exact) <= Math.abs(exact) * 0.0101, `${share}: ${got} for ${exact}`);
  }
});

const Measured = record({
  k: t.int32,
  x: t.float64,
  maybe: t.nullable(t.float64),
  any: t.dynamic<number>(),
  day: t.date,
});

/** Values of a window, and the least and the greatest of them. */
const EXTREMES: readonly [values: readonly number[], least: number, greatest: number][] = [
  [[Number.NaN, Number.NaN], Number.NaN, Number.NaN],
  [[Number.NaN, 5, Number.NaN], 5, 5],
  [[5, Number.NaN, 3, Number.NaN, 4], 3, 5],
  [[Infinity, Number.NaN], Infinity, Infinity],
  [[Number.NaN, -Infinity, -Infinity], -Infinity, -Infinity],
  [[-Infinity, 7, Number.NaN, Infinity], -Infinity, Infinity],
];

for (const [what, window, latenessMs] of [
  ['tumbling windows', tumbling(100), null],
  ['sliding windows', sliding(300, 30), null],
  ['tumbling windows with lateness', tumbling(100), 1],
  ['sessions', session(8), null],
  ['count windows', slidingCount(8, 1), null],
] as const) {
  inEveryMode(
    `min and max over ${what}: NaN is none where there is a number, and an infinity comes out only where one went in`,
    Measured,
    (stream) => {
      // Each kind of window has an overload of its own.
      const windows = stream.keyBy('k').window(window as WindowSpec);
      const all = latenessMs === null ? windows : windows.allowedLateness(latenessMs);
      return all.aggregate(({ min, max }) => ({
        x: min('x'),
        xMax: max('x'),
        maybe: min('maybe'),
        maybeMax: max('maybe'),
        any: min('any'),
        anyMax: max('any'),
        own: min((r) => r.x),
        ownMax: max((r) => r.x),
        day: min('day'),
        dayMax: max('day'),
      }));
    },
    async (h) => {
      // Every other record comes first, so that sessions are joined.
      for (const part of [0, 1]) {
        EXTREMES.forEach(([values], k) => {
          values.forEach((x, n) => {
            if (n % 2 === part) h.push({ k, x, maybe: x, any: x, day: new Date(x) }, 100 + n * 7);
          });
        });
        await h.restart();
      }
      await h.end();
      const results = h.takeRecords() as unknown as Record<string, number>[];
      EXTREMES.forEach(([values, least, greatest], k) => {
        const { windowStart, windowEnd, day, dayMax, ...got } = results.findLast(
          (row) => row.k === k && !(row.windowStart! > 100),
        )!;
        assert.deepEqual(got, {
          k,
          ...{ x: least, maybe: least, any: least, own: least },
          ...{ xMax: greatest, maybeMax: greatest, anyMax: greatest, ownMax: greatest },
        });
        // No date is infinite.
        const finite = values.filter(Number.isFinite);
        const days = finite.length === 0 ? [Number.NaN] : finite;
        assert.deepEqual([Number(day), Number(dayMax)], [Math.min(...days), Math.max(...days)]);
      });
    },
    (mode) => mode.batchSize !== 7,
  );
}

const Anything = record({ k: t.string, x: t.dynamic<number | null>() });

inEveryMode(
  'null in a field of any type is no value, as it is in one that is nullable',
  Anything,
  (stream) =>
    stream
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ count, sum, avg, min, max, first, last, countDistinct, collect }) => ({
        ...{ rows: count(), sum: sum('x'), avg: avg('x'), min: min('x'), max: max('x') },
        ...{ first: first('x'), last: last('x'), distinct: countDistinct('x'), all: collect('x') },
      })),
  async (h) => {
    for (const [k, x] of [
      ['a', null],
      ['a', 4],
      ['a', null],
      ['a', 2],
      ['b', null],
    ] as const) {
      h.push({ k, x }, 1);
    }
    await h.end();
    const results = h.takeRecords().sort((a, b) => (a.k < b.k ? -1 : 1));
    const window = { windowStart: 0, windowEnd: 10 };
    const none = { avg: null, min: null, max: null, first: null, last: null };
    assert.deepEqual(results, [
      {
        ...{ k: 'a', ...window, rows: 4, sum: 6, avg: 3, min: 2, max: 4, first: 4, last: 2 },
        ...{ distinct: 2, all: [4, 2] },
      },
      { k: 'b', ...window, rows: 1, sum: 0, ...none, distinct: 0, all: [] },
    ]);
  },
);

test('values of no row are null, and counts 0', async () => {
  const h = await harness<Row>(
    (stream) =>
      stream
        .keyBy('key')
        .window(tumbling(10))
        .aggregate(({ first, last, quantile, countDistinct, collect }) => ({
          first: first('text'),
          last: last((r) => r.text),
          median: quantile((r) => (r.text === null ? null : 1), 0.5),
          texts: countDistinct('text'),
          all: collect('text'),
        })),
    { schema: Row },
  );
  h.push(row(1, null), 1);
  await h.end();
  const [{ windowStart, windowEnd, ...got }] = h.takeRecords() as [Record<string, unknown>];
  assert.deepEqual(got, { key: 'k', first: null, last: null, median: null, texts: 0, all: [] });
});

const Loose = record({
  k: t.int32,
  maybe: t.nullable(t.float64),
  any: t.nullable(t.dynamic<number>()),
  big: t.nullable(t.int64),
  anyBig: t.nullable(t.dynamic<bigint>()),
});

for (const window of [tumbling(10), sliding(20, 10), tumblingCount(2)]) {
  test(`the sum of no value over ${window.kind} windows: 0, null of bigints; of any kind, as of numbers`, async () => {
    for (const parallelism of [1, 2]) {
      const h = await harness(
        (stream: Stream<RowOf<typeof Loose>>) =>
          stream
            .keyBy('k')
            // Each kind of window has an overload of its own.
            .window(window as WindowSpec)
            .aggregate(({ sum }) => ({
              maybe: sum('maybe'),
              any: sum('any'),
              own: sum((r) => r.any),
              big: sum('big'),
              anyBig: sum('anyBig'),
            })),
        { schema: Loose, parallelism, restartEach: [1] },
      );
      const none = { maybe: null, any: null, big: null, anyBig: null };
      for (const k of [1, 1, 2]) h.push({ k, ...none }, 5);
      h.push({ k: 2, maybe: 1, any: 2, big: 3n, anyBig: 4n }, 6);
      await h.end();
      const sums = h.takeRecords() as readonly { k: number }[];
      const sumsOf = (key: number) => {
        const { maybe, any, own, big, anyBig } = sums.find(({ k }) => k === key)! as never;
        return [maybe, any, own, big, anyBig];
      };
      assert.deepEqual(sumsOf(1), [0, 0, 0, null, 0]);
      assert.deepEqual(sumsOf(2), [1, 2, 2, 3n, 4n]);
    }
  });
}

test('what cannot be told apart, or has no order, is an error that names the aggregate', async () => {
  const objects = await harness<{ o: object }>((stream) =>
    stream
      .keyBy(() => 1)
      .window(tumbling(10))
      .aggregate(({ countDistinct }) => ({
        kinds: countDistinct((r) => r.o as unknown as string),
      })),
  );
  objects.push({ o: { a: 1 } }, 1);
  assert.throws(() => objects.take(), {
    code: 'FIELD_TYPE',
    message:
      /operator 'window' \(subtask 0, record 0\): countDistinct 'kinds' tells .* apart, got \[object Object\]/,
  });
  const infinite = await harness<{ v: number }>((stream) =>
    stream
      .keyBy(() => 1)
      .window(tumbling(10))
      .aggregate(({ quantile }) => ({ median: quantile('v', 0.5) })),
  );
  infinite.push({ v: Infinity }, 1);
  assert.throws(() => infinite.take(), {
    code: 'FIELD_TYPE',
    message: /quantile 'median' needs finite numbers, got Infinity/,
  });
  await assert.rejects(
    harness<{ v: number }>((stream) =>
      stream
        .keyBy(() => 1)
        .window(tumbling(10))
        .aggregate(({ quantile }) => ({ median: quantile('v', 50) })),
    ),
    { code: 'JOB_DEFINITION', message: 'the share of a quantile is 0 to 1, got 50' },
  );
});

test('a field that rows without a schema lack counts as absent; a schema tells that it is not there', async () => {
  const build = (stream: Stream<{ k: number; v: number }>) =>
    stream
      .project('k', 'v')
      .keyBy('k')
      .window(tumblingCount(2))
      .aggregate(({ count, sum, avg, min, first, countDistinct, collect, quantile }) => ({
        rows: count(),
        sum: sum('v'),
        avg: avg('v'),
        min: min('v'),
        first: first('v'),
        kinds: countDistinct('v'),
        all: collect('v'),
        median: quantile('v', 0.5),
      }));
  const h = await harness(build);
  const mistyped = { k: 1, w: 5 } as unknown as { k: number; v: number };
  h.push(mistyped);
  h.push(mistyped);
  h.push({ k: 2, v: 7 });
  h.push({ ...mistyped, k: 2 });
  const absent = { sum: 0, avg: null, min: null, first: null, kinds: 0, all: [], median: null };
  const [none, { median, ...some }] = h.takeRecords() as [object, { median: number }];
  assert.deepEqual(none, { k: 1, rows: 2, ...absent });
  assert.ok(Math.abs(median - 7) < 0.1);
  assert.deepEqual(some, { k: 2, rows: 2, sum: 7, avg: 7, min: 7, first: 7, kinds: 1, all: [7] });
  const schema = record({ k: t.int32, w: t.int32 }) as unknown as Schema<{ k: number; v: number }>;
  await assert.rejects(harness(build, { schema }), {
    code: 'FIELD_UNKNOWN',
    message: "project: no field 'v'; the row has k, w",
  });
});
