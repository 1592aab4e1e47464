/** What the compiler infers through a dataflow, checked by the compiler: this file is never run. */
import {
  type Collected,
  collection,
  countEvictor,
  countTrigger,
  cumulating,
  custom,
  customTrigger,
  customWindow,
  deltaEvictor,
  deltaTrigger,
  type Flow,
  generate,
  globalWindow,
  hybrid,
  job,
  monotonous,
  purging,
  type RowOf,
  record,
  type Schema,
  type Stream,
  session,
  sideOutput,
  sliding,
  t,
  tumbling,
  tumblingCount,
  type,
} from 'millrace';
import { csv, files, jsonLines, parquet } from 'millrace/connectors/files';
import { type Harness2, harness2 } from 'millrace/testing';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Bid = record({
  auction: t.int32,
  price: t.float64,
  bidder: t.string,
  note: t.nullable(t.string),
  at: t.timestamp,
  day: t.date,
  big: t.int64,
  paid: t.boolean,
  extra: t.dynamic<{ tags: string[] }>(),
});
type Bid = RowOf<typeof Bid>;

expect<
  Equal<
    Bid,
    {
      auction: number;
      price: number;
      bidder: string;
      note: string | null;
      at: number;
      day: Date;
      big: bigint;
      paid: boolean;
      extra: { tags: string[] };
    }
  >
>();

declare const flow: Flow;

const bids = flow.from(files('bids.parquet', parquet(Bid)));

const boundedSums = bids.keyBy('bidder').sum('price').maxParallelism(4096).uid('sums');
expect<Equal<RowOfStream<typeof boundedSums>, Bid>>();
// @ts-expect-error a number
bids.maxParallelism('4096');
bids.bufferTimeout('5 ms').bufferTimeout(5);
// @ts-expect-error no unit
bids.bufferTimeout('5 miles');
// @ts-expect-error a key is no step: its bound is that of the step behind it
bids.keyBy('bidder').maxParallelism(4096);

const endlessBids = generate({ schema: Bid, row: () => ({}) as Bid });
const allBids = flow.from(hybrid(files('old/*.parquet', parquet(Bid)), endlessBids));
expect<Equal<RowOfStream<typeof allBids>, Bid>>();
allBids.eventTime('at', monotonous().withIdleness('1 min').withAlignment('bids', '5 min'));
allBids.eventTime('at', monotonous().withAlignment('bids', '5 min', { every: '1 s' }));
// @ts-expect-error rows of another type
hybrid(endlessBids, collection([{ word: 'a' }]));
// @ts-expect-error one source is not several
hybrid(endlessBids);
expect<Equal<RowOfStream<typeof bids>, Bid>>();
expect<Equal<RowOfStream<ReturnType<typeof readLines>>, { a: 1 }>>();
function readLines() {
  return flow.from(files('a.jsonl', jsonLines<{ a: 1 }>()));
}
const text = flow.from(files('a.csv', csv()));
expect<Equal<RowOfStream<typeof text>, Readonly<Record<string, string>>>>();
const numbers = flow.from(generate({ row: (i, random) => ({ i, r: random.below(3) }) }));
expect<Equal<RowOfStream<typeof numbers>, { i: number; r: number }>>();

// Stateless steps
const mapped = bids.map((bid) => ({ id: bid.auction, cents: BigInt(bid.price) }));
expect<Equal<RowOfStream<typeof mapped>, { id: number; cents: bigint }>>();
const projected = bids.project('auction', 'note');
expect<Equal<RowOfStream<typeof projected>, Pick<Bid, 'auction' | 'note'>>>();
// @ts-expect-error: no such field
bids.project('auctoin');
const narrowed = bids.filter((bid): bid is Bid & { note: string } => bid.note !== null);
expect<Equal<RowOfStream<typeof narrowed>, Bid & { note: string }>>();
const pushed = bids.flatMap(pushTags);
function pushTags(bid: Bid, out: (tag: string) => void): void {
  for (const tag of bid.extra.tags) out(tag);
}
expect<Equal<RowOfStream<typeof pushed>, string>>();
const returned = bids.flatMap((bid) => bid.extra.tags);
expect<Equal<RowOfStream<typeof returned>, string>>();
const given = mapped.as(record({ id: t.int32 }));
expect<Equal<RowOfStream<typeof given>, { id: number }>>();

