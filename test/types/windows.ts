/** What the compiler infers through windows, triggers and evictors: this file is never run. */
import {
  type Counter,
  continuousEventTimeTrigger,
  countEvictor,
  countTrigger,
  cumulating,
  customEvictor,
  customTrigger,
  customWindow,
  deltaEvictor,
  deltaTrigger,
  type EvictorRow,
  type Flow,
  globalWindow,
  list,
  purging,
  type RowOf,
  record,
  type Stream,
  session,
  sideOutput,
  slidingCount,
  t,
  timeoutTrigger,
  tumbling,
  type,
  value,
} from 'millrace';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Bid = record({ auction: t.int32, price: t.float64, bidder: t.string, gap: t.int32 });
type Bid = RowOf<typeof Bid>;
const Alert = record({ auction: t.int32, high: t.float64 });
type Alert = RowOf<typeof Alert>;

declare const flow: Flow;
declare const bids: Stream<Bid>;
void flow;

// Bounds are in results where windows have some.
const inSessions = bids
  .keyBy('auction')
  .window(session('10 s'))
  .aggregate(({ count, max }) => ({ bids: count(), best: max('price') }));
expect<
  Equal<
    RowOfStream<typeof inSessions>,
    { auction: number; windowStart: number; windowEnd: number; bids: number; best: number }
  >
>();
const inOne = bids
  .keyBy('bidder')
  .window(globalWindow())
  .trigger(purging(countTrigger(3)))
  .aggregate(({ count }) => ({ bids: count() }));
expect<Equal<RowOfStream<typeof inOne>, { bidder: string; bids: number }>>();
const byCount = bids
  .keyBy('bidder')
  .window(slidingCount(3, 1))
  .aggregate(({ sum }) => ({ total: sum('price') }));
expect<Equal<RowOfStream<typeof byCount>, { bidder: string; total: number }>>();
const growing = bids
  .keyBy('auction', 'bidder')
  .window(cumulating('1 d', '1 h'))
  .aggregate(({ count }) => ({ bids: count() }));
expect<
  Equal<
    RowOfStream<typeof growing>,
    { auction: number; bidder: string; windowStart: number; windowEnd: number; bids: number }
  >
>();

// The row of a gap
bids.keyBy('auction').window(session((bid) => bid.gap));
// @ts-expect-error: no such field
bids.keyBy('auction').window(session((bid) => bid.gab));
// @ts-expect-error: a gap is a number
bids.keyBy('auction').window(session((bid) => bid.bidder));
// @ts-expect-error: not a duration
bids.keyBy('auction').window(session('5 parsecs'));

const windowed = bids.keyBy('auction').window(tumbling('1 h'));

// The row of triggers and evictors
windowed.trigger(
  customTrigger({
    state: () => ({ total: 0 }),
    onRecord(bid, ctx) {
      ctx.state.total += bid.price;
      ctx.timers.eventTime(ctx.windowEnd);
      return ctx.state.total > 100 ? 'fireAndPurge' : 'continue';
    },
    onMerge(ctx, others) {
      for (const { total } of others) ctx.state.total += total;
    },
  }),
);
windowed.trigger(
  customTrigger({
    // @ts-expect-error: no such field
    onRecord: (bid) => (bid.prize > 1 ? 'fire' : 'continue'),
  }),
);
windowed.trigger(
  customTrigger({
    // @ts-expect-error: not an answer
    onRecord: () => 'burn',
  }),
);
windowed.trigger(
  customTrigger({
    state: () => ({ total: 0 }),
    // @ts-expect-error: no such state
    onRecord: (_, ctx) => (ctx.state.sum > 1 ? 'fire' : 'continue'),
  }),
);
windowed.trigger(deltaTrigger(10, (before, bid) => bid.price - before.price));
// @ts-expect-error: no such field
windowed.trigger(deltaTrigger(10, (before, bid) => bid.prize - before.price));
windowed.trigger(
  purging(
    timeoutTrigger(
      deltaTrigger(1, (a, b) => b.price - a.price),
      '5 s',
    ),
  ),
);
windowed.trigger(continuousEventTimeTrigger('1 min'));
// @ts-expect-error: an evictor is no trigger
windowed.trigger(countEvictor(3));
windowed.evictor(deltaEvictor(10, (bid, last) => last.price - bid.price, { after: true }));
// @ts-expect-error: no such field
windowed.evictor(deltaEvictor(10, (bid, last) => last.prize - bid.price));
windowed.evictor(
  customEvictor({
    before(rows, { windowEnd }) {
      expect<Equal<(typeof rows)[number], EvictorRow<Bid>>>();
      return rows.filter(({ row, timestamp }) => row.price > 1 && timestamp < windowEnd - 1);
    },
    *after(rows) {
      yield* rows.slice(-1);
    },
  }),
);
// @ts-expect-error: no such field
windowed.evictor(customEvictor({ before: (rows) => rows.filter(({ row }) => row.prize > 1) }));
// @ts-expect-error: rows without their times
windowed.evictor(customEvictor({ after: (rows) => rows.map(({ row }) => row) }));
const evictor = customEvictor<{ other: string }>({ before: (rows) => rows });
// @ts-expect-error: for other rows
windowed.evictor(evictor);
// @ts-expect-error: a trigger is no evictor
windowed.evictor(countTrigger(3));
const trigger = customTrigger<{ other: string }>({ onRecord: () => 'fire' });
// @ts-expect-error: for other rows
windowed.trigger(trigger);

