/** Every kind of key before everything that is keyed, in every mode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { type } from '../../src/api/emits.ts';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import type { KeyValue } from '../../src/api/keys.ts';
import { list, value } from '../../src/api/state.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { slidingCount, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { describeMode, MODES } from '../modes.ts';
import { ITEMS, Item, inAnyOrder, timeOf } from './items.ts';

type Keyed = KeyedStream<Item, Readonly<Record<string, KeyValue>>>;
/** The fields that results get from the key of an item. */
type KeyOf = (item: Item) => Readonly<Record<string, KeyValue>>;

function by(
  ...fields: readonly ('id' | 'shop' | 'n' | 'price' | 'day' | 'big' | 'paid' | 'at')[]
): [string, (items: Stream<Item>) => Keyed, KeyOf] {
  const [first, ...others] = fields;
  return [
    fields.join(' and '),
    (items) => items.keyBy(first!, ...others) as unknown as Keyed,
    (item) => Object.fromEntries(fields.map((field) => [field, item[field]])),
  ];
}

function byFunction(name: string, of: (item: Item) => KeyValue): ReturnType<typeof by> {
  return [
    `a function that gives ${name}`,
    (items) => items.keyBy(of) as unknown as Keyed,
    (item) => ({ key: of(item) }),
  ];
}

const KEYS: readonly ReturnType<typeof by>[] = [
  by('id'),
  by('n'),
  by('shop'),
  by('price'),
  by('day'),
  by('big'),
  by('paid'),
  by('at'),
  by('shop', 'paid'),
  by('paid', 'n', 'shop'),
  by('day', 'big', 'price'),
  byFunction('ints', ({ id }) => id % 3),
  byFunction('a field of ints', (item) => item.id),
  byFunction('a field of ints by another name', ({ n: number }) => number),
  byFunction('a field of texts', ({ shop }) => shop),
  byFunction('fractions', ({ price }) => price / 3),
  byFunction('text', ({ shop }) => `${shop}!`),
  byFunction('booleans', ({ n }) => n > 0),
  byFunction('bigints', ({ big }) => big * 2n ** 70n),
  byFunction('dates', ({ day }) => new Date(day.getTime() + 1)),
  byFunction('ints, then text', ({ id }) => (id < 7 ? id % 3 : String(id % 3))),
];