// Partitioning
bids.partitionCustom((auction, subtasks) => auction % subtasks, 'auction');
bids.partitionCustom(
  (bidder: string) => bidder.length,
  (bid) => bid.bidder,
);
// @ts-expect-error: the key is a string
bids.partitionCustom((bidder) => bidder % 2, 'bidder');
const dealt = bids.partitionBy('bidder', 'auction');
expect<Equal<RowOfStream<typeof dealt>, Bid>>();
bids.partitionBy((bid) => bid.bidder.length);
// @ts-expect-error: no such field
bids.partitionBy('nothing');
// @ts-expect-error: no field and no function
bids.partitionBy();
const both = projected.union(bids.project('auction', 'note'));
expect<Equal<RowOfStream<typeof both>, Pick<Bid, 'auction' | 'note'>>>();
// @ts-expect-error: rows of another type
bids.union(mapped);

// Event time
bids.eventTime('at', monotonous());
bids.eventTime('day', monotonous());
bids.eventTime((bid) => bid.at + 1, monotonous());
// @ts-expect-error: a string is no time
bids.eventTime('bidder', monotonous());
// @ts-expect-error: not a duration
monotonous().withIdleness('5 parsecs');
const newest = { create: () => ({ at: 0 }) };
bids.eventTime(
  'at',
  custom({
    ...newest,
    onRecord(bid, _, { state }) {
      expect<Equal<typeof bid, Bid>>();
      expect<Equal<typeof state, { at: number }>>();
    },
  }),
);
// Behind it a method is called, so that nothing tells the rows but the function itself.
bids.eventTime(
  'at',
  custom({
    ...newest,
    onRecord(_bid: Bid, _, { state }) {
      expect<Equal<typeof state, { at: number }>>();
    },
  }).withIdleness('1 min'),
);
// @ts-expect-error: rows of another type
bids.eventTime('at', custom({ onRecord(_: { user: string }) {} }).withIdleness('1 min'));

// Keys
bids.keyBy('auction', 'bidder', 'paid', 'day', 'big');
// @ts-expect-error: may be null
bids.keyBy('note');
// @ts-expect-error: an object is no key
bids.keyBy((bid) => bid.extra);

// Windows and aggregates
const perAuction = bids
  .keyBy('auction', 'bidder')
  .window(tumbling('1 h', { offset: '-8 h' }))
  .aggregate(({ count, sum, avg, min, max, aggregate }) => ({
    bids: count(),
    total: sum('price'),
    exact: sum('big'),
    mean: avg((bid) => bid.price * 2),
    meanOrNull: avg((bid) => (bid.paid ? bid.price : null)),
    first: min('bidder'),
    note: min('note'),
    latest: max('day'),
    own: aggregate({
      create: () => new Set<string>(),
      add: (seen, bid) => seen.add(bid.bidder),
      merge: (a, b) => new Set([...a, ...b]),
      result: (seen) => [...seen],
    }),
  }));
expect<
  Equal<
    RowOfStream<typeof perAuction>,
    {
      auction: number;
      bidder: string;
      windowStart: number;
      windowEnd: number;
      bids: number;
      total: number;
      exact: bigint;
      mean: number;
      meanOrNull: number | null;
      first: string;
      note: string | null;
      latest: Date;
      own: string[];
    }
  >
>();
const byFunction = bids
  .keyBy((bid) => bid.bidder.length)
  .window(sliding('7 d', '1 d'))
  .aggregate(({ count }) => ({ bids: count() }));
