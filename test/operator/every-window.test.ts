/** Every aggregate, over fields and functions, in every kind of window and every mode, against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Aggregate, Aggregates } from '../../src/api/aggregates.ts';
import {
  cumulating,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
} from '../../src/api/windows.ts';
import type { CountWindowSpec } from '../../src/operator/window/count-window.ts';
import type { CumulatingSpec } from '../../src/operator/window/general/window-spec.ts';
import type { WindowSpec } from '../../src/operator/window/window.ts';
import { harness } from '../../src/testing/harness.ts';
import { describeMode, MODES } from '../modes.ts';
import { ITEMS, type Item, Item as ItemSchema, inAnyOrder, timeOf } from './items.ts';

class Longest {
  text = '';
}

type Ordered = number | string | bigint | Date;

const notNull = <T>(values: readonly (T | null)[]): T[] => values.filter((v) => v !== null);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const orNull = <T>(values: readonly T[], of: (values: readonly T[]) => T): T | null =>
  values.length === 0 ? null : of(values);
const inSize = (a: Ordered, b: Ordered): number => (a < b ? -1 : Number(a > b));
const least = <T extends Ordered>(values: readonly T[]): T => values.toSorted(inSize)[0]!;
const most = <T extends Ordered>(values: readonly T[]): T => values.toSorted(inSize).at(-1)!;
const oddId = (item: Item): number | null => (item.id % 2 === 1 ? item.id : null);

/** An aggregate, and its result over the items of a window, in order. */
const AGGREGATES: Readonly<
  Record<
    string,
    readonly [(a: Aggregates<Item>) => Aggregate<unknown>, (items: readonly Item[]) => unknown]
  >
> = {
  count: [(a) => a.count(), (items) => items.length],
  sum: [(a) => a.sum('n'), (items) => total(items.map(({ n }) => n))],
  sumOfFractions: [(a) => a.sum('price'), (items) => total(items.map(({ price }) => price))],
  sumBy: [(a) => a.sum(({ n, id }) => n * id), (items) => total(items.map(({ n, id }) => n * id))],
  sumOfSome: [(a) => a.sum(oddId), (items) => total(notNull(items.map(oddId)))],
  avg: [(a) => a.avg('n'), (items) => total(items.map(({ n }) => n)) / items.length],
  avgBy: [
    (a) => a.avg(oddId),
    (items) => orNull(notNull(items.map(oddId)), (ids) => total(ids) / ids.length),
  ],
  min: [(a) => a.min('n'), (items) => least(items.map(({ n }) => n))],
  minOfText: [(a) => a.min('shop'), (items) => least(items.map(({ shop }) => shop))],
  minOfNulls: [
    (a) => a.min('note'),
    (items) => orNull(notNull(items.map(({ note }) => note)), least),
  ],
  minOfDates: [(a) => a.min('day'), (items) => least(items.map(({ day }) => day))],
  minBy: [(a) => a.min(({ price }) => -price), (items) => least(items.map(({ price }) => -price))],
  max: [(a) => a.max('price'), (items) => most(items.map(({ price }) => price))],
  maxOfTimes: [(a) => a.max('at'), (items) => most(items.map(({ at }) => at))],
  maxOfBigints: [(a) => a.max('big'), (items) => most(items.map(({ big }) => big))],
  maxBy: [(a) => a.max(oddId), (items) => orNull(notNull(items.map(oddId)), most)],
  first: [(a) => a.first('id'), (items) => items[0]!.id],
  firstOfNulls: [
    (a) => a.first('note'),
    (items) => notNull(items.map(({ note }) => note))[0] ?? null,
  ],
  firstBy: [(a) => a.first(({ paid }) => paid), (items) => items[0]!.paid],
  last: [(a) => a.last('big'), (items) => items.at(-1)!.big],
  lastOfDates: [(a) => a.last('day'), (items) => items.at(-1)!.day],
  lastBy: [(a) => a.last(oddId), (items) => notNull(items.map(oddId)).at(-1) ?? null],
  countDistinct: [(a) => a.countDistinct('n'), (items) => new Set(items.map(({ n }) => n)).size],
  countDistinctDates: [
    (a) => a.countDistinct('day'),
    (items) => new Set(items.map(({ day }) => day.getTime())).size,
  ],
  countDistinctBy: [
    (a) => a.countDistinct(({ note }) => note),
    (items) => new Set(notNull(items.map(({ note }) => note))).size,
  ],
  collect: [(a) => a.collect('id'), (items) => items.map(({ id }) => id)],
  collectRows: [(a) => a.collect(), (items) => items],
  collectBy: [(a) => a.collect(oddId), (items) => notNull(items.map(oddId))],
  // Of one value, so that the result is exact but for the sketch's own rounding, which the test takes away.
  quantile: [(a) => a.quantile(() => 0, 0.5), () => 0],
  user: [
    (a) =>
      a.aggregate({
        create: () => ({ product: 1 }),
        add: (so, { n }) => ({ product: so.product * (n + 4) }),
        merge: (one, other) => ({ product: one.product * other.product }),
        result: ({ product }) => product,
      }),
    (items) => items.reduce((product, { n }) => product * (n + 4), 1),
  ],
};

