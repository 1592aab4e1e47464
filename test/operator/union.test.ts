/** Streams that meet, in every mode: their rows, their time, their idleness and their ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { sliding, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { Dataflow } from '../../src/testing/dataflow.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode2, inOrderOf, MODES2, sorted, WITHOUT_RESTARTS } from '../modes.ts';
import { parseEvents, WATERMARK_CASES } from '../time/watermark-cases.ts';
import { SlowWindows } from './slow-windows.ts';

type Sale = { shop: string; n: number };
const Sale = record({ shop: t.string, n: t.int32 });
/** The same fields for the compiler, in another order and of another kind. */
const Other = record({ n: t.float64, shop: t.string });

const Visit = record({ page: t.int32, n: t.int32 });
const OtherVisit = record({ n: t.int32, page: t.float64 });

function numberOf(element: object): number {
  return (element as { record: Sale }).record.n;
}

for (const [what, second] of [
  ['the same schema', Sale],
  ['different schemas', Other],
] as const) {
  inEveryMode2(
    `a union of streams of ${what} has the rows of both, as they were and in the order in which they came`,
    Sale,
    second,
    (a, b) => a.union(b),
    async (h, mode) => {
      h.pushFirst({ shop: 'x', n: 1 }, 5);
      h.pushFirst({ shop: 'ü', n: 2 }, 3);
      h.pushSecond({ shop: 'y', n: 3 }, 4);
      h.pushFirst({ shop: '漢', n: 4 });
      h.pushSecond({ shop: '', n: -5 }, -6);
      const expected = [
        { record: { shop: 'x', n: 1 }, timestamp: 5 },
        { record: { shop: 'ü', n: 2 }, timestamp: 3 },
        { record: { shop: 'y', n: 3 }, timestamp: 4 },
        { record: { shop: '漢', n: 4 }, timestamp: null },
        { record: { shop: '', n: -5 }, timestamp: -6 },
      ];
      const got = h.take();
      if (mode.parallelism > 1) got.sort((one, other) => numberOf(one) - numberOf(other));
      const inOrder = expected.toSorted((one, other) => numberOf(one) - numberOf(other));
      assert.deepEqual(got, mode.parallelism > 1 ? inOrder : expected);
      await h.end();
      assert.deepEqual(h.take(), [{ watermark: Infinity }, { end: true }]);
    },
  );

  inEveryMode2(
    `stateless steps behind a union of streams of ${what}`,
    Sale,
    second,
    (a, b) =>
      a
        .union(b)
        .filter(({ n }) => n !== 2)
        .project('n')
        .map(({ n }) => n * 10),
    (h, mode) => {
      for (const n of [1, 2, 3]) h.pushFirst({ shop: 'x', n });
      for (const n of [2, 1.5 * 2, 4]) h.pushSecond({ shop: 'x', n });
      assert.deepEqual(inOrderOf(mode, h.takeRecords()), inOrderOf(mode, [10, 30, 30, 40]));
    },
  );

  inEveryMode2(
    `rolling sums over a union of streams of ${what}: equal keys meet`,
    Sale,
    second,
    (a, b) => a.union(b).keyBy('shop').sum('n'),
    (h) => {
      h.pushFirst({ shop: 'x', n: 1 }, 1);
      h.pushSecond({ shop: 'x', n: 2 }, 2);
      h.pushSecond({ shop: 'y', n: 10 }, 3);
      h.pushFirst({ shop: 'y', n: 20 }, 4);
      h.pushFirst({ shop: 'x', n: 4 }, 5);
      const got = h.take() as { record: Sale; timestamp: number }[];
      const of = (shop: string) =>
        got
          .filter((element) => element.record.shop === shop)
          .map((element) => [element.record.n, element.timestamp]);
      // The inputs are apart from each other: each gives its rows in order, and the last sum is that of all.
      assert.equal(got.length, 5);
      assert.deepEqual(of('x'), [
        [1, 1],
        [3, 2],
        [7, 5],
      ]);
      assert.deepEqual(of('y'), [
        [10, 3],
        [30, 4],
      ]);
    },
  );
}

