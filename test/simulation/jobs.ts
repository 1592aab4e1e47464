/** Jobs for the simulation: every operator with state, sources with positions, several ends. Small, and without an order. */
import { type } from '../../src/api/emits.ts';
import { job } from '../../src/api/job.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import { list, map, value } from '../../src/api/state.ts';
import type { Stream } from '../../src/api/stream.ts';
import { cumulating, session, sliding, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { nextTurn } from '../../src/base/event-loop.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { boundedOutOfOrderness } from '../../src/time/strategies.ts';

const Sale = record({ shop: t.string, n: t.int32, at: t.timestamp });
type Sale = RowOf<typeof Sale>;

const ROWS = 400;
const PARTS = 9;
const PART_ROWS = 13;

const sale = (n: number): Sale => ({
  shop: `shop ${(n * 7) % 13}`,
  n,
  // Out of order by up to 20, and now and then far behind.
  at: n * 5 - (n % 5) * 4 - (n % 89 === 88 ? 500 : 0),
});

const sales = () => generate({ schema: Sale, count: ROWS, row: sale });

/** Windows that share panes, late records beside them. */
export const windows = job(import.meta, 'windows', (flow) => {
  const late = sideOutput<Sale>('late');
  const counted = flow
    .from(sales(), { rate: 4000, parallelism: 1 })
    // Which records are late depends on when watermarks come, which is not the same in each run.
    .eventTime('at', boundedOutOfOrderness(600))
    .keyBy('shop')
    .window(sliding(200, 50))
    .lateTo(late)
    .aggregate(({ count, sum, max, first, collect, quantile }) => ({
      rows: count(),
      total: sum('n'),
      most: max('n'),
      first: first('n'),
      all: collect('n'),
      middle: quantile('n', 0.5),
    }));
  return { counted, late: counted.sideOutput(late) };
});

/** Without a schema, by a function, over an exchange that pre-aggregates. */
export const functions = job(import.meta, 'functions', (flow) => {
  const totals = flow
    .from(sales(), { rate: 5000 })
    // At the source, where each split has a watermark of its own, however many one subtask reads.
    .eventTime(({ at }) => at, boundedOutOfOrderness(600))
    .map(({ shop, n, at }) => ({ shop, n, at }))
    .keyBy(({ shop, n }) => (n % 2 === 0 ? shop : n % 5))
    .window(tumbling(100))
    .aggregate(({ count, sum, countDistinct }) => ({
      rows: count(),
      total: sum(({ n }) => n),
      shops: countDistinct('shop'),
    }));
  totals.to(blackhole());
  return { totals };
});

/** A union of two sources, rolling aggregates and windows of records, in the order of each key. */
export const rolling = job(import.meta, 'rolling', (flow) => {
  const own = Array.from({ length: 60 }, (_, n) => sale(n));
  const one = flow.from(sales(), { rate: 3000, parallelism: 1 });
  const two = flow.from(collection(own, Sale), { rate: 1000, parallelism: 1 });
  const sums = one.keyBy('shop').sum('n');
  const best = two.keyBy('shop').reduce((a, b) => (a.n > b.n ? a : b));
  const triples = one
    .keyBy('shop')
    .window(tumblingCount(3))
    .aggregate(({ sum, last }) => ({ total: sum('n'), last: last('n') }));
  const both = one.union(two).filter(({ n }) => n % 3 === 0);
  return { sums, best, triples, both };
});

/** Answers after as many turns of the event loop as the number says. */
async function askedLater(n: number): Promise<number> {
  for (let turn = 0; turn < n % 9; turn++) await nextTurn();
  return n * 2;
}

/** Functions that answer later, in order and as they come, one behind the other; some fail at first. */
export const asking = job(import.meta, 'asking', (flow) => {
  const asked = flow
    .from(sales(), { rate: 4000, parallelism: 1 })
    .eventTime('at', boundedOutOfOrderness(600))
    .lookup('shop', async (shop) => shop.length, { cache: { maxEntries: 5 } })
    .apply((row, letters) => ({ ...row, letters }))
    .mapAsync(
      async (row, { attempt }) => {
        if (row.n % 7 === 0 && attempt === 1) throw new Error('busy');
        return { ...row, twice: await askedLater(row.n) };
      },
      { ordered: false, capacity: 5, retry: { strategy: 'fixedDelay', delay: 15 } },
    )
    .mapParallel((row) => ({ ...row, thrice: row.n * 3 }), { threads: 2, batchRows: 3 });
  const counted = asked
    .keyBy('shop')
    .window(tumbling(100))
    .aggregate(({ count, sum }) => ({ rows: count(), twice: sum('twice'), thrice: sum('thrice') }));
  return { asked, counted };
});

/** Streams that meet in one step, by key and broadcast: what they have seen is told when all has come. */
export const connected = job(import.meta, 'connected', (flow) => {
  const AT_END = 8e15;
  const timed = { rate: 4000, parallelism: 1 };
  const [one, two] = [flow.from(sales(), timed), flow.from(sales(), timed)].map((stream) =>
    stream.eventTime('at', boundedOutOfOrderness(600)),
  ) as [Stream<Sale>, Stream<Sale>];
  const few = two.filter(({ n }) => n % 7 === 0);
  const both = one
    .keyBy('shop')
    .connect(few.keyBy('shop'))
    .process({
      emits: type<{ shop: string; first: number[]; second: number }>(),
      state: { first: list(t.int32), second: value(t.int32, { default: 0 }) },
      onFirst({ n }, { state, timers }) {
        state.first.add(n);
        timers.eventTime(AT_END);
      },
      onSecond({ n }, { state }) {
        state.second.update((sum) => sum + n);
      },
      onTimer(_, { key, state, emit }) {
        emit({ ...key, first: state.first.get(), second: state.second.get() });
      },
    });
  const beside = one
    .keyBy('shop')
    .connect(few.broadcast({ few: map(t.int32, t.string) }))
    .process({
      emits: type<string>(),
      onRecord: (_, { timers }) => timers.eventTime(AT_END),
      onBroadcast: ({ n, shop }, { broadcastState }) => broadcastState.few.set(n, shop),
      onTimer: (_, { key, broadcastState, emit }) =>
        emit(`${key.shop}: ${broadcastState.few.entries().sort(([a], [b]) => a - b)}`),
    });
  // All of them, at the number that makes it whole.
  const numbers = one.global().process({
    emits: type<number[]>(),
    operatorState: { seen: list(t.int32) },
    onRecord({ n }, { operatorState: { seen }, emit }) {
      seen.add(n);
      if (seen.get().length === ROWS) emit(seen.get().sort((a, b) => a - b));
    },
  });
  return { both, beside, numbers: numbers.parallelism(1) };
});

/** All rows of subtasks and of keys at the end, where what each subtask has is not told. */
export const partitions = job(import.meta, 'partitions', (flow) => {
  const rows = flow.from(sales(), { rate: 5000 });
  const byShop = rows.keyBy('shop').fullPartition();
  return {
    all: rows.fullPartition().map((whole) => whole.map(({ n }) => ({ n }))),
    spread: rows.rebalance().fullPartition().sort('n'),
    totals: byShop.aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
    best: byShop.reduce((a, b) => (a.n > b.n ? a : b)),
    counts: byShop.map((whole, { shop }) => [{ shop, rows: whole.length }]),
  };
});

/** What is stored before what comes, beside a faster source that keeps near it. */
export const stages = job(import.meta, 'stages', (flow) => {
  const stored = Array.from({ length: 100 }, (_, n) => sale(n));
  const coming = generate({ schema: Sale, count: ROWS, row: (n) => sale(n + 100) });
  const together = boundedOutOfOrderness(600).withAlignment('sales', 300, { every: 20 });
  const counted = flow
    .from(hybrid(collection(stored, Sale), collection([], Sale), coming), { rate: 3000 })
    .eventTime('at', together)
    .union(flow.from(sales(), { rate: 9000 }).eventTime('at', together))
    .keyBy('shop')
    .window(tumbling(100))
    .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') }));
  return { counted };
});

/**
 * Splits that come while the job runs, one with each look, beside a source that has them all: of each assignment, and behind what
 * is stored.
 */
export const finding = job(import.meta, 'finding', (flow) => {
  const parts = (assignment: 'spread' | 'inOrder') => {
    let looks = 0;
    return defineSource({
      name: assignment,
      schema: Sale,
      start: 0,
      assignment,
      discover: '1 s',
      splits() {
        const all = Array.from({ length: Math.min(PARTS, looks++) }, (_, part) => part);
        return all.map((part) => ({ id: `part ${part}`, detail: part }));
      },
      *read({ position, split: { detail: part } }) {
        for (let n = position; n < PART_ROWS; n += 3) {
          const numbers = Array.from({ length: Math.min(3, PART_ROWS - n) }, (_, i) => n + i);
          yield { records: numbers.map((i) => sale(part * PART_ROWS + i)), position: n + 3 };
        }
      },
    });
  };
  const stored = Array.from({ length: 20 }, (_, n) => sale(1000 + n));
  return {
    spread: flow.from(parts('spread'), { rate: 2000 }).rebalance(),
    inOrder: flow.from(parts('inOrder')).filter(({ n }) => n % 3 > 0),
    behind: flow.from(hybrid(collection(stored, Sale), parts('spread')), { rate: 3000 }),
    others: flow.from(sales(), { rate: 9000 }).filter(({ n }) => n % 5 > 0),
  };
});

/** Two streams that meet by key and time, in pairs and in groups. */
export const joins = job(import.meta, 'joins', (flow) => {
  const timed = { rate: 4000, parallelism: 1 };
  const [one, two] = [flow.from(sales(), timed), flow.from(sales(), timed)].map((stream) =>
    stream.eventTime('at', boundedOutOfOrderness(600)),
  ) as [Stream<Sale>, Stream<Sale>];
  const few = two.filter(({ n }) => n % 7 === 0);
  const near = one
    .keyBy('shop')
    .intervalJoin(few.keyBy('shop'))
    .between(-100, 40, { upperExclusive: true })
    .process(({ shop, n }, other) => ({ shop, n, other: other.n }));
  const pairs = one
    .join(few)
    .on('shop', 'shop')
    .window(sliding(300, 100))
    .apply((left, right) => [left.n, right.n]);
  const groups = one
    .coGroup(few)
    .on(
      ({ n }) => n % 4,
      ({ n }) => n % 5,
    )
    .window(tumbling(150))
    .apply((lefts, rights, out) => {
      const numbers = [lefts, rights].map((rows) => rows.map(({ n }) => n).sort((a, b) => a - b));
      out(numbers);
    });
  return { near, pairs, groups };
});

/** Windows of other kinds, of records in several shapes, whose fractions are added up in any order. */
export const kinds = job(import.meta, 'kinds', (flow) => {
  const rows = flow.from(sales(), { rate: 5000 }).eventTime('at', boundedOutOfOrderness(600));
  const thirds = rows
    .flatMap(({ shop, n, at }) => (n % 9 === 4 ? [] : [{ shop, third: n / 3, at, n }]))
    .as(record({ shop: t.string, third: t.float64, at: t.timestamp }))
    .filter(({ third }) => third > 1);
  const perKey = thirds.keyBy('shop');
  return {
    visits: perKey.window(session(70)).aggregate(({ count, sum, avg, min }) => ({
      rows: count(),
      sum: sum('third'),
      mean: avg('third'),
      least: min('at'),
    })),
    soFar: perKey.window(cumulating(200, 50)).aggregate(({ max }) => ({ most: max('third') })),
    longest: perKey.window(tumbling(250)).reduce((a, b) => (a.third > b.third ? a : b)),
    firing: thirds
      .project('shop', 'third')
      .keyBy('shop')
      .fullPartition()
      .sort('third', 'descending'),
    // From several subtasks: only the last of each key is sure.
    totals: perKey.reduce((a, b) => ({ shop: a.shop, third: a.third + b.third, at: 0 })),
    best: rows.keyBy(({ n }) => n % 5).maxBy('n'),
  };
});

/** The same rows to one input by several ways, which differ only in how rows are dealt, or not even in that. */
export const ways = job(import.meta, 'ways', (flow) => {
  const rows = flow.from(sales(), { rate: 5000, parallelism: 1 });
  return {
    twice: rows.union(rows.shuffle()).map(({ shop, n }) => ({ shop, n })),
    thrice: rows
      .rebalance()
      .union(rows.rebalance(), rows.partitionBy('shop'))
      .filter(({ n }) => n % 2 === 0),
  };
});

/** Steps with key groups of their own, as few as subtasks and many more. */
export const groups = job(import.meta, 'groups', (flow) => {
  const timed = flow
    .from(sales(), { rate: 4000, parallelism: 1 })
    .eventTime('at', boundedOutOfOrderness(600));
  const sums = timed.keyBy('shop').sum('n').maxParallelism(3);
  const counted = timed
    .keyBy('shop')
    .window(sliding(200, 50))
    .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') }))
    .maxParallelism(4096);
  const most = sums.keyBy('shop').max('n').maxParallelism(7);
  return { sums, counted, most };
});