/** Accumulators that are numbers, and stay so. */
const NUMBERS: typeof AGGREGATES = {
  inPlace: [
    (a) =>
      a.aggregate({
        create: () => ({ count: 0, sum: 0 }),
        add(so, { n }) {
          so.count++;
          so.sum += n;
          return so;
        },
        merge(one, other) {
          one.count += other.count;
          one.sum += other.sum;
          return one;
        },
        result: (so) => so,
      }),
    (items) => ({ count: items.length, sum: total(items.map(({ n }) => n)) }),
  ],
  value: [
    (a) =>
      a.aggregate({
        create: () => 0,
        add: (so, { n }) => so + n,
        merge: (one, other) => one + other,
        result: (so) => so,
      }),
    (items) => total(items.map(({ n }) => n)),
  ],
  inOrder: [
    (a) =>
      a.aggregate({
        create: () => ({ hash: 0, power: 1 }),
        add: ({ hash, power }, { id }) => ({
          hash: (hash * 3 + id) % 1009,
          power: (power * 3) % 1009,
        }),
        merge: (one, other) => ({
          hash: (one.hash * other.power + other.hash) % 1009,
          power: (one.power * other.power) % 1009,
        }),
        result: ({ hash }) => hash,
      }),
    (items) => items.reduce((hash, { id }) => (hash * 3 + id) % 1009, 0),
  ],
  strange: [
    (a) =>
      a.aggregate({
        create: () => ({ zero: -0, none: Number.NaN, much: Infinity }),
        add: (so) => so,
        merge: (one) => one,
        result: (so) => so,
      }),
    () => ({ zero: -0, none: Number.NaN, much: Infinity }),
  ],
};

type Noted = { n: number; note?: string };

/** Accumulators that begin as numbers and become something else. */
const MISFITS: typeof AGGREGATES = {
  ...NUMBERS,
  withFieldMore: [
    (a) =>
      a.aggregate({
        create: (): Noted => ({ n: 0 }),
        add(so, { n, note }) {
          so.n += n;
          if (note !== null) so.note = note;
          return so;
        },
        merge(one, other) {
          one.n += other.n;
          if (other.note !== undefined) one.note = other.note;
          return one;
        },
        result: (so) => so,
      }),
    (items) => {
      const note = notNull(items.map((item) => item.note)).at(-1);
      const n = total(items.map((item) => item.n));
      return note === undefined ? { n } : { n, note };
    },
  ],
  withText: [
    (a) =>
      a.aggregate({
        create: (): { seen: number | string } => ({ seen: 0 }),
        add(so) {
          so.seen = typeof so.seen === 'string' || so.seen === 2 ? 'many' : so.seen + 1;
          return so;
        },
        merge(one, { seen }) {
          const areFew = typeof one.seen === 'number' && typeof seen === 'number';
          const sum = areFew ? Number(one.seen) + Number(seen) : 3;
          one.seen = sum > 2 ? 'many' : sum;
          return one;
        },
        result: ({ seen }) => seen,
      }),
    ({ length }) => (length > 2 ? 'many' : length),
  ],
  nothing: [
    (a) =>
      a.aggregate({
        create: (): number | null => 0,
        add: (so, { n, paid }) => (so === null || paid ? null : so + n),
        merge: (one, other) => (one === null || other === null ? null : one + other),
        result: (so) => so,
      }),
    (items) => (items.some(({ paid }) => paid) ? null : total(items.map(({ n }) => n))),
  ],
  otherOrder: [
    (a) =>
      a.aggregate({
        create: () => ({ first: 0, second: 0 }),
        add: (so, { n }) => ({ second: so.second + n, first: so.first + 1 }),
        merge: (one, other) => ({
          second: one.second + other.second,
          first: one.first + other.first,
        }),
        result: (so) => Object.entries(so).flat(),
      }),
    (items) => ['second', total(items.map(({ n }) => n)), 'first', items.length],
  ],
};

