/** Queries over windows. */
import { type RowOf, record, session, sliding, t, tumbling, value } from 'millrace';
import { auctions, bids, persons } from '../events.ts';
import { query } from '../query.ts';

const WINDOW_MS = 10_000;

/** The auctions with most bids in the last ten seconds, every two seconds. */
export const q5 = query(import.meta, 'q5', {
  result: (events) =>
    bids(events, 'auction')
      .keyBy('auction')
      .window(sliding('10 s', '2 s'))
      .aggregate(({ count }) => ({ bids: count() }))
      // The counts of a window all have its last millisecond as their time.
      .windowAll(tumbling('2 s'))
      .aggregate(({ aggregate }) => ({
        most: aggregate({
          create: () => ({ bids: 0, auctions: [] as number[] }),
          add(most, { auction, bids }) {
            if (bids > most.bids) return { bids, auctions: [auction] };
            if (bids === most.bids) most.auctions.push(auction);
            return most;
          },
          merge(a, b) {
            if (a.bids !== b.bids) return a.bids > b.bids ? a : b;
            return { bids: a.bids, auctions: [...a.auctions, ...b.auctions] };
          },
          result: (most) => most,
        }),
      }))
      .flatMap(({ most }) => most.auctions.map((auction) => ({ auction, bids: most.bids }))),
  text: ({ auction, bids }) => [auction, bids],
});

/**
 * The highest bids of each ten seconds. Both ends of a window belong to it here: a bid at its very end is compared with
 * the highest price of the window before it, too.
 */
export const q7 = query(import.meta, 'q7', {
  result(events) {
    const offers = bids(events, 'auction', 'bidder', 'price', 'time', 'extra');
    const highest = offers
      .windowAll(tumbling('10 s'))
      .aggregate(({ max }) => ({ price: max('price') }));
    // The time of a highest price is the last millisecond of its window.
    return highest
      .keyBy('price')
      .intervalJoin(offers.keyBy('price'))
      .between(1 - WINDOW_MS, 1)
      .process((_, bid) => bid);
  },
  text: ({ auction, price, bidder, time, extra }) => [auction, price, bidder, time, extra],
});

const Offer = record({
  auction: t.int32,
  bidder: t.int32,
  price: t.int32,
  time: t.timestamp,
  extra: t.string,
});
type Offer = RowOf<typeof Offer>;

/** Of a window: its highest bids, which all have one price, and those of its first millisecond. */
type Highest = { price: number; bids: Offer[]; first: Offer[] };

/**
 * Leaves out bids below one that went through for the same window. What it has seen is no state: where it is forgotten, more of
 * them go through.
 */
export function mayBeHighest(): (bid: Pick<Offer, 'price' | 'time'>) => boolean {
  /** Start and end of the window, and the highest price in it. */
  const seen = Float64Array.of(0, 0, 0);
  return ({ price, time }) => {
    if (price < seen[2]! && time < seen[1]! && time > seen[0]!) return false;
    if (time < seen[0]! || time >= seen[1]!) {
      seen[0] = time - (time % WINDOW_MS);
      seen[1] = seen[0] + WINDOW_MS;
      seen[2] = 0;
    }
    seen[2] = Math.max(seen[2]!, price);
    return true;
  };
}

/** The same without a join. */
export const q7Window = query(import.meta, 'q7-window', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'time', 'extra')
      .filter(mayBeHighest())
      .windowAll(tumbling('10 s'))
      .aggregate(({ aggregate }) => ({
        highest: aggregate({
          create: (): Highest => ({ price: 0, bids: [], first: [] }),
          add(highest, bid) {
            if (bid.time % WINDOW_MS === 0) highest.first.push(bid);
            return withBids(highest, bid.price, [bid]);
          },
          merge(a, b) {
            a.first.push(...b.first);
            return withBids(a, b.price, b.bids);
          },
          result: (highest) => highest,
        }),
      }))
      .keyBy(() => 0)
      .process({
        emits: Offer,
        state: { before: value(record({ price: t.int32, windowEnd: t.timestamp })) },
        onRecord({ highest, windowStart, windowEnd }, { state, emit }) {
          const before = state.before.get();
          for (const bid of highest.first) {
            if (before?.windowEnd === windowStart && before.price === bid.price) emit(bid);
          }
          for (const bid of highest.bids) emit(bid);
          state.before.set({ price: highest.price, windowEnd });
        },
      }),
  text: ({ auction, price, bidder, time, extra }) => [auction, price, bidder, time, extra],
});

/** These bids, of one price, as well. */
function withBids(highest: Highest, price: number, more: readonly Offer[]): Highest {
  if (price < highest.price) return highest;
  if (price > highest.price) highest.bids = [];
  highest.price = price;
  highest.bids.push(...more);
  return highest;
}

/** People who opened an auction in the ten seconds in which they came. */
export const q8 = query(import.meta, 'q8', {
  result: (events) =>
    persons(events, 'person', 'name', 'time')
      .coGroup(auctions(events, 'seller', 'time'))
      .on('person', 'seller')
      .window(tumbling('10 s'))
      .apply((people, opened) =>
        opened.length === 0
          ? []
          : people.map(({ person, name, time }) => ({
              person,
              name,
              windowStart: time - (time % WINDOW_MS),
            })),
      ),
  text: ({ person, name, windowStart }) => [person, name, windowStart],
});

/** How many bids each bidder makes without a pause of ten seconds. */
export const q11 = query(import.meta, 'q11', {
  result: (events) =>
    bids(events, 'bidder')
      .keyBy('bidder')
      .window(session('10 s'))
      .aggregate(({ count }) => ({ bids: count() })),
  text: ({ bidder, bids, windowStart, windowEnd }) => [bidder, bids, windowStart, windowEnd],
});

/** The same in windows by the clock; those that are open at the end are lost. */
export const q12 = query(import.meta, 'q12', {
  result: (events) =>
    bids(events, 'bidder')
      .keyBy('bidder')
      .window(tumbling('10 s', { time: 'processing' }))
      .aggregate(({ count }) => ({ bids: count() })),
  text: ({ bidder, bids, windowStart, windowEnd }) => [bidder, bids, windowStart, windowEnd],
});

/** The bids of each auction in ten seconds: a windowed count that needs no more than that. */
export const count = query(import.meta, 'count', {
  result: (events) =>
    bids(events, 'auction')
      .keyBy('auction')
      .window(tumbling('10 s'))
      .aggregate(({ count }) => ({ bids: count() })),
  text: ({ auction, bids, windowStart }) => [auction, bids, windowStart],
});