inEveryMode2(
  'keys of one value and of different kinds are one key',
  Visit,
  OtherVisit,
  (a, b) =>
    a
      .union(b)
      .keyBy('page')
      .window(tumbling(10))
      .aggregate(({ sum }) => ({ n: sum('n') })),
  async (h) => {
    for (const page of [1, 2, 3]) h.pushFirst({ page, n: 1 }, 1);
    for (const page of [3, 2, 1.5, 1]) h.pushSecond({ page, n: 10 }, 2);
    await h.end();
    const got = h.takeRecords().map(({ page, n }) => `${page}: ${n}`);
    assert.deepEqual(got.sort(), ['1.5: 10', '1: 11', '2: 11', '3: 11']);
  },
);

class Total {
  n = 0;
}

/** What adds up records without sending partial results, or in another way than by event time. */
const WINDOWS: Readonly<Record<string, (a: Stream<Sale>, b: Stream<Sale>) => RowStream<Sale>>> = {
  'count windows': (a, b) =>
    a
      .union(b)
      .keyBy('shop')
      .window(tumblingCount(2))
      .aggregate(({ sum }) => ({ n: sum('n') })),
  'windows of processing time': (a, b) =>
    a
      .union(b)
      .keyBy('shop')
      .window(tumbling(10, { time: 'processing' }))
      .aggregate(({ sum }) => ({ n: sum('n') })),
  'accumulators that cannot travel': (a, b) =>
    a
      .union(b)
      .keyBy('shop')
      .window(tumbling(10))
      .aggregate(({ aggregate }) => ({
        n: aggregate({
          create: () => new Total(),
          add: (total, row) => Object.assign(total, { n: total.n + row.n }),
          merge: (one, other) => Object.assign(one, { n: one.n + other.n }),
          result: (total) => total.n,
          pack: ({ n }) => n,
          unpack: (n) => Object.assign(new Total(), { n }),
        }),
      })),
  'keys by a function': (a, b) =>
    a
      .union(b)
      .keyBy(({ shop }) => shop)
      .window(tumbling(10))
      .aggregate(({ sum }) => ({ n: sum((row) => row.n) }))
      .map(({ key, n }) => ({ shop: key, n })),
};

for (const [what, build] of Object.entries(WINDOWS)) {
  inEveryMode2(`${what} over streams of different schemas`, Sale, Other, build, async (h) => {
    h.pushFirst({ shop: 'x', n: 1 }, 1);
    h.pushFirst({ shop: 'ü', n: 2 }, 2);
    h.pushSecond({ shop: 'x', n: 10 }, 3);
    h.pushSecond({ shop: 'ü', n: 20 }, 4);
    h.processingTime(10);
    await h.end();
    const got = h.takeRecords().map(({ shop, n }) => `${shop} ${n}`);
    assert.deepEqual(got.sort(), ['x 11', 'ü 22']);
  });
}

const counted = (shop: string, windowStart: number, n: number) => ({
  record: { shop, windowStart, windowEnd: windowStart + 10, n },
  timestamp: windowStart + 9,
});

const countShops = (a: Stream<Sale>, b: Stream<Sale>) =>
  a
    .union(b)
    .keyBy('shop')
    .window(tumbling(10))
    .aggregate(({ count }) => ({ n: count() }));

inEveryMode2('windows wait for the stream that lags', Sale, Other, countShops, async (h) => {
  h.pushFirst({ shop: 'x', n: 1 }, 1);
  h.pushFirst({ shop: 'x', n: 1 }, 12);
  h.watermarkFirst(25);
  assert.deepEqual(h.take(), []);
  h.pushSecond({ shop: 'x', n: 1 }, 5);
  h.pushSecond({ shop: 'y', n: 1 }, 9);
  h.watermarkSecond(8);
  assert.deepEqual(h.take(), [{ watermark: 8 }]);
  // Behind the watermark of its own stream, but not behind that of both.
  h.pushFirst({ shop: 'x', n: 1 }, 7);
  h.watermarkSecond(9);
  assert.deepEqual(
    sorted(h.take()),
    sorted([counted('x', 0, 3), counted('y', 0, 1), { watermark: 9 }]),
  );
  h.watermarkSecond(40);
  assert.deepEqual(h.take(), [counted('x', 10, 1), { watermark: 25 }]);
  h.pushSecond({ shop: 'x', n: 1 }, 24);
  h.pushSecond({ shop: 'x', n: 1 }, 19);
  await h.end();
  assert.deepEqual(h.take(), [
    counted('x', 20, 1),
    { watermark: 40 },
    { watermark: Infinity },
    { end: true },
  ]);
  assert.equal(h.metrics().lateRecords, 1);
});