/** With these, accumulators cannot travel: records cross the exchange one by one. */
const HEAVY: typeof AGGREGATES = {
  longest: [
    (a) =>
      a.aggregate({
        create: () => new Longest(),
        add: (so, { note }) => {
          if ((note ?? '').length > so.text.length) so.text = note!;
          return so;
        },
        merge: (one, other) => (other.text.length > one.text.length ? other : one),
        result: ({ text }) => text.length,
        pack: ({ text }) => text,
        unpack: (text) => Object.assign(new Longest(), { text }),
      }),
    (items) => Math.max(...items.map(({ note }) => (note ?? '').length)),
  ],
};

type Window = { readonly items: readonly Item[]; readonly bounds: object; readonly time: number };

/** The windows of time that have items, by their ends. */
function byTime(size: number, slide: number, time: (item: Item) => number) {
  return (items: readonly Item[]): Window[] => {
    const windows: Window[] = [];
    for (let start = -Math.ceil(size / slide) * slide; start <= 1000; start += slide) {
      const end = start + size;
      const inside = items.filter((item) => start <= time(item) && time(item) < end);
      if (inside.length === 0) continue;
      windows.push({
        items: inside,
        bounds: { windowStart: start, windowEnd: end },
        time: end - 1,
      });
    }
    return windows;
  };
}

/** Windows that begin together, and grow by a step each. */
function byGrowth(size: number, step: number, time: (item: Item) => number) {
  return (items: readonly Item[]): Window[] => {
    const windows: Window[] = [];
    for (let end = -10 * size + step; end <= 1000; end += step) {
      const start = Math.floor((end - 1) / size) * size;
      const inside = items.filter((item) => start <= time(item) && time(item) < end);
      const bounds = { windowStart: start, windowEnd: end };
      if (inside.length > 0) windows.push({ items: inside, bounds, time: end - 1 });
    }
    return windows;
  };
}

function byCount(size: number, slide: number) {
  return (items: readonly Item[]): Window[] =>
    items.flatMap((item, i) =>
      (i + 1) % slide === 0
        ? [{ items: items.slice(Math.max(0, i + 1 - size), i + 1), bounds: {}, time: timeOf(item) }]
        : [],
    );
}

/** The clock stands at 25 for the first half of the items, at 45 for the second. */
const HALF = ITEMS.length / 2;
const clockOf = ({ id }: Item): number => (id < HALF ? 25 : 45);

const WINDOWS: Readonly<
  Record<
    string,
    readonly [WindowSpec | CumulatingSpec | CountWindowSpec, (items: readonly Item[]) => Window[]]
  >
> = {
  'tumbling windows': [tumbling(60), byTime(60, 60, timeOf)],
  'sliding windows': [sliding(90, 30), byTime(90, 30, timeOf)],
  'sliding windows with gaps': [sliding(20, 50), byTime(20, 50, timeOf)],
  'sliding windows of two kinds of panes': [sliding(50, 20), byTime(50, 20, timeOf)],
  'cumulating windows': [cumulating(90, 30), byGrowth(90, 30, timeOf)],
  'cumulating windows of processing time': [
    cumulating(60, 20, { time: 'processing' }),
    byGrowth(60, 20, clockOf),
  ],
  'tumbling windows of processing time': [
    tumbling(30, { time: 'processing' }),
    byTime(30, 30, clockOf),
  ],
  'sliding windows of processing time': [
    sliding(60, 20, { time: 'processing' }),
    byTime(60, 20, clockOf),
  ],
  'tumbling count windows': [tumblingCount(3), byCount(3, 3)],
  'sliding count windows': [slidingCount(4, 2), byCount(4, 2)],
  'sliding count windows with gaps': [slidingCount(2, 3), byCount(2, 3)],
};