expect<
  Equal<
    RowOfStream<typeof byFunction>,
    { key: number; windowStart: number; windowEnd: number; bids: number }
  >
>();
bids
  .keyBy('auction')
  .window(tumbling(1000))
  // @ts-expect-error: a sum of strings
  .aggregate(({ sum }) => ({ x: sum('bidder') }));
bids
  .keyBy('auction')
  .window(tumbling(1000))
  // @ts-expect-error: no such field
  .aggregate(({ max }) => ({ x: max('prcie') }));

// Rolling
const running = bids.keyBy('auction').sum('price');
expect<Equal<RowOfStream<typeof running>, Bid>>();
// @ts-expect-error: a sum of strings
bids.keyBy('auction').sum('bidder');
// @ts-expect-error: an object has no order
bids.keyBy('auction').minBy('extra');
bids.keyBy('auction').reduce((total, bid) => ({ ...bid, price: total.price + bid.price }));

// Joins
const Auction = record({ id: t.int32, item: t.string, opened: t.timestamp, day: t.date });
type Auction = RowOf<typeof Auction>;
const auctions = flow.from(files('auctions.parquet', parquet(Auction)));

const near = auctions
  .keyBy('id')
  .intervalJoin(bids.keyBy('auction'))
  .between('-5 s', '5 min', { upperExclusive: true });
const nearRows = near
  .lateLeftTo(sideOutput<Auction>('late auctions'))
  .lateRightTo(sideOutput<Bid>('late bids'))
  .process((auction, bid) => {
    expect<Equal<typeof auction, Auction>>();
    expect<Equal<typeof bid, Bid>>();
    return { item: auction.item, cents: BigInt(bid.price) };
  });
expect<Equal<RowOfStream<typeof nearRows>, { item: string; cents: bigint }>>();
const Sale = record({ item: t.string });
const free = near.process({
  emits: type<[string, bigint]>(),
  onPair: (auction, bid, context) => context.emit([auction.item, bid.big]),
});
expect<Equal<RowOfStream<typeof free>, [string, bigint]>>();
near.process({
  emits: Sale,
  onPair(auction, bid, { output, metrics }) {
    metrics.histogram('prices').update(bid.price);
    output(sideOutput<Bid>('bids'), bid);
    // @ts-expect-error: a row of the other side
    output(sideOutput<Bid>('bids'), auction);
  },
});
const emitted = near.process({
  emits: Sale,
  onPair(auction, bid, context) {
    if (bid.price > context.leftTimestamp) context.emit({ item: auction.item });
    // @ts-expect-error: not what is emitted
    context.emit({ name: auction.item });
    // @ts-expect-error: no such field on this side
    return auction.price;
  },
});
expect<Equal<RowOfStream<typeof emitted>, { item: string }>>();
// @ts-expect-error: the other side has other late records
near.lateLeftTo(sideOutput<Bid>('late'));
// @ts-expect-error: no such field on this side
near.process((auction) => auction.price);
// @ts-expect-error: not a duration
auctions.keyBy('id').intervalJoin(bids.keyBy('auction')).between('-5 parsecs', 0);
// @ts-expect-error: a number and a text are never equal
auctions.keyBy('id').intervalJoin(bids.keyBy('bidder'));
// @ts-expect-error: a function that gives a text
auctions.keyBy('id').intervalJoin(bids.keyBy((bid) => bid.bidder));
// @ts-expect-error: the stream has to be keyed
auctions.keyBy('id').intervalJoin(bids);
auctions.keyBy((auction) => auction.id).intervalJoin(bids.keyBy('auction'));
auctions.keyBy('id', 'item').intervalJoin(bids.keyBy('auction', 'bidder'));

const met = auctions
  .join(bids)
  .on('id', 'auction')
  .window(tumbling('1 h'))
  .lateLeftTo(sideOutput<Auction>('late'))
  .apply((auction, bid) => ({ item: auction.item, price: bid.price }));
