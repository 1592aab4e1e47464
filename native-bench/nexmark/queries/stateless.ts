/**
 * Queries that look at one bid at a time. Fields are named where rows are made: it is several times faster than to spread
 * one row into another.
 */
import { bids } from '../events.ts';
import { decimal, inEuros, letterCount, partOfDay } from '../fields.ts';
import { query } from '../query.ts';

/** What the source alone costs: the kind of each event is read, and nothing is kept. */
export const floor = query(import.meta, 'floor', {
  result: (events) => events.filter(({ kind }) => kind < 0).project('kind'),
  text: ({ kind }) => [kind],
});

/** All bids. */
export const q0 = query(import.meta, 'q0', {
  result: (events) => bids(events, 'auction', 'bidder', 'price', 'time', 'extra'),
  text: ({ auction, bidder, price, time, extra }) => [auction, bidder, price, time, extra],
});

/** All bids, in euros. */
export const q1 = query(import.meta, 'q1', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'time', 'extra').map(
      ({ auction, bidder, price, time, extra }) => {
        return { auction, bidder, price: inEuros(price), time, extra };
      },
    ),
  text: ({ auction, bidder, price, time, extra }) => [auction, bidder, decimal(price), time, extra],
});

/** The bids for some auctions. */
export const q2 = query(import.meta, 'q2', {
  result: (events) => bids(events, 'auction', 'price').filter((bid) => bid.auction % 123 === 0),
  text: ({ auction, price }) => [auction, price],
});

/** A small table beside the stream, in the memory of each thread. */
const SIDE_TABLE = new Map(Array.from({ length: 10_000 }, (_, i) => [i, i]));

/** Bids with what a table says of their auctions. */
export const q13 = query(import.meta, 'q13', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'time')
      .filter(({ auction }) => SIDE_TABLE.has(auction % 10_000))
      .map(({ auction, bidder, price, time }) => {
        return { auction, bidder, price, time, value: SIDE_TABLE.get(auction % 10_000)! };
      }),
  text: ({ auction, bidder, price, time, value }) => [auction, bidder, price, time, value],
});

/** Bids of a middle price, with what can be calculated from them. */
export const q14 = query(import.meta, 'q14', {
  result: (events) =>
    bids(events, 'auction', 'bidder', 'price', 'time', 'extra')
      .filter(({ price }) => inEuros(price) > 1_000_000 && inEuros(price) < 50_000_000)
      .map(({ auction, bidder, price, time, extra }) => ({
        auction,
        bidder,
        price: inEuros(price),
        partOfDay: partOfDay(time),
        time,
        extra,
        letters: letterCount(extra, 'c'),
      })),
  text: ({ auction, bidder, price, partOfDay, time, extra, letters }) => [
    auction,
    bidder,
    decimal(price),
    partOfDay,
    time,
    extra,
    letters,
  ],
});