/** Items by key, each with its place among those of its key. */
function byKey(of: KeyOf): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of ITEMS) {
    const key = inspect(of(item));
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

const sum = (items: readonly Item[]): number => items.reduce((total, { n }) => total + n, 0);
const sumBig = (items: readonly Item[]): bigint =>
  items.reduce((total, { big }) => total + big, 0n);

/** A row and the item whose time it has, or a time. */
type Result = readonly [row: unknown, time: number];

/** What is keyed, and its results for the items of one key. */
const KEYED: readonly [
  name: string,
  build: (items: Keyed) => RowStream<unknown>,
  model: (items: readonly Item[], key: object) => readonly Result[],
][] = [
  [
    'reduce',
    (k) => k.reduce((value, item) => ({ ...item, n: value.n + item.n })),
    (items) => items.map((item, i) => [{ ...item, n: sum(items.slice(0, i + 1)) }, timeOf(item)]),
  ],
  [
    'sum',
    (k) => k.sum('n'),
    (items) =>
      items.map((item, i) => [{ ...items[0]!, n: sum(items.slice(0, i + 1)) }, timeOf(item)]),
  ],
  [
    'sum of bigints',
    (k) => k.sum('big'),
    (items) =>
      items.map((item, i) => [{ ...items[0]!, big: sumBig(items.slice(0, i + 1)) }, timeOf(item)]),
  ],
  [
    'min',
    (k) => k.min('price'),
    (items) =>
      items.map((item, i) => [
        { ...items[0]!, price: Math.min(...items.slice(0, i + 1).map(({ price }) => price)) },
        timeOf(item),
      ]),
  ],
  [
    'max of dates',
    (k) => k.max('day'),
    (items) =>
      items.map((item, i) => [
        {
          ...items[0]!,
          day: new Date(Math.max(...items.slice(0, i + 1).map(({ day }) => day.getTime()))),
        },
        timeOf(item),
      ]),
  ],
  [
    'minBy',
    (k) => k.minBy('n'),
    (items) =>
      items.map((item, i) => [
        items.slice(0, i + 1).reduce((least, next) => (next.n < least.n ? next : least)),
        timeOf(item),
      ]),
  ],
  [
    'maxBy text',
    (k) => k.maxBy('shop'),
    (items) =>
      items.map((item, i) => [
        items.slice(0, i + 1).reduce((most, next) => (next.shop > most.shop ? next : most)),
        timeOf(item),
      ]),
  ],
  [
    'a process function with state and timers',
    (k) =>
      k.process({
        emits: type<unknown>(),
        state: { seen: list(t.int32) },
        onRecord({ n }, ctx) {
          ctx.state.seen.add(n);
          ctx.timers.eventTime(500);
        },
        onTimer(_, { key, state, emit }) {
          emit({ ...key, seen: state.seen.get() });
        },
      }),
    (items, key) => [[{ ...key, seen: items.map(({ n }) => n) }, 500]],
  ],
  [
    'a process function of two streams, with state and timers of both',
    (k) =>
      k.connect(k).process({
        emits: type<unknown>(),
        state: { seen: list(t.int32), others: value(t.int32, { default: 0 }) },
        onFirst({ n }, ctx) {
          ctx.state.seen.add(n);
        },
        onSecond(_, ctx) {
          ctx.state.others.update((count) => count + 1);
          ctx.timers.eventTime(500);
        },
        onTimer(_, { key, state, emit }) {
          emit({ ...key, seen: state.seen.get(), others: state.others.get() });
        },
      }),
    (items, key) => [[{ ...key, seen: items.map(({ n }) => n), others: items.length }, 500]],
  ],
  [
    'tumbling windows',
    (k) => k.window(tumbling(200)).aggregate(({ sum: total }) => ({ total: total('n') })),
    (items, key) =>
      [items.filter((item) => timeOf(item) < 200)]
        .filter((some) => some.length > 0)
        .map((some) => [{ ...key, windowStart: 0, windowEnd: 200, total: sum(some) }, 199]),
  ],
  [
    'windows of processing time',
    (k) =>
      k.window(tumbling(200, { time: 'processing' })).aggregate(({ count }) => ({ rows: count() })),
    (items, key) => [[{ ...key, windowStart: 0, windowEnd: 200, rows: items.length }, 199]],
  ],
  [
    'tumbling count windows',
    (k) => k.window(tumblingCount(2)).aggregate(({ sum: total }) => ({ total: total('n') })),
    (items, key) =>
      items.flatMap((item, i): Result[] =>
        i % 2 === 1 ? [[{ ...key, total: sum(items.slice(i - 1, i + 1)) }, timeOf(item)]] : [],
      ),
  ],
  [
    'sliding count windows',
    (k) => k.window(slidingCount(3, 1)).aggregate(({ sum: total }) => ({ total: total('n') })),
    (items, key) =>
      items.map((item, i) => [
        { ...key, total: sum(items.slice(Math.max(0, i - 2), i + 1)) },
        timeOf(item),
      ]),
  ],
];

for (const [keyName, keyBy, keyOf] of KEYS) {
  for (const [name, build, model] of KEYED) {
    test(`${name} by ${keyName}, in every mode`, async () => {
      const expected = [...byKey(keyOf).values()].flatMap((items) =>
        model(items, keyOf(items[0]!)).map(([row, timestamp]) => ({ record: row, timestamp })),
      );
      for (const mode of MODES) {
        const { isTyped, ...options } = mode;
        const h = await harness((items: Stream<Item>) => build(keyBy(items)), {
          ...options,
          ...(isTyped ? { schema: Item } : {}),
        });
        for (const item of ITEMS) h.push(item, timeOf(item));
        h.processingTime(1000);
        await h.end();
        const got = h.take();
        const ends = got.splice(-2);
        assert.deepEqual(inAnyOrder(got), inAnyOrder(expected), describeMode(mode));
        assert.deepEqual(ends, [{ watermark: Infinity }, { end: true }]);
      }
    });
  }
}