inEveryMode2('an idle stream does not hold windows back', Sale, Sale, countShops, (h) => {
  h.pushFirst({ shop: 'x', n: 1 }, 1);
  h.pushSecond({ shop: 'x', n: 1 }, 2);
  h.watermarkFirst(20);
  h.watermarkSecond(5);
  assert.deepEqual(h.take(), [{ watermark: 5 }]);
  h.idleSecond();
  assert.deepEqual(h.take(), [counted('x', 0, 2), { watermark: 20 }]);
  h.pushFirst({ shop: 'x', n: 1 }, 21);
  h.watermarkFirst(29);
  assert.deepEqual(h.take(), [counted('x', 20, 1), { watermark: 29 }]);
  h.pushFirst({ shop: 'x', n: 1 }, 31);
  h.idleFirst();
  assert.deepEqual(h.take(), [{ idle: true }]);
  h.activeSecond();
  assert.deepEqual(h.take(), [{ active: true }]);
  // Not aligned until it has caught up.
  h.watermarkSecond(28);
  assert.deepEqual(h.take(), []);
  h.watermarkSecond(39);
  assert.deepEqual(h.take(), [counted('x', 30, 1), { watermark: 39 }]);
});

inEveryMode2(
  'when the last stream goes idle, time goes on to where the furthest was',
  Sale,
  Sale,
  countShops,
  (h) => {
    h.pushFirst({ shop: 'x', n: 1 }, 14);
    h.pushSecond({ shop: 'y', n: 1 }, 3);
    h.watermarkFirst(19);
    h.watermarkSecond(4);
    assert.deepEqual(h.take(), [{ watermark: 4 }]);
    h.idleFirst();
    assert.deepEqual(h.take(), []);
    h.idleSecond();
    assert.deepEqual(
      sorted(h.take()),
      sorted([counted('y', 0, 1), counted('x', 10, 1), { watermark: 19 }, { idle: true }]),
    );
  },
);

inEveryMode2(
  'a record of a stream that was idle is on time as long as its window is open, though its stream lags',
  Sale,
  Sale,
  countShops,
  (h) => {
    h.watermarkFirst(5);
    h.watermarkSecond(5);
    h.idleFirst();
    h.watermarkSecond(50);
    h.activeFirst();
    h.pushFirst({ shop: 'x', n: 1 }, 55);
    h.watermarkFirst(6);
    h.watermarkSecond(100);
    assert.deepEqual(h.take(), [
      { watermark: 5 },
      { watermark: 50 },
      counted('x', 50, 1),
      { watermark: 100 },
    ]);
    assert.equal(h.metrics().lateRecords, 0);
  },
  // A restarted stream holds time back at once.
  WITHOUT_RESTARTS,
);

inEveryMode2(
  'a stream that has ended holds nothing back; the end is that of the last',
  Sale,
  Other,
  countShops,
  async (h) => {
    h.pushFirst({ shop: 'x', n: 1 }, 1);
    h.pushFirst({ shop: 'x', n: 1 }, 33);
    await h.endFirst();
    assert.deepEqual(h.take(), []);
    h.pushSecond({ shop: 'x', n: 1 }, 2);
    h.watermarkSecond(9);
    assert.deepEqual(h.take(), [counted('x', 0, 2), { watermark: 9 }]);
    h.idleSecond();
    assert.deepEqual(h.take(), [counted('x', 30, 1), { watermark: Infinity }]);
    h.activeSecond();
    await h.endSecond();
    assert.deepEqual(h.take(), [{ end: true }]);
  },
);

