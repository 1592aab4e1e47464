/** A module of a library: most of what can be made with the package and exported, without annotations. */
import * as millrace from 'millrace';
import { collection, type Flow, job, record, type Stream, t, type } from 'millrace';
import { pattern } from 'millrace/cep';
import { defineSink, defineSource, poll, send } from 'millrace/connectors';
import { byTime, csv, files, jsonLines } from 'millrace/connectors/files';
import { harness, harness2 } from 'millrace/testing';

type Bid = { auction: number; price: number; bidder: string; at: number };
export const Row = record({ auction: t.int32, note: t.nullable(t.string), more: t.dynamic<Bid>() });

export const windows = [millrace.tumbling('1 min'), millrace.sliding('2 h', '1 h')] as const;
export const minute = millrace.tumbling('1 min');
export const hours = millrace.sliding('2 h', '1 h');
export const ten = millrace.tumblingCount(10);
export const lastTen = millrace.slidingCount(10, 1);
export const visit = millrace.session('5 min');
export const grows = millrace.cumulating('1 d', '1 h');
export const whole = millrace.globalWindow();
export const own = millrace.customWindow({
  assign: (row: Bid) => [{ windowStart: row.at, windowEnd: row.at + 1 }],
});

export const triggers = [millrace.countTrigger(1), millrace.purging(millrace.eventTimeTrigger())];
export const timeout = millrace.timeoutTrigger(
  millrace.deltaTrigger(1, (a: Bid, b: Bid) => b.price - a.price),
  '1 s',
);
export const evictor = millrace.deltaEvictor(1, (a: Bid, b: Bid) => b.price - a.price);
export const ordered = millrace.monotonous().withIdleness('1 min');
export const marks = millrace.custom({ onRecord(_bid: Bid) {} });
export const side = millrace.sideOutput<Bid>('late');
export const state = {
  value: millrace.value(t.float64),
  list: millrace.list(Row),
  map: millrace.map(t.string, type<Bid>()),
  sum: millrace.reducing(type<number>(), (a, b) => a + b),
  all: millrace.unionList(Row),
  mean: millrace.aggregating({
    create: () => 0,
    add: (a: number, b: number) => a + b,
    result: (a) => a,
  }),
};

export const fails = pattern<Bid>()
  .begin('fail', (bid) => bid.price > 1)
  .times(3);
export const range = pattern<Bid>()
  .begin('fail', (bid) => bid.price > 1)
  .times(3, 5);
export const more = pattern<Bid>()
  .begin('fail', (bid) => bid.price > 1)
  .timesOrMore(2);
export const many = pattern<Bid>()
  .begin('a', () => true)
  .oneOrMore()
  .next('b', () => true)
  .optional();
export const group = pattern<Bid>().begin('a', fails).within('1 s');

export const source = collection([{ a: 1 }], null);
export const made = millrace.generate({
  schema: Row,
  row: (i) => ({ auction: i, note: null, more: null as never }),
});
export const both = millrace.hybrid(source, collection([{ a: 1 }]));
export const read = files('in', csv(Row));
export const written = files('out', jsonLines<Bid>(), { bucket: byTime('yyyy-MM-dd') });
export const polled = poll(async (after) => ({ records: [after], position: after + 1 }), {
  start: 0,
});
export const defined = defineSource({
  name: 'x',
  *read() {
    yield { records: [1], position: null };
  },
});
export const sent = send(async (rows: readonly Bid[]) => void rows);
export const sunk = defineSink({
  name: 'x',
  open: () => ({ write(_rows: readonly Bid[]) {}, preCommit: () => [] }),
  commit() {},
});

export const tested = () => harness((bids: Stream<Bid>) => bids.keyBy('auction').sum('price'));
export const tested2 = () => harness2((a: Stream<Bid>, b: Stream<Bid>) => a.union(b));

export const input = (flow: Flow) => flow.input(Row);
export const steps = (bids: Stream<Bid>, others: Stream<Bid>) => ({
  mapped: bids.map((bid) => bid.price),
  keyed: bids.keyBy('auction', 'bidder'),
  byFunction: bids.keyBy((bid) => bid.price),
  windowed: bids.keyBy('auction').window(minute),
  all: bids.windowAll(visit),
  counted: bids
    .keyBy('auction')
    .window(ten)
    .aggregate(({ count, first }) => ({ n: count(), f: first('price') })),
  inTime: bids
    .keyBy('auction')
    .window(minute)
    .aggregate(({ collect }) => ({ rows: collect() })),
  pair: bids.join(others),
  keyedPair: bids.join(others).on('auction', 'auction'),
  joined: bids.join(others).on('auction', 'auction').window(minute),
  joinedSessions: bids
    .join(others)
    .on('auction', 'auction')
    .window(millrace.session((row) => row.price))
    .trigger(millrace.purging(millrace.countTrigger(2)))
    .allowedLateness('1 s'),
  grouped: bids.coGroup(others).on('auction', 'auction').window(minute),
  near: bids.keyBy('auction').intervalJoin(others.keyBy('auction')),
  nearer: bids.keyBy('auction').intervalJoin(others.keyBy('auction')).between(0, 1),
  beside: bids.broadcastJoin(others),
  besides: bids.broadcastJoin(others).on('auction', 'auction'),
  broadcast: bids.broadcast({ rows: millrace.map(t.string, t.string) }),
  connected: bids.connect(others),
  keyedConnected: bids.keyBy('auction').connect(others.keyBy('auction')),
  withRules: bids.connect(others.broadcast({ rows: millrace.map(t.string, t.string) })),
  keyedWithRules: bids
    .keyBy('auction')
    .connect(others.broadcast({ rows: millrace.map(t.string, t.string) })),
  looked: bids.lookup('auction', async (key) => key),
  partition: bids.fullPartition(),
  keyedPartition: bids.keyBy('auction').fullPartition(),
  matches: bids.keyBy('auction').match(fails),
  matched: bids
    .keyBy('auction')
    .match(range)
    .select((match) => match),
  timedOut: bids.matchAll(many).select((match) => match.b),
  dead: bids.deadLetters(),
  end: bids.print(),
});
export const counts = job(import.meta, 'counts', (flow) => ({
  rows: flow.from(made),
  input: flow.input(Row),
  counts: steps(flow.from(collection<Bid>([])), flow.from(collection<Bid>([]))).counted,
}));
export const start = () => counts.start();
export const collect = () => counts.collect();
export const run = () => counts.run();
