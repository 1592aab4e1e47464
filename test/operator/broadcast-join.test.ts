/** Rows of a large stream with those of a small one, in every mode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyValue } from '../../src/api/keys.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode2, sorted } from '../modes.ts';

const Order = record({ id: t.int32, country: t.string, day: t.date });
const Country = record({ code: t.string, name: t.string, since: t.date });
type Order = { id: number; country: string; day: Date };
type Country = { code: string; name: string; since: Date };

const order = (id: number, country: string): Order => ({ id, country, day: new Date(id) });
const country = (code: string, name: string, since = 0): Country => ({
  code,
  name,
  since: new Date(since),
});

inEveryMode2(
  'each row meets the newest of its key, or none',
  Order,
  Country,
  (orders, countries) =>
    orders
      .broadcastJoin(countries)
      .on('country', 'code')
      .apply(({ id }, found) => `${id} ${found?.name}`),
  async (h) => {
    h.pushFirst(order(1, 'de'), 5);
    h.pushSecond(country('de', 'Germany'), 1);
    h.pushSecond(country('fr', 'France'), 1);
    h.pushFirst(order(2, 'de'), 6);
    h.pushFirst(order(3, 'fr'), 7);
    h.pushFirst(order(4, 'xx'), 8);
    h.pushSecond(country('de', 'Deutschland'), 1);
    h.pushFirst(order(5, 'de'), 9);
    h.watermarkFirst(9);
    h.watermarkSecond(4);
    assert.deepEqual(sorted(h.take()), [
      '{"record":"1 undefined","timestamp":5}',
      '{"record":"2 Germany","timestamp":6}',
      '{"record":"3 France","timestamp":7}',
      '{"record":"4 undefined","timestamp":8}',
      '{"record":"5 Deutschland","timestamp":9}',
      '{"watermark":4}',
    ]);
    await h.end();
  },
);

const KEYS: readonly [
  string,
  (orders: Stream<Order>, countries: Stream<Country>) => RowStream<string>,
][] = [
  [
    'Dates',
    (orders, countries) =>
      orders
        .broadcastJoin(countries)
        .on('day', 'since')
        .apply(({ id }, found) => `${id} ${found?.name}`),
  ],
  ...(
    [
      ['numbers', Number],
      ['texts', String],
      ['bigints', BigInt],
      ['new Dates', (n) => new Date(n)],
    ] as [string, (n: number) => KeyValue][]
  ).map(([name, of]): (typeof KEYS)[number] => [
    `${name} by a function`,
    (orders, countries) =>
      orders
        .broadcastJoin(countries)
        .on(
          ({ id }) => of(id),
          ({ since }) => of(since.getTime()),
        )
        .apply(({ id }, found) => `${id} ${found?.name}`),
  ]),
];

for (const [name, build] of KEYS) {
  inEveryMode2(`keys that are ${name}`, Order, Country, build, async (h) => {
    for (const n of [1, 2, 3]) h.pushSecond(country('c', `name ${n}`, n), 1);
    for (const n of [2, 3, 4]) h.pushFirst(order(n, 'c'), 1);
    await h.end();
    assert.deepEqual(h.takeRecords().sort(), ['2 name 2', '3 name 3', '4 undefined']);
  });
}

test('keys that can never be equal are refused, and what is no stream', async () => {
  const refused = (
    build: (orders: Stream<Order>, countries: Stream<Country>) => RowStream<unknown>,
  ) => harness2(build, { firstSchema: Order, secondSchema: Country });
  const cases: readonly [string, RegExp, Parameters<typeof refused>[0]][] = [
    [
      'JOB_DEFINITION',
      /on: 'id' is int32 and 'code' is string; they are never equal/,
      (a, b) =>
        a
          .broadcastJoin(b)
          .on('id', 'code' as never)
          .apply(String),
    ],
    [
      'FIELD_UNKNOWN',
      /on: .*'cod'/s,
      (a, b) =>
        a
          .broadcastJoin(b)
          .on('country', 'cod' as never)
          .apply(String),
    ],
    [
      'JOB_DEFINITION',
      /broadcastJoin takes a stream that is not keyed/,
      (a, b) => a.broadcastJoin(b.keyBy('code') as never) as never,
    ],
  ];
  for (const [code, message, build] of cases) {
    await assert.rejects(async () => refused(build), { code, message });
  }
});
