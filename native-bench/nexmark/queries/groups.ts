/** Queries over groups that are never complete: each bid changes its group, and the row as it is then is sent. */
import { type Aggregates, countTrigger, map, record, t, tumbling, type, value } from 'millrace';
import { bids } from '../events.ts';
import { dayText, minuteText, rankOf } from '../fields.ts';
import { query } from '../query.ts';

type PricedBid = { auction: number; bidder: number; price: number };
type Words = Pick<Aggregates<PricedBid>, 'count' | 'sum' | 'countDistinct'>;

/** Number of bids, of all and by price. */
const bidsByRank = ({ count, sum }: Words) => ({
  bids: count(),
  bids1: sum(({ price }) => (rankOf(price) === 1 ? 1 : 0)),
  bids2: sum(({ price }) => (rankOf(price) === 2 ? 1 : 0)),
  bids3: sum(({ price }) => (rankOf(price) === 3 ? 1 : 0)),
});

/** The same of bids, and of their different bidders and auctions. */
const allByRank = (aggregates: Words) => {
  const { countDistinct } = aggregates;
  return {
    ...bidsByRank(aggregates),
    bidders: countDistinct('bidder'),
    bidders1: countDistinct(({ bidder, price }) => (rankOf(price) === 1 ? bidder : null)),
    bidders2: countDistinct(({ bidder, price }) => (rankOf(price) === 2 ? bidder : null)),
    bidders3: countDistinct(({ bidder, price }) => (rankOf(price) === 3 ? bidder : null)),
    auctions: countDistinct('auction'),
    auctions1: countDistinct(({ auction, price }) => (rankOf(price) === 1 ? auction : null)),
    auctions2: countDistinct(({ auction, price }) => (rankOf(price) === 2 ? auction : null)),
    auctions3: countDistinct(({ auction, price }) => (rankOf(price) === 3 ? auction : null)),
  };
};

type Counts = Record<`${'bids' | 'bidders' | 'auctions'}${'' | '1' | '2' | '3'}`, number>;

const countsText = (row: Counts): number[] => [
  ...[row.bids, row.bids1, row.bids2, row.bids3],
  ...[row.bidders, row.bidders1, row.bidders2, row.bidders3],
  ...[row.auctions, row.auctions1, row.auctions2, row.auctions3],
];

/** Bids, bidders and auctions of each day. */
export const q15 = query(import.meta, 'q15', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price')
      .windowAll(tumbling('1 d'))
      .trigger(countTrigger(1))
      .aggregate(allByRank),
  key: ({ windowStart }) => windowStart,
  text: (row) => [dayText(row.windowStart), ...countsText(row)],
});

/** The same by channel, and when the last bid of the day came. */
export const q16 = query(import.meta, 'q16', {
  result: (events) =>
    bids(events, 'channel', 'auction', 'bidder', 'price', 'time')
      .keyBy('channel')
      .window(tumbling('1 d'))
      .trigger(countTrigger(1))
      .aggregate((aggregates) => ({ last: aggregates.max('time'), ...allByRank(aggregates) })),
  key: ({ channel, windowStart }) => `${channel} ${windowStart}`,
  text: ({ channel, windowStart, last, ...row }) => [
    channel,
    dayText(windowStart),
    minuteText(last),
    ...countsText(row),
  ],
});

/** The prices of each auction and day. */
export const q17 = query(import.meta, 'q17', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price')
      .keyBy('auction')
      .window(tumbling('1 d'))
      .trigger(countTrigger(1))
      .aggregate((aggregates) => ({
        ...bidsByRank(aggregates),
        min: aggregates.min('price'),
        max: aggregates.max('price'),
        avg: aggregates.avg('price'),
        sum: aggregates.sum('price'),
      })),
  key: ({ auction, windowStart }) => `${auction} ${windowStart}`,
  text: ({ auction, windowStart, bids, bids1, bids2, bids3, min, max, avg, sum }) => [
    ...[auction, dayText(windowStart), bids, bids1, bids2, bids3],
    ...[min, max, Math.trunc(avg), sum],
  ],
});

/** The last bid of each bidder for each auction. */
export const q18 = query(import.meta, 'q18', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'channel', 'url', 'time', 'extra')
      .keyBy('bidder', 'auction')
      .reduce((last, bid) => (bid.time >= last.time ? bid : last)),
  key: ({ bidder, auction }) => `${bidder} ${auction}`,
  text: ({ auction, bidder, time }) => [auction, bidder, time],
});

const TOP = 10;

const bidFields = {
  auction: t.int32,
  bidder: t.int32,
  price: t.int32,
  channel: t.string,
  url: t.string,
  time: t.timestamp,
  extra: t.string,
};

/** A price, and where the bid is kept. */
type Ranked = { readonly price: number; readonly place: number };

/** The ten highest bids for each auction, with their ranks; of equal bids the one that came first is higher. */
export const q19 = query(import.meta, 'q19', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'channel', 'url', 'time', 'extra')
      .keyBy('auction')
      .process({
        emits: record({ ...bidFields, rank: t.int32 }),
        state: { ranking: value(type<Ranked[]>()), bids: map(t.int32, record(bidFields)) },
        onRecord(bid, { state, emit }) {
          const ranking = state.ranking.get() ?? [];
          const { price } = bid;
          let at = ranking.length;
          while (at > 0 && ranking[at - 1]!.price < price) at--;
          if (at === TOP) return;
          const place = ranking.length < TOP ? ranking.length : ranking.pop()!.place;
          ranking.splice(at, 0, { price, place });
          state.ranking.set(ranking);
          state.bids.set(place, bid);
          for (let rank = at + 1; rank <= ranking.length; rank++) {
            const ranked = state.bids.get(ranking[rank - 1]!.place)!;
            const { auction, bidder, price, channel, url, time, extra } = ranked;
            emit({ auction, bidder, price, channel, url, time, extra, rank });
          }
        },
      }),
  key: ({ auction, rank }) => `${auction} ${rank}`,
  text: ({ auction, price, rank }) => [auction, price, rank],
});
