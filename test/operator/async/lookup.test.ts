/** Lookups: keys, shared calls, and what is remembered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LookupOptions } from '../../../src/api/async-options.ts';
import { EngineError } from '../../../src/base/errors.ts';
import { type RowOf, record, t } from '../../../src/data/schema.ts';
import { type Harness, harness } from '../../../src/testing/harness.ts';
import { inEveryMode, inOrderOf } from '../../modes.ts';
import { Answers } from './answers.ts';

const Bid = record({ auction: t.int32, price: t.float64 });
type Bid = RowOf<typeof Bid>;
type Seen = readonly [auction: number, price: number, seller: string | undefined];

async function setUp(
  options: LookupOptions<Bid, string | undefined, Seen> = {},
): Promise<{ h: Harness<Bid, Seen>; answers: Answers<number, string | undefined> }> {
  const answers = new Answers<number, string | undefined>();
  const h = await harness<Bid, Seen>((bids) =>
    bids
      .lookup('auction', answers.ask, options)
      .apply((bid, seller): Seen => [bid.auction, bid.price, seller]),
  );
  return { h, answers };
}

function push(h: Harness<Bid, Seen>, ...auctions: number[]): void {
  for (const auction of auctions) h.push({ auction, price: 1 });
}

inEveryMode<Bid, { price: number; seller: string }>(
  'each row meets what was found for its key',
  Bid,
  (bids) =>
    bids
      .lookup('auction', async (auction) => ({ name: `seller ${auction}` }), {
        cache: { maxEntries: 2 },
      })
      .apply(({ price }, { name }) => ({ price, seller: name })),
  async (h, mode) => {
    const bids = Array.from({ length: 30 }, (_, n) => ({ auction: n % 4, price: n }));
    for (const [n, bid] of bids.entries()) {
      h.push(bid, n);
      if (n % 10 === 9) await h.settle();
    }
    await h.end();
    assert.deepEqual(
      inOrderOf(mode, h.takeRecords()),
      inOrderOf(
        mode,
        bids.map(({ auction, price }) => ({ price, seller: `seller ${auction}` })),
      ),
    );
  },
);

test('without a cache each row asks for itself', async () => {
  const { h, answers } = await setUp();
  push(h, 7, 7);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 7]);
});

test('rows that ask for one key at the same time share the call; later ones know the answer', async () => {
  const { h, answers } = await setUp({ cache: { maxEntries: 10 } });
  push(h, 7, 8, 7);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 8]);
  answers.give(7, 'Ann');
  answers.give(8, undefined);
  await h.settle();
  push(h, 8, 7);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 8], 'nothing found is an answer too');
  assert.deepEqual(h.takeRecords(), [
    [7, 1, 'Ann'],
    [8, 1, undefined],
    [7, 1, 'Ann'],
    [8, 1, undefined],
    [7, 1, 'Ann'],
  ]);
});

test('an answer is of use for its time', async () => {
  const { h, answers } = await setUp({ cache: { maxEntries: 10, ttl: 100 } });
  const ask = async (): Promise<number> => {
    push(h, 7);
    await h.settle();
    if (answers.open.length > 0) answers.give(7, 'Ann');
    await h.settle();
    return answers.asked.length;
  };
  assert.equal(await ask(), 1);
  h.processingTime(99);
  assert.equal(await ask(), 1);
  h.processingTime(100);
  assert.equal(await ask(), 2);
  h.processingTime(199);
  assert.equal(await ask(), 2);
});

test('the key that was used longest ago makes room', async () => {
  const { h, answers } = await setUp({ cache: { maxEntries: 2 } });
  for (const auction of [1, 2, 1, 3, 1, 2]) {
    push(h, auction);
    await h.settle();
    if (answers.open.length > 0) answers.give(auction, 'Ann');
    await h.settle();
  }
  assert.deepEqual(answers.asked, [1, 2, 3, 2]);
});

test('a failure is not remembered: another attempt asks again', async () => {
  const { h, answers } = await setUp({
    cache: { maxEntries: 10 },
    retry: {
      strategy: 'fixedDelay',
      delay: 5,
      ifError: (error) => error === 'busy',
      ifResult: (seller) => seller === undefined,
    },
  });
  push(h, 7, 7);
  await h.settle();
  answers.refuse(7, 'busy');
  await h.settle();
  h.processingTime(5);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 7], 'one call for both');
  answers.give(7, undefined);
  await h.settle();
  h.processingTime(10);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 7, 7]);
  answers.give(7, 'Ann');
  await h.settle();
  assert.deepEqual(h.takeRecords(), [
    [7, 1, 'Ann'],
    [7, 1, 'Ann'],
  ]);
});

test('a call that is shared goes on until nobody waits for it', async () => {
  const { h, answers } = await setUp({
    cache: { maxEntries: 10 },
    timeout: 10,
    onTimeout: ({ auction }) => [auction, 0, 'late'],
  });
  push(h, 7);
  await h.settle();
  const { signal } = answers.context(7);
  h.processingTime(5);
  push(h, 7);
  await h.settle();
  h.processingTime(10);
  assert.equal(signal.aborted, false);
  h.processingTime(15);
  assert.equal(signal.aborted, true);
  push(h, 7);
  await h.settle();
  assert.deepEqual(answers.asked, [7, 7], 'what was aborted is not waited for again');
  answers.give(7, 'Ann');
  await h.settle();
  assert.deepEqual(h.takeRecords(), [
    [7, 0, 'late'],
    [7, 0, 'late'],
    [7, 1, 'Ann'],
  ]);
});

test('keys by a function, dates among them', async () => {
  const asked: Date[] = [];
  const h = await harness<{ day: number }, number>((rows) =>
    rows
      .lookup(
        ({ day }) => new Date(day),
        (day) => {
          asked.push(day);
          return day.getTime();
        },
        { cache: { maxEntries: 5 } },
      )
      .apply((row, time) => row.day + time),
  );
  h.push({ day: 1 });
  h.push({ day: 2 });
  h.push({ day: 1 });
  await h.settle();
  assert.deepEqual(h.takeRecords(), [2, 4, 2]);
  assert.deepEqual(asked, [new Date(1), new Date(2)]);
});

test('what is no key fails with the record', async () => {
  for (const auction of [Number.NaN, null, undefined]) {
    const { h } = await setUp({ cache: { maxEntries: 5 } });
    push(h, 1, auction as never);
    await assert.rejects(
      h.settle(),
      (error: unknown) =>
        error instanceof EngineError &&
        error.code === 'KEY_INVALID' &&
        /^operator 'lookup' \(subtask 0, record 1\): lookup: field 'auction' is /.test(
          error.message,
        ),
    );
  }
});

test('a field that the rows do not have is refused when the job is built', async () => {
  await assert.rejects(
    harness<Bid, unknown>(
      (bids) => bids.lookup('actuion' as 'auction', (key) => key).apply((_, found) => found),
      { schema: Bid },
    ),
    (error: unknown) => error instanceof EngineError && error.code === 'FIELD_UNKNOWN',
  );
});

test('an apply that throws is told with the record', async () => {
  const h = await harness<Bid, never>((bids) =>
    bids
      .lookup('auction', (auction) => auction)
      .apply((): never => {
        throw new Error('no pair');
      }),
  );
  h.push({ auction: 1, price: 1 });
  await assert.rejects(h.settle(), /record 0\): no pair\n {4}at .*lookup\.test\.ts/);
});
