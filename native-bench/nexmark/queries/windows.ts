/** Queries over windows. */
import { session, sliding, tumbling } from 'millrace';
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