// Late records
windowed.allowedLateness('5 min').lateTo(sideOutput<Bid>('late'));
// @ts-expect-error: rows of another type
windowed.lateTo(sideOutput<{ auction: string }>('late'));

// Functions of windows
const best = windowed.reduce((so, bid) => (bid.price > so.price ? bid : so));
expect<Equal<RowOfStream<typeof best>, Bid>>();
const alerts = windowed.process({
  emits: Alert,
  onWindow(ctx, rows) {
    const end: number = ctx.windowEnd;
    ctx.emit({ auction: ctx.key.auction, high: Math.max(...rows.map((bid) => bid.price), end) });
  },
});
expect<Equal<RowOfStream<typeof alerts>, Alert>>();
const others = sideOutput<string>('others');
windowed.process({
  emits: Alert,
  onWindow({ key, output, metrics }, rows) {
    const counter: Counter = metrics.counter('windows');
    counter.add(rows.length);
    output(others, rows[0]!.bidder);
    // @ts-expect-error: not a row of the side output
    output(others, key.auction);
  },
  onClear(ctx) {
    ctx.output(others, `${ctx.windowEnd}`);
    ctx.metrics.gauge('end').set(ctx.windowEnd);
    // @ts-expect-error: nothing is emitted any more
    ctx.emit({ auction: 1, high: 1 });
    // @ts-expect-error: no side output
    ctx.output('others', 'row');
  },
});
const texts = windowed.process({
  emits: type<string>(),
  onWindow(ctx, rows) {
    for (const { bidder } of rows) ctx.emit(bidder);
  },
});
expect<Equal<RowOfStream<typeof texts>, string>>();
windowed.process({
  emits: Alert,
  onWindow(ctx, rows) {
    // @ts-expect-error: a field is missing
    ctx.emit({ auction: rows.length });
  },
});
windowed.process({
  emits: Alert,
  onWindow(ctx) {
    // @ts-expect-error: no field of the key
    ctx.emit({ auction: ctx.key.bidder, high: 1 });
  },
});
bids
  .keyBy('auction')
  .window(globalWindow())
  .process({
    emits: Alert,
    onWindow(ctx) {
      // @ts-expect-error: a window without bounds
      ctx.emit({ auction: ctx.windowStart, high: 1 });
    },
  });
const highs = windowed.aggregate(({ max }) => ({ best: max('price') }), {
  emits: Alert,
  onWindow(ctx, row) {
    expect<
      Equal<typeof row, { auction: number; windowStart: number; windowEnd: number; best: number }>
    >();
    ctx.emit({ auction: row.auction, high: row.best });
  },
});
expect<Equal<RowOfStream<typeof highs>, Alert>>();
const reduced = windowed.reduce((a) => a, {
  emits: type<[number, string]>(),
  onWindow: (ctx, bid) => ctx.emit([ctx.windowEnd, bid.bidder]),
});
expect<Equal<RowOfStream<typeof reduced>, [number, string]>>();

// Windows of all records
const ofAll = bids.windowAll(tumbling('1 h')).aggregate(({ count }) => ({ bids: count() }));
expect<
  Equal<RowOfStream<typeof ofAll>, { windowStart: number; windowEnd: number; bids: number }>
>();
// @ts-expect-error: no such field
bids.windowAll(session((bid) => bid.gab));

// What a function of windows keeps.
const kept = bids
  .keyBy('auction')
  .window(
    customWindow({
      assign: (bid: Bid, time) => [{ windowStart: time, windowEnd: time + bid.gap }],
    }),
  )
  .process({
    emits: Alert,
    state: { high: value(t.float64), seen: list(t.string) },
    windowState: () => ({ firings: 0 }),
    onWindow(ctx, rows) {
      expect<Equal<typeof ctx.windowState, { firings: number }>>();
      expect<Equal<ReturnType<typeof ctx.state.high.get>, number | undefined>>();
      ctx.state.seen.add(rows[0]!.bidder);
      // @ts-expect-error no such state
      ctx.state.low;
      // @ts-expect-error a state of numbers
      ctx.state.high.set('9');
      ctx.emit({ auction: ctx.key.auction, high: ctx.windowEnd });
    },
    onClear(ctx) {
      expect<Equal<typeof ctx.windowState, { firings: number }>>();
      // @ts-expect-error nothing is emitted for a window that is over
      ctx.emit({ auction: 1, high: 1 });
    },
  });
expect<Equal<RowOfStream<typeof kept>, Alert>>();

bids
  .keyBy('auction')
  // @ts-expect-error windows have both bounds
  .window(customWindow({ assign: (bid: Bid) => [{ windowStart: bid.gap }] }));
type Other = { at: number };
const ofOthers = customWindow({
  assign: (row: Other) => [{ windowStart: row.at, windowEnd: row.at + 1 }],
});
// @ts-expect-error of other rows
bids.keyBy('auction').window(ofOthers);
