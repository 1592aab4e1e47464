/** Keyed windows in every mode: worked case 4, all aggregates, and random streams against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import { sliding, tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { describeMode, inEveryMode, MODES, sorted } from '../modes.ts';
import { SlowWindows } from './slow-windows.ts';

const Click = record({ k: t.string, v: t.int32 });
type Click = { k: string; v: number };

inEveryMode(
  'sliding windows: an element that is late for some windows only counts in the others',
  Click,
  (stream) =>
    stream
      .keyBy('k')
      .window(sliding(3000, 1000))
      .aggregate(({ count }) => ({ n: count() })),
  (h) => {
    const results = (): string[] =>
      h
        .take()
        .flatMap((e) => ('record' in e ? [`${e.record.k}=${e.record.n}@${e.timestamp}`] : []))
        .sort();
    h.push({ k: 'k2', v: 0 }, 1000);
    h.watermark(1999);
    assert.deepEqual(results(), ['k2=1@1999']);
    h.push({ k: 'k2', v: 0 }, 2000);
    h.watermark(3000);
    assert.deepEqual(results(), ['k2=2@2999']);
    for (const [k, time] of [
      ['k1', 3001],
      ['k2', 2400],
      ['k2', 2400],
      ['k1', 3001],
      ['k2', 3900],
    ] as const) {
      h.push({ k, v: 0 }, time);
    }
    h.watermark(6000);
    assert.deepEqual(results(), [
      'k1=2@3999',
      'k1=2@4999',
      'k1=2@5999',
      'k2=1@5999',
      'k2=4@4999',
      'k2=5@3999',
    ]);
    assert.equal(h.metrics().lateRecords, 0);
    h.push({ k: 'k1', v: 0 }, 3001);
    assert.deepEqual(results(), []);
    assert.equal(h.metrics().lateRecords, 1);
    h.watermark(25_000);
    assert.deepEqual(results(), []);
  },
);

inEveryMode(
  'tumbling windows: results, then the watermark; the end fires what is left',
  Click,
  (stream) =>
    stream
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ count, sum }) => ({ n: count(), total: sum('v') })),
  async (h) => {
    h.push({ k: 'a', v: 1 }, 1);
    h.push({ k: 'b', v: 2 }, 3);
    h.push({ k: 'a', v: 3 }, 12);
    h.watermark(8);
    assert.deepEqual(sorted(h.take()), ['{"watermark":8}']);
    h.watermark(9);
    assert.deepEqual(sorted(h.take()), [
      '{"record":{"k":"a","windowStart":0,"windowEnd":10,"n":1,"total":1},"timestamp":9}',
      '{"record":{"k":"b","windowStart":0,"windowEnd":10,"n":1,"total":2},"timestamp":9}',
      '{"watermark":9}',
    ]);
    h.idle();
    h.active();
    await h.end();
    assert.deepEqual(sorted(h.take()), [
      '{"idle":true}',
      '{"active":true}',
      '{"record":{"k":"a","windowStart":10,"windowEnd":20,"n":1,"total":3},"timestamp":19}',
      '{"watermark":"max"}',
      '{"end":true}',
    ]);
  },
);

const Reading = record({
  id: t.int32,
  f: t.float64,
  n: t.nullable(t.float64),
  s: t.string,
  maybe: t.nullable(t.string),
});

inEveryMode(
  'every aggregate, over fields and functions; nulls are left out',
  Reading,
  (stream) =>
    stream
      .keyBy('id')
      .window(tumbling(100))
      .aggregate(({ count, sum, avg, min, max, aggregate }) => ({
        rows: count(),
        sum: sum('f'),
        sumOf: sum((r) => r.f * 2),
        avg: avg('f'),
        avgOf: avg((r) => r.n),
        least: min('f'),
        greatestOf: max((r) => r.n),
        noneSum: sum('n'),
        firstName: min('s'),
        lastName: max('maybe'),
        all: aggregate({
          create: () => [] as string[],
          add: (names, r) => [...names, r.s],
          merge: (a, b) => [...a, ...b],
          result: (names) => [...names].sort().join(''),
        }),
      })),
  (h) => {
    h.push({ id: 1, f: 1.5, n: null, s: 'b', maybe: null }, 1);
    h.push({ id: 1, f: 2.5, n: 7, s: 'a', maybe: 'z' }, 2);
    h.push({ id: 2, f: -1, n: null, s: 'c', maybe: null }, 3);
    h.watermark(1000);
    const [one, two] = h.takeRecords().sort((a, b) => a.id - b.id);
    const bounds = { windowStart: 0, windowEnd: 100 };
    assert.deepEqual(one, {
      id: 1,
      ...bounds,
      rows: 2,
      sum: 4,
      sumOf: 8,
      avg: 2,
      avgOf: 7,
      least: 1.5,
      greatestOf: 7,
      noneSum: 7,
      firstName: 'a',
      lastName: 'z',
      all: 'ab',
    });
    assert.deepEqual(two, {
      id: 2,
      ...bounds,
      rows: 1,
      sum: -1,
      sumOf: -2,
      avg: -1,
      avgOf: null,
      least: -1,
      greatestOf: null,
      noneSum: 0,
      firstName: 'c',
      lastName: null,
      all: 'c',
    });
  },
);

test('bigints: sums stay exact, and without a schema the error tells the way', async () => {
  const Big = record({ k: t.int32, big: t.int64, maybe: t.nullable(t.int64) });
  type Big = { k: number; big: bigint; maybe: bigint | null };
  const build = (stream: Stream<Big>) =>
    stream
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ sum, avg, max }) => ({
        total: sum('big'),
        mean: avg('big'),
        none: sum('maybe'),
        most: max('big'),
      }));
  const typed = await harness(build, { schema: Big });
  const huge = 2n ** 62n;
  typed.push({ k: 1, big: huge, maybe: null }, 1);
  typed.push({ k: 1, big: 1n - huge, maybe: null }, 2);
  await typed.end();
  assert.deepEqual(typed.takeRecords(), [
    { k: 1, windowStart: 0, windowEnd: 10, total: 1n, mean: 0, none: null, most: huge },
  ]);
  const freeForm = await harness(build);
  freeForm.push({ k: 1, big: 2n, maybe: null }, 1);
  assert.throws(() => freeForm.take(), {
    code: 'FIELD_TYPE',
    message:
      "operator 'window' (subtask 0, record 0): field 'big' must be a number, got 2n; give the stream a schema (t.int64) to sum or average bigints",
  });
});

const Loose = record({ k: t.int32, any: t.dynamic() });

for (const [what, values, error] of [
  ['texts', ['1', '2'], /field 'any' must be numbers, or bigints, to be added up, got "1"/],
  ['dates', [new Date(5)], /field 'any' must be numbers, or bigints, to be added up/],
  ['numbers and bigints', [1, 2n], /to be added up, got 2n behind numbers/],
] as const) {
  test(`sums of ${what} of any type are refused`, async () => {
    for (const isRolling of [false, true]) {
      const h = await harness<{ k: number; any: unknown }, unknown>(
        (rows) =>
          isRolling
            ? rows.keyBy('k').sum('any' as never)
            : rows
                .keyBy('k')
                .window(tumbling(10))
                .aggregate(({ sum }) => ({ total: sum('any' as never) })),
        { schema: Loose },
      );
      const free = await harness<{ k: number; any: unknown }, unknown>((rows) =>
        rows.keyBy('k').sum('any' as never),
      );
      const push = (): void => {
        for (const any of [...values, ...values]) {
          h.push({ k: 1, any }, 1);
          free.push({ k: 1, any }, 1);
        }
      };
      push();
      const refused = { code: 'FIELD_TYPE', ...(isRolling ? {} : { message: error }) };
      assert.throws(() => h.take(), refused);
      assert.throws(() => free.take(), { code: 'FIELD_TYPE' });
    }
  });
}

test('an average of values of any type is of numbers', async () => {
  const h = await harness(
    (rows: Stream<{ k: number; any: unknown }>) =>
      rows
        .keyBy('k')
        .window(tumbling(10))
        .aggregate(({ avg, max }) => ({
          mean: avg('any' as never),
          most: max((row) => row.any as number),
        })),
    { schema: Loose },
  );
  h.push({ k: 1, any: 1 }, 1);
  h.push({ k: 1, any: 'a' }, 1);
  assert.throws(() => h.take(), {
    code: 'FIELD_TYPE',
    message: /field 'any' must be a number, got "a"/,
  });
});

test('what a function of an aggregate gives is named by the aggregate', async () => {
  const h = await harness((rows: Stream<{ k: number; any: unknown }>) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ max }) => ({ most: max((row) => row.any as number) })),
  );
  h.push({ k: 1, any: 'a' }, 1);
  const message = /what the function of 'most' returns must be a number, got "a"/;
  assert.throws(() => h.take(), { code: 'FIELD_TYPE', message });
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      k: fc.constantFrom('a', 'b', 'c', '', 'ü', '漢'),
      v: fc.integer({ min: -9, max: 9 }),
      jitter: fc.integer({ min: -25, max: 25 }),
    }),
  },
  { weight: 1, arbitrary: fc.integer({ min: -10, max: 40 }) },
);

test('random streams, in every mode, against the slow model', async () => {
  for (const mode of MODES) {
    const { isTyped, ...given } = mode;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: -7, max: 7 }),
        fc.array(step, { maxLength: 80 }),
        async (size, slide, offset, steps) => {
          const h = await harness<
            Click,
            {
              k: string;
              windowStart: number;
              windowEnd: number;
              n: number;
              sum: number;
              least: number;
            }
          >(
            (stream) =>
              stream
                .keyBy('k')
                .window(sliding(size, slide, { offset }))
                .aggregate(({ count, sum, min }) => ({
                  n: count(),
                  sum: sum('v'),
                  least: min('v'),
                })),
            { ...given, ...(isTyped ? { schema: Click } : {}) },
          );
          const model = new SlowWindows(size, slide, offset);
          let now = 0;
          for (const each of steps) {
            if (typeof each === 'number') {
              now += each;
              const expected = model.advance(now);
              h.watermark(now);
              const got = h
                .takeRecords()
                .map((r) => JSON.stringify([r.k, r.windowStart, r.windowEnd, r.n, r.sum, r.least]));
              assert.deepEqual(got.sort(), expected.sort());
            } else {
              model.add(each.k, each.v, now + each.jitter);
              h.push({ k: each.k, v: each.v }, now + each.jitter);
            }
          }
          h.take();
          assert.equal(h.metrics().lateRecords, model.late);
        },
      ),
      { numRuns: 12 },
    );
  }
});

for (const [name, keys] of [
  ['ints, then text, then ints', [1, 2, 'x', 1, 2.5, 'x', 1]],
  ['booleans, bigints and dates', [true, 1n, new Date(5), 2n ** 70n, false, new Date(5), 1n]],
  ['0 and -0', [0, -0, 1, 0]],
] as const) {
  test(`a key function may give keys of any kind: ${name}`, async () => {
    const h = await harness<
      { key: number | string | boolean | bigint | Date },
      { key: unknown; n: number }
    >(
      (stream) =>
        stream
          .keyBy((row) => row.key)
          .window(tumbling(10))
          .aggregate(({ count }) => ({ n: count() })),
      { batchSize: 1, parallelism: 2 },
    );
    for (const key of keys) h.push({ key }, 1);
    await h.end();
    const got = new Map(h.takeRecords().map(({ key, n }) => [String(key), n]));
    const expected = new Map<string, number>();
    for (const key of keys) expected.set(String(key), (expected.get(String(key)) ?? 0) + 1);
    assert.deepEqual(got, expected);
  });
}

test('a key that is undefined is an error with its operator and field', async () => {
  const h = await harness<{ user: string }>((stream) =>
    stream
      .keyBy('user')
      .window(tumbling(10))
      .aggregate(({ count }) => ({ n: count() })),
  );
  h.push({} as { user: string }, 1);
  assert.throws(() => h.take(), {
    code: 'KEY_INVALID',
    message:
      "operator 'window' (subtask 0, record 0): key 'user' cannot be undefined; it must be a number, bigint, string, boolean or Date",
  });
});

test('windows without event time say what is missing', async () => {
  const h = await harness<Click>((stream) =>
    stream
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ count }) => ({ n: count() })),
  );
  h.push({ k: 'a', v: 1 });
  assert.throws(() => h.take(), {
    code: 'TIMESTAMP_INVALID',
    message: /needs event times; call .eventTime/,
  });
});

test('modes are told apart by name', () => {
  assert.equal(new Set(MODES.map(describeMode)).size, MODES.length);
});

inEveryMode(
  'windows that fire at the end of the input go out before it, however slow the output',
  Click,
  (stream) =>
    stream
      .keyBy('k')
      .window(tumbling(10))
      .aggregate(({ count }) => ({ n: count() })),
  async (h) => {
    for (let time = 0; time < 1000; time += 10) h.push({ k: 'a', v: 1 }, time);
    await h.end();
    const got = h.take();
    assert.equal(got.filter((e) => 'record' in e).length, 100);
    assert.deepEqual(got.slice(-2), [{ watermark: Infinity }, { end: true }]);
  },
);

const late = sideOutput<Click>('late');

const countsOf = (stream: Stream<Click>) =>
  stream
    .keyBy('k')
    .window(tumbling(2000))
    .lateTo(late)
    .aggregate(({ count }) => ({ n: count() }));

const recordsOf = (elements: readonly object[]): string[] =>
  elements.flatMap((e) => ('record' in e ? [JSON.stringify(e)] : [])).sort();

inEveryMode(
  'late records go whole to their side output, with their times, and are not counted as dropped',
  Click,
  countsOf,
  async (h) => {
    const counts = (): unknown[] => h.takeRecords().map(({ k, n }) => ({ k, n }));
    h.push({ k: 'a', v: 1 }, 1000);
    h.watermark(1985);
    h.push({ k: 'a', v: 2 }, 1980);
    h.watermark(1999);
    assert.deepEqual(counts(), [{ k: 'a', n: 2 }]);
    assert.deepEqual(recordsOf(h.take(late)), []);
    h.push({ k: 'a', v: 3 }, 1998);
    h.push({ k: 'b', v: 4 }, 10);
    h.push({ k: 'a', v: 5 }, 2001);
    assert.deepEqual(recordsOf(h.take(late)), [
      '{"record":{"k":"a","v":3},"timestamp":1998}',
      '{"record":{"k":"b","v":4},"timestamp":10}',
    ]);
    h.watermark(3999);
    assert.deepEqual(counts(), [{ k: 'a', n: 1 }]);
    assert.equal(h.metrics().lateRecords, 0);
    await h.end();
    assert.deepEqual(h.take(late).at(-1), { end: true });
  },
);

inEveryMode(
  'late records are keyed anew by other fields',
  Click,
  (stream) =>
    countsOf(stream)
      .sideOutput(late)
      .keyBy('v')
      .reduce((first, next) => ({ k: first.k + next.k, v: next.v })),
  (h) => {
    h.watermark(5000);
    for (const k of ['a', 'b', 'c', 'd', 'e', 'f']) h.push({ k, v: 7 }, 10);
    const rows = h.takeRecords();
    assert.equal(rows.length, 6);
    assert.equal(Math.max(...rows.map(({ k }) => k.length)), 6);
  },
);

test('a record that is late for some of its windows only is not late', async () => {
  const h = await harness<Click>((stream) =>
    stream
      .keyBy('k')
      .window(sliding(3000, 1000))
      .lateTo(late)
      .aggregate(({ count }) => ({ n: count() })),
  );
  h.watermark(3000);
  h.push({ k: 'a', v: 0 }, 2400);
  h.push({ k: 'a', v: 1 }, 200);
  h.push({ k: 'a', v: 2 }, 999);
  assert.deepEqual(recordsOf(h.take(late)), [
    '{"record":{"k":"a","v":1},"timestamp":200}',
    '{"record":{"k":"a","v":2},"timestamp":999}',
  ]);
});

test('a side output that is not there, or has no use, is told when the job is built', async () => {
  const build = (use: (stream: Stream<Click>) => unknown) =>
    harness<Click>((stream) => use(stream) as Stream<Click>);
  await assert.rejects(
    build((stream) =>
      stream
        .map((row) => row)
        .name('same')
        .sideOutput(late),
    ),
    { code: 'JOB_DEFINITION', message: "'same' has no side output 'late'; it has none" },
  );
  await assert.rejects(
    build((stream) => stream.rebalance().sideOutput(late)),
    { code: 'JOB_DEFINITION', message: /right behind that step/ },
  );
  await assert.rejects(
    build((stream) =>
      stream
        .keyBy('k')
        .window(tumbling(5, { time: 'processing' }))
        .lateTo(late),
    ),
    { code: 'JOB_DEFINITION', message: /lateTo: only for windows of event time/ },
  );
  assert.throws(() => sideOutput(' '), { code: 'JOB_DEFINITION' });
});