/** What `steps` behind a union of so many streams make of control elements. */
function controlled(inputs: number, mode: (typeof MODES2)[number]) {
  const { isFirstTyped, isSecondTyped, ...options } = mode;
  const dataflow = new Dataflow<unknown>(
    Array.from({ length: inputs }, (_, n) => ({
      name: `input ${n}`,
      schema: n % 2 === 0 ? (isFirstTyped ? Sale : null) : isSecondTyped ? Other : null,
    })),
    ([first, ...others]) =>
      first!
        .union(...others)
        .map((row) => row)
        .keyBy((row: Sale) => row.shop)
        .window(tumbling(10))
        .aggregate(({ count }) => ({ n: count() })),
    options,
  );
  return (events: string): string[] => {
    for (const { input, what } of parseEvents(events)) {
      if (typeof what === 'number') dataflow.add(input, { watermark: what });
      else if (what === 'end') dataflow.add(input, { end: true });
      else dataflow.add(input, { isIdle: what === 'idle' });
    }
    return dataflow.take().flatMap((element) => {
      if ('watermark' in element) return [`W${element.watermark}`];
      if ('idle' in element) return ['IDLE'];
      return 'active' in element ? ['ACTIVE'] : [];
    });
  };
}

for (const [inputs, steps] of WATERMARK_CASES) {
  test(`time of ${inputs} streams through all operators, in every mode: ${steps.map(([events]) => events).join('; ')}`, () => {
    for (const mode of MODES2) {
      const feed = controlled(inputs, mode);
      for (const [events, expected] of steps) {
        assert.deepEqual(feed(events), expected === '' ? [] : expected.split(' '), events);
      }
    }
  });
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      isFirst: fc.boolean(),
      shop: fc.constantFrom('a', 'b', 'c', 'ü'),
      n: fc.integer({ min: -9, max: 9 }),
      jitter: fc.integer({ min: -25, max: 25 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ isFirst: fc.boolean(), by: fc.integer({ min: -5, max: 40 }) }),
  },
);

test('random streams that meet in windows, in every mode, against the slow model', async () => {
  for (const mode of MODES2) {
    const { isFirstTyped, isSecondTyped, ...options } = mode;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(step, { maxLength: 60 }),
        async (size, slide, steps) => {
          const h = await harness2(
            (a: Stream<Sale>, b: Stream<Sale>) =>
              a
                .union(b)
                .keyBy('shop')
                .window(sliding(size, slide))
                .aggregate(({ count, sum, min }) => ({
                  n: count(),
                  sum: sum('n'),
                  least: min('n'),
                })),
            {
              ...options,
              ...(isFirstTyped ? { firstSchema: Sale } : {}),
              ...(isSecondTyped ? { secondSchema: Other } : {}),
            },
          );
          const model = new SlowWindows(size, slide, 0);
          const now = { first: 0, second: 0 };
          for (const each of steps) {
            const side = each.isFirst ? 'first' : 'second';
            if ('by' in each) {
              now[side] += each.by;
              if (each.isFirst) h.watermarkFirst(now.first);
              else h.watermarkSecond(now.second);
              const got = h
                .takeRecords()
                .map((r) =>
                  JSON.stringify([r.shop, r.windowStart, r.windowEnd, r.n, r.sum, r.least]),
                );
              assert.deepEqual(got.sort(), model.advance(reached(steps, each)).sort());
            } else {
              const { shop, n, jitter } = each;
              model.add(shop, n, now[side] + jitter);
              if (each.isFirst) h.pushFirst({ shop, n }, now.first + jitter);
              else h.pushSecond({ shop, n }, now.second + jitter);
            }
          }
          await h.end();
          model.advance(Infinity);
          assert.equal(h.metrics().lateRecords, model.late);
        },
      ),
      { numRuns: 6 },
    );
  }
});

type Step = { readonly isFirst: boolean } & object;

/** The lesser of the greatest watermarks of both sides, up to a step. */
function reached(steps: readonly Step[], last: Step): number {
  const greatest = { first: -Infinity, second: -Infinity };
  const now = { first: 0, second: 0 };
  for (const each of steps) {
    if ('by' in each) {
      const side = each.isFirst ? 'first' : 'second';
      now[side] += each.by as number;
      greatest[side] = Math.max(greatest[side], now[side]);
    }
    if (each === last) break;
  }
  return Math.min(greatest.first, greatest.second);
}