expect<Equal<RowOfStream<typeof met>, { item: string; price: number }>>();
auctions
  .join(bids)
  .on(['id', 'item', 'day'], ['auction', 'bidder', 'day'])
  .window(sliding('2 h', '1 h'));
auctions.join(bids).on(
  (auction) => auction.item,
  (bid) => bid.bidder,
);
// @ts-expect-error: no such field on the left
auctions.join(bids).on('auction', 'auction');
// @ts-expect-error: no such field on the right
auctions.join(bids).on('id', 'id');
// @ts-expect-error: a number and a text are never equal
auctions.join(bids).on('id', 'bidder');
// @ts-expect-error: a time as a number and as a Date are never equal
auctions.join(bids).on('opened', 'day');
// @ts-expect-error: in the other order they would be comparable
auctions.join(bids).on(['id', 'item'], ['bidder', 'auction']);
// @ts-expect-error: the second key has a field less
auctions.join(bids).on(['id', 'item'], ['auction']);
auctions.join(bids).on(
  (auction) => auction.item,
  // @ts-expect-error: a text and a number
  (bid) => bid.auction,
);
// @ts-expect-error: windows of so many records
auctions.join(bids).on('id', 'auction').window(tumblingCount(3));
const pair = auctions.join(bids).on('id', 'auction');
const sessions = pair
  .window(session('10 min'))
  .trigger(purging(countTrigger(10)))
  .evictor(countEvictor(3))
  .allowedLateness('1 min')
  .lateRightTo(sideOutput<Bid>('late'))
  .apply((auction, bid) => {
    expect<Equal<typeof auction, Auction>>();
    expect<Equal<typeof bid, Bid>>();
    return bid.price;
  });
expect<Equal<RowOfStream<typeof sessions>, number>>();
const byRecord = pair.window(
  session((row) => {
    expect<Equal<typeof row, Auction | Bid>>();
    return 'item' in row ? 1000 : row.price;
  }),
);
byRecord
  .trigger(
    customTrigger({
      state: () => ({ items: 0 }),
      onRecord(row, { state }) {
        expect<Equal<typeof row, Auction | Bid>>();
        if ('item' in row) state.items++;
        return 'continue';
      },
    }),
  )
  .evictor(deltaEvictor(10, (row, last) => ('price' in last ? last.price : 0) - row.day.getTime()));
pair.window(globalWindow()).trigger(deltaTrigger(10, (before, row) => +row.day - +before.day));
pair.window(cumulating('1 d', '1 h'));
pair.window(customWindow({ assign: ({ day }) => [{ windowStart: +day, windowEnd: +day + 1 }] }));
// @ts-expect-error: a field of one side only
pair.window(session((row) => row.price));
// @ts-expect-error: a field of one side only
byRecord.trigger(customTrigger({ onRecord: (row) => (row.price > 1 ? 'fire' : 'continue') }));
// @ts-expect-error: a field of one side only
byRecord.evictor(deltaEvictor(10, (row, last) => row.price - last.price));
// @ts-expect-error: an evictor is no trigger
byRecord.trigger(countEvictor(3));
// @ts-expect-error: not a duration
byRecord.allowedLateness('1 parsec');
const perWindow = auctions
  .coGroup(bids)
  .on('id', 'auction')
  .window(tumbling('1 h'))
  .apply((lefts, rights) => {
    expect<Equal<typeof lefts, readonly Auction[]>>();
    expect<Equal<typeof rights, readonly Bid[]>>();
    return lefts.map(({ id }) => ({ id, bids: rights.length }));
  });
expect<Equal<RowOfStream<typeof perWindow>, { id: number; bids: number }>>();
const pushedGroups = auctions
  .coGroup(bids)
  .on('id', 'auction')
  .window(tumbling('1 h'))
  .apply(pushCounts);
function pushCounts(
  lefts: readonly Auction[],
  rights: readonly Bid[],
  out: (count: number) => void,
) {
  out(lefts.length - rights.length);
}
expect<Equal<RowOfStream<typeof pushedGroups>, number>>();

