/** Operators in batch: nothing is late, rolling aggregations give their last values, the clock comes to its end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import { list, value } from '../../src/api/state.ts';
import { continuousProcessingTimeTrigger } from '../../src/api/triggers.ts';
import { globalWindow, session, tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { monotonous } from '../../src/time/strategies.ts';
import { inEveryBatchMode, sorted } from '../modes.ts';

const Sale = record({ shop: t.string, price: t.int32, clerk: t.nullable(t.string) });
type Sale = { shop: string; price: number; clerk: string | null };
type Sales = KeyedStream<Sale, { shop: string }>;

const SALES: readonly Sale[] = [
  { shop: 'a', price: 5, clerk: 'x' },
  { shop: 'b', price: 2147483647, clerk: null },
  { shop: 'a', price: 3, clerk: 'y' },
  { shop: 'b', price: 7, clerk: 'w' },
  { shop: 'a', price: 9, clerk: null },
];

const STEPS = {
  reduce: (sales: Sales) =>
    sales.reduce((all, sale) => ({ ...sale, price: all.price + sale.price })),
  sum: (sales: Sales) => sales.sum('price'),
  min: (sales: Sales) => sales.min('price'),
  max: (sales: Sales) => sales.max('price'),
  minBy: (sales: Sales) => sales.minBy('price'),
  maxBy: (sales: Sales) => sales.maxBy('price'),
};

const [A0, B1, A2, B3, A4] = SALES as [Sale, Sale, Sale, Sale, Sale];
const LAST: Readonly<Record<keyof typeof STEPS, readonly [Sale, Sale]>> = {
  reduce: [
    { ...A4, price: 17 },
    { ...B3, price: 2147483654 },
  ],
  sum: [
    { ...A0, price: 17 },
    { ...B1, price: 2147483654 },
  ],
  min: [
    { ...A0, price: 3 },
    { ...B1, price: 7 },
  ],
  max: [{ ...A0, price: 9 }, B1],
  minBy: [A2, B3],
  maxBy: [A4, B1],
};

for (const kind of ['reduce', 'sum', 'min', 'max', 'minBy', 'maxBy'] as const) {
  inEveryBatchMode(
    `${kind} gives the last value of each key, at the time of its last record`,
    Sale,
    (stream) => STEPS[kind](stream.keyBy('shop')),
    async (h) => {
      // Times out of order: what counts is which record comes last.
      for (const [i, sale] of SALES.entries()) h.push(sale, 100 - i);
      assert.deepEqual(h.take(), []);
      await h.end();
      const [a, b] = LAST[kind];
      assert.deepEqual(
        sorted(h.take()),
        sorted([
          { record: a, timestamp: 96 },
          { record: b, timestamp: 97 },
          { watermark: Infinity },
          { end: true },
        ]),
      );
    },
  );
}

inEveryBatchMode(
  'more keys than fit one batch, of records without times',
  record({ key: t.int32 }),
  (stream) => stream.keyBy('key').max('key'),
  async (h) => {
    const keys = Array.from({ length: 20 }, (_, key) => key);
    for (const key of [...keys, ...keys]) h.push({ key });
    await h.end();
    const rows = h.takeRecords() as { key: number }[];
    assert.deepEqual(
      rows.map(({ key }) => key).sort((x, y) => x - y),
      keys,
    );
  },
);

const Named = record({
  key: t.string,
  n: t.int32,
  time: t.int32,
  'last time': t.int32,
  'sum n': t.int32,
});
inEveryBatchMode(
  'fields may be named as what is kept beside them is',
  Named,
  (rows) => rows.keyBy('key').sum('n'),
  async (h) => {
    h.push({ key: 'a', n: 1, time: 2, 'last time': 3, 'sum n': 4 }, 5);
    h.push({ key: 'a', n: 5, time: 6, 'last time': 7, 'sum n': 8 }, 6);
    await h.end();
    const rows = h.take().flatMap((element) => ('record' in element ? [element.record] : []));
    assert.deepEqual(rows, [{ key: 'a', n: 6, time: 2, 'last time': 3, 'sum n': 4 }]);
  },
);

test('a value that cannot be given at the end names the operator, and no record', async () => {
  const Big = record({ key: t.string, n: t.int64 });
  const h = await harness<{ key: string; n: bigint }>((stream) => stream.keyBy('key').sum('n'), {
    schema: Big,
    batch: true,
  });
  for (let i = 0; i < 2; i++) h.push({ key: 'a', n: 2n ** 62n }, i);
  await assert.rejects(h.end(), {
    message: "operator 'sum': field 'n' wants int64, got 9223372036854775808n",
  });
});

inEveryBatchMode(
  'windows get every record, in whatever order',
  Sale,
  (stream) =>
    stream
      .keyBy('shop')
      .window(tumbling(10))
      .aggregate(({ count, sum }) => ({ count: count(), sum: sum('price') })),
  async (h) => {
    for (const time of [35, 1, 12, 9, 38, 15]) h.push(A2, time);
    assert.deepEqual(h.take(), []);
    await h.end();
    const rows = h.takeRecords() as { windowStart: number; count: number; sum: number }[];
    assert.deepEqual(
      rows.map(({ windowStart, count, sum }) => [windowStart, count, sum]),
      [0, 10, 30].map((start) => [start, 2, 6]),
    );
    assert.equal(h.metrics().lateRecords, 0);
  },
);

inEveryBatchMode(
  'event time in mid-flow makes nothing late',
  Sale,
  (stream) =>
    stream
      .map((sale) => sale)
      .eventTime((sale) => sale.price, monotonous())
      .keyBy('shop')
      .window(session(3))
      .aggregate(({ count }) => ({ count: count() })),
  async (h) => {
    for (const price of [100, 1, 50, 2, 3]) h.push({ ...A0, price }, 0);
    h.processingTime(1_000);
    await h.end();
    const rows = h.takeRecords() as { windowStart: number; count: number }[];
    assert.deepEqual(
      rows.map(({ windowStart, count }) => [windowStart, count]),
      [
        [1, 3],
        [50, 1],
        [100, 1],
      ],
    );
  },
);

inEveryBatchMode(
  'timers of both kinds of time fire when all input has come, event time first',
  Sale,
  (stream) =>
    stream.keyBy('shop').process({
      emits: type<string>(),
      state: { seen: list(t.string), rounds: value(t.int32, { default: 0 }) },
      onRecord(sale, ctx) {
        ctx.state.seen.add(String(sale.price));
        ctx.timers.eventTime(50);
        ctx.timers.processingTime(20);
      },
      onTimer(time, ctx) {
        ctx.emit(`${ctx.key.shop} ${time} ${[...ctx.state.seen.get()]} ${ctx.watermark}`);
        const round = ctx.state.rounds.update((n) => n + 1);
        // A timer of one kind registers one of the other.
        if (round === 2) ctx.timers.eventTime(70);
        if (round === 3) ctx.timers.processingTime(90);
      },
    }),
  async (h) => {
    for (const [i, sale] of SALES.entries()) {
      h.push(sale, i);
      h.processingTime(30 * (i + 1));
    }
    assert.deepEqual(h.take(), []);
    await h.end();
    const lines = h.takeRecords() as string[];
    const of = (shop: string, prices: string) =>
      [50, 20, 70, 90].map((time) => `${shop} ${time} ${prices} Infinity`);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('a')),
      of('a', '5,3,9'),
    );
    assert.deepEqual(
      lines.filter((line) => line.startsWith('b')),
      of('b', '2147483647,7'),
    );
    assert.deepEqual(h.take(), []);
  },
);

inEveryBatchMode(
  'windows of processing time fire when all input has come',
  Sale,
  (stream) =>
    stream
      .keyBy('shop')
      .window(tumbling(10, { time: 'processing' }))
      .aggregate(({ count }) => ({ count: count() })),
  async (h) => {
    for (const sale of SALES) h.push(sale, 0);
    h.take();
    h.processingTime(25);
    h.push(A0, 0);
    h.processingTime(1_000);
    assert.deepEqual(h.take(), []);
    await h.end();
    const rows = h.takeRecords() as { shop: string; windowStart: number; count: number }[];
    const found = rows.map(({ shop, windowStart, count }) => `${windowStart} ${shop} ${count}`);
    assert.deepEqual(found.sort(), ['0 a 3', '0 b 2', '20 a 1']);
  },
);

inEveryBatchMode(
  'a trigger of processing time over a window without end fires once at the end',
  Sale,
  (stream) =>
    stream
      .keyBy('shop')
      .window(globalWindow())
      .trigger(continuousProcessingTimeTrigger('1 min'))
      .aggregate(({ sum }) => ({ sum: sum('price') })),
  async (h) => {
    for (const sale of [A0, A2, A4]) h.push(sale, 0);
    h.take();
    h.processingTime(600_000);
    await h.end();
    assert.deepEqual(h.takeRecords(), [{ shop: 'a', sum: 17 }]);
  },
);

inEveryBatchMode(
  'the time of a pattern by the clock is over at the end',
  Sale,
  (stream) =>
    stream
      .keyBy('shop')
      .match(
        pattern<Sale>()
          .begin('first', ({ price }) => price < 8)
          .notFollowedBy('more', ({ price }) => price > 8)
          .within('1 h'),
      )
      .select(({ first }) => `${first[0].shop} ${first[0].price}`),
  async (h) => {
    for (const sale of [B1, B3, A2, A4]) h.push(sale);
    assert.deepEqual(h.take(), []);
    await h.end();
    assert.deepEqual(h.takeRecords(), ['b 7']);
  },
);

const byClock = { time: 'processing' } as const;

for (const window of [tumbling('1 s', byClock), session('1 s', byClock)]) {
  test(`a join in ${window.kind} windows of processing time waits for both inputs`, async () => {
    for (const outputCapacity of [Infinity, 1]) {
      const h = await harness2<Sale, Sale, [number, number]>(
        (first, second) =>
          first
            .join(second)
            .on('shop', 'shop')
            .window(window)
            .apply((left, right): [number, number] => [left.price, right.price]),
        { batch: true, outputCapacity },
      );
      for (const sale of [A0, B1, A2]) h.pushFirst(sale, 0);
      await h.endFirst();
      h.pushSecond(A4, 0);
      h.processingTime(60_000);
      assert.deepEqual(h.take(), []);
      await h.endSecond();
      assert.deepEqual(h.takeRecords(), [
        [5, 9],
        [3, 9],
      ]);
    }
  });
}

test('a harness in batch takes no watermark of a test', async () => {
  const h = await harness<Sale>((stream) => stream.map((sale) => sale.price), { batch: true });
  assert.throws(() => h.watermark(5), /takes records and the end of an input/);
});