for (const [name, [window, windowsOf]] of Object.entries(WINDOWS)) {
  // Only windows of event time are added up before their exchange, where accumulators can travel.
  const isInHalves = window.kind !== 'count' && window.time === 'event';
  const sets: Readonly<Record<string, typeof AGGREGATES>> = {
    'accumulators of numbers': NUMBERS,
    'accumulators that are not numbers for long': MISFITS,
    ...(isInHalves ? { 'every aggregate': { ...AGGREGATES, ...MISFITS } } : {}),
    'every aggregate and an accumulator that cannot travel': { ...AGGREGATES, ...HEAVY },
  };
  for (const [what, aggregates] of Object.entries(sets)) {
    test(`${what} in ${name}, in every mode`, async () => {
      const expected = [...new Set(ITEMS.map(({ shop }) => shop))].flatMap((shop) =>
        windowsOf(ITEMS.filter((item) => item.shop === shop)).map(({ items, bounds, time }) => ({
          record: {
            shop,
            ...bounds,
            ...Object.fromEntries(
              Object.entries(aggregates).map(([key, [, model]]) => [key, model(items)]),
            ),
          },
          timestamp: time,
        })),
      );
      assert.ok(expected.length > 3);
      const expectedTexts = inAnyOrder(expected);
      for (const mode of MODES) {
        const { isTyped, ...options } = mode;
        const h = await harness<Item>(
          (items) =>
            items
              .keyBy('shop')
              .window(window as WindowSpec)
              .aggregate((vocabulary) =>
                Object.fromEntries(
                  Object.entries(aggregates).map(([key, [make]]) => [key, make(vocabulary)]),
                ),
              ),
          { ...options, ...(isTyped ? { schema: ItemSchema } : {}) },
        );
        h.processingTime(25);
        for (const item of ITEMS.slice(0, HALF)) h.push(item, timeOf(item));
        h.processingTime(45);
        for (const item of ITEMS.slice(HALF)) h.push(item, timeOf(item));
        h.processingTime(1000);
        await h.end();
        const got = h.take().filter((element) => 'record' in element);
        assert.deepEqual(inAnyOrder(got), expectedTexts, describeMode(mode));
      }
    });
  }
}

test('quantiles are within 1 %, in every mode', async () => {
  for (const mode of MODES) {
    const { isTyped, ...options } = mode;
    const h = await harness<Item, { q: number; by: number | null }>(
      (items) =>
        items
          .keyBy(({ n }) => n > 0)
          .window(sliding(2000, 1000))
          .aggregate(({ quantile }) => ({
            q: quantile('at', 0.5),
            by: quantile(({ at, paid }) => (paid ? at : null), 1),
          })),
      { ...options, ...(isTyped ? { schema: ItemSchema } : {}) },
    );
    for (const item of ITEMS) h.push(item, timeOf(item));
    await h.end();
    const rows = h.takeRecords() as { key: boolean; q: number; by: number }[];
    assert.equal(rows.length, 4);
    for (const { key, q, by } of rows) {
      const items = ITEMS.filter(({ n }) => n > 0 === key);
      const middle = items[Math.floor((items.length - 1) / 2)]!.at;
      assert.ok(Math.abs(q - middle) <= middle * 0.0101, `${q} for ${middle}`);
      const last = items.filter(({ paid }) => paid).at(-1)!.at;
      assert.ok(Math.abs(by - last) <= last * 0.0101, `${by} for ${last}`);
    }
  }
});

test('sums and means of bigints with a schema, in every mode', async () => {
  for (const mode of MODES.filter(({ isTyped }) => isTyped)) {
    const { isTyped, ...options } = mode;
    const h = await harness<Item, { paid: boolean; sum: bigint; avg: number }>(
      (items) =>
        items
          .keyBy('paid')
          .window(tumblingCount(10))
          .aggregate(({ sum, avg }) => ({ sum: sum('big'), avg: avg('big') })),
      { ...options, schema: ItemSchema },
    );
    for (const item of ITEMS) h.push(item);
    const expected = [true, false].map((paid) => {
      const bigs = ITEMS.filter((item) => item.paid === paid).map(({ big }) => big);
      const sum = bigs.reduce((a, b) => a + b);
      return { paid, sum, avg: Number(sum) / bigs.length };
    });
    assert.deepEqual(inAnyOrder(h.takeRecords()), inAnyOrder(expected), describeMode(mode));
  }
});