// Parameters have the type of their default.
expect<Equal<ReturnType<typeof params>, [string, number, boolean]>>();
function params(): [string, number, boolean] {
  const folder = flow.param('folder', 'out');
  const limit = flow.param('limit', 3);
  const loud = flow.param('loud', false);
  expect<Equal<typeof folder, string>>();
  expect<Equal<typeof limit, number>>();
  expect<Equal<typeof loud, boolean>>();
  return [folder, limit, loud];
}

// Placing
expect<Equal<RowOfStream<ReturnType<typeof placed>>, Bid>>();
function placed() {
  return bids
    .rescale()
    .union(bids.shuffle())
    .filter(() => true)
    .pin(1);
}
// @ts-expect-error: a thread has a number
bids.filter(() => true).pin('1');

// Full partitions
expect<Equal<RowOfStream<ReturnType<typeof partitioned>>, { auction: number; rows: number }>>();
function partitioned() {
  return bids
    .keyBy('auction')
    .fullPartition()
    .aggregate(({ count }) => ({ rows: count() }));
}
const lengths = bids.fullPartition().map((rows) => rows.map((bid) => bid.auction));
expect<Equal<RowOfStream<typeof lengths>, number>>();
const best = bids
  .keyBy('auction')
  .fullPartition()
  .map((rows, key) => [{ ...key, rows: rows.length }]);
expect<Equal<RowOfStream<typeof best>, { rows: number; auction: number }>>();
const inOrder = bids.fullPartition().sort('price', 'descending');
expect<Equal<RowOfStream<typeof inOrder>, Bid>>();
// @ts-expect-error: no such field
bids.fullPartition().sort('prize');

// Jobs
const words = job(import.meta, 'words', (given) => {
  const all = given.from(collection([{ word: 'a', n: 1 }]));
  return { all, lengths: all.map((row) => row.word.length) };
});
expect<
  Equal<
    Awaited<ReturnType<typeof words.collect>>,
    { all: { word: string; n: number }[]; lengths: number[] }
  >
>();
expect<Equal<Collected<{ a: Stream<Date> }>, { a: Date[] }>>();
const silent = job(import.meta, 'silent', (given) => {
  given.from(collection([1, 2])).print();
});
expect<Equal<Awaited<ReturnType<typeof silent.collect>>, Record<never, never>>>();
expect<Equal<Awaited<ReturnType<typeof ended.collect>>, Record<never, never>>>();
bids.print('bid', { to: 'stderr' });
// @ts-expect-error: no such stream
bids.print('bid', { to: 'paper' });
const ended = job(import.meta, 'ended', (given) => given.from(collection([1, 2])).print());
// @ts-expect-error: a stream has a name
job(import.meta, 'bare', (given) => given.from(collection([1])));
// @ts-expect-error: a keyed stream has no rows of its own
job(import.meta, 'keyed', (given) => ({ all: given.from(collection([{ n: 1 }])).keyBy('n') }));
// @ts-expect-error: an end is no stream
job(import.meta, 'end', (given) => ({ all: given.from(collection([1])).print() }));
// @ts-expect-error: a number is no stream
job(import.meta, 'number', () => ({ all: 5 }));
// @ts-expect-error: nothing is no stream
job(import.meta, 'nothing', () => ({ all: undefined }));
words.run({ threads: 2, params: { a: 'b', c: 1 }, bufferTimeout: '5 ms' });
words.run({ checkpoints: { dir: 'state', every: '10 s', incremental: true } });
// @ts-expect-error
words.run({ checkpoints: { dir: 'state', incremental: 'yes' } });
words.run({ batch: 'auto' });
words.collect({ batch: true });
// @ts-expect-error: no such mode
words.run({ batch: 'always' });
// @ts-expect-error: no such option
words.run({ thraeds: 2 });

// Harnesses
declare const Page: Schema<{ page: string; n: number }>;
const inferred = harness2((a, b) => a.map(({ page }) => page).union(b.map((bid) => bid.bidder)), {
  firstSchema: Page,
  secondSchema: Bid,
});
expect<Equal<Awaited<typeof inferred>, Harness2<{ page: string; n: number }, Bid, string>>>();
const named = await harness2<Bid, { id: number }, number>((a, b) => {
  expect<Equal<RowOfStream<typeof a>, Bid>>();
  expect<Equal<RowOfStream<typeof b>, { id: number }>>();
  return a.map((bid) => bid.auction).union(b.map(({ id }) => id));
});
expect<Equal<ReturnType<typeof named.takeRecords>, number[]>>();
named.pushSecond({ id: 1 });
// @ts-expect-error: a row of the second input
named.pushFirst({ id: 1 }, 5);
// @ts-expect-error: the schema is that of the other input
harness2<Bid, { id: number }>((a) => a, { secondSchema: Bid });

const rated = bids.mapAsync(async (bid, { signal, timestamp, attempt }) => {
  expect<Equal<typeof signal, AbortSignal>>();
  expect<Equal<typeof timestamp, number | null>>();
  expect<Equal<typeof attempt, number>>();
  return { auction: bid.auction, rate: 1.5 };
});
expect<Equal<RowOfStream<typeof rated>, { auction: number; rate: number }>>();

const ratedInTime = bids.mapAsync(async ({ price }) => price, {
  ordered: false,
  capacity: 10,
  timeout: '2 s',
  onTimeout: ({ bidder }) => bidder,
  retry: { strategy: 'exponential', ifResult: (price) => price > 5, ifError: () => true },
});
expect<Equal<RowOfStream<typeof ratedInTime>, number | string>>();

const atOnce = bids.mapAsync(({ price }) => price);
expect<Equal<RowOfStream<typeof atOnce>, number>>();

const manyRows = bids.flatMapAsync(async ({ bidder }) => [bidder], {
  timeout: '1 s',
  onTimeout: () => [0],
});
expect<Equal<RowOfStream<typeof manyRows>, string | number>>();

const lookedUp = bids
  .lookup(
    'auction',
    async (auction, { signal }) => {
      expect<Equal<typeof auction, number>>();
      return signal.aborted ? null : { seller: 'Ann' };
    },
    {
      cache: { maxEntries: 10, ttl: '1 min' },
      retry: { strategy: 'fixedDelay', ifResult: (found) => found?.seller === '' },
    },
  )
  .apply((bid, found) => ({ price: bid.price, seller: found?.seller ?? null }));
expect<Equal<RowOfStream<typeof lookedUp>, { price: number; seller: string | null }>>();

const lookedUpByFunction = bids
  .lookup(
    (bid) => bid.bidder,
    async (key) => key.toUpperCase(),
    { timeout: 5, onTimeout: () => 0 },
  )
  .apply((_, found) => found);
expect<Equal<RowOfStream<typeof lookedUpByFunction>, string | number>>();

// @ts-expect-error a field that may not be a key
bids.lookup('extra', (key) => key);
// @ts-expect-error a delay of the other strategy
bids.mapAsync(async (bid) => bid, { retry: { strategy: 'exponential', delay: 5 } });

// A side output takes rows that have more fields than it says.
declare const clicks: Stream<{ page: string; time: number; user: string }>;
const latePages = sideOutput<{ page: string }>('late pages');
const lateOnes = clicks
  .keyBy('user')
  .window(tumbling('1 min'))
  .lateTo(latePages)
  .aggregate(({ count }) => ({ clicks: count() }))
  .sideOutput(latePages);
expect<Equal<RowOfStream<typeof lateOnes>, { page: string }>>();
const lateUsers = sideOutput<{ page: string; nothing: number }>('late users');
// @ts-expect-error: rows without that field
clicks.keyBy('user').window(tumbling('1 min')).lateTo(lateUsers);
