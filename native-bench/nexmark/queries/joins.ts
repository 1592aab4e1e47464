/**
 * Joins without a bound in time: each side waits in the state of its key for the other. Ids of persons and auctions are
 * unique, so that what has waited for one is done when that has come.
 */
import { list, type RowOf, record, t, value } from 'millrace';
import { AUCTION, BID, PERSON } from '../corpus-format.ts';
import { auctions, type Event, type Events, persons } from '../events.ts';
import { query } from '../query.ts';

const CATEGORY = 10;
const STATES = new Set(['OR', 'ID', 'CA']);

const Seller = record({ name: t.string, city: t.string, state: t.string });
const LocalAuction = record({ name: t.string, city: t.string, state: t.string, auction: t.int32 });

/** Auctions of a category, with who sells them, of some states. */
export const q3 = query(import.meta, 'q3', {
  result: (events) => {
    const sellers = persons(events, 'person', 'name', 'city', 'state').filter(({ state }) =>
      STATES.has(state),
    );
    const lots = auctions(events, 'auction', 'seller', 'category').filter(
      ({ category }) => category === CATEGORY,
    );
    return sellers
      .keyBy('person')
      .connect(lots.project('auction', 'seller').keyBy('seller'))
      .process({
        emits: LocalAuction,
        state: { seller: value(Seller), waiting: list(t.int32) },
        onFirst({ name, city, state: inState }, { state, emit }) {
          state.seller.set({ name, city, state: inState });
          for (const auction of state.waiting.get()) emit({ name, city, state: inState, auction });
          state.waiting.clear();
        },
        onSecond({ auction }, { state, emit }) {
          const seller = state.seller.get();
          if (seller === undefined) {
            state.waiting.add(auction);
            return;
          }
          const { name, city, state: inState } = seller;
          emit({ name, city, state: inState, auction });
        },
      });
  },
  text: ({ name, city, state, auction }) => [name, city, state, auction],
});

const bidsAndAuctions = (events: Events) => events.filter(({ kind }) => kind !== PERSON);

const Lot = record({ opened: t.timestamp, expires: t.timestamp, category: t.int32 });
const Price = record({ price: t.int32, time: t.timestamp });
/** What a better bid does to the bids that win in a category: to their number, and to the sum of their prices. */
const Change = record({ category: t.int32, auctions: t.int32, total: t.float64 });
const Average = record({ category: t.int32, average: t.float64 });

function highestOf(offers: Iterable<RowOf<typeof Price>>, opened: number, expires: number): number {
  let highest = 0;
  for (const { price, time } of offers) {
    if (time >= opened && time <= expires && price > highest) highest = price;
  }
  return highest;
}

/** The average of the winning bids of each category. */
export const q4 = query(import.meta, 'q4', {
  result: (events) =>
    bidsAndAuctions(events)
      .project('kind', 'auction', 'time', 'expires', 'category', 'price')
      .keyBy('auction')
      .process({
        emits: Change,
        state: {
          lot: value(Lot),
          highest: value(t.int32, { default: 0 }),
          waiting: list(Price),
        },
        onRecord({ kind, time, expires, category, price }, { state, emit }) {
          if (kind === AUCTION) {
            const highest = highestOf(state.waiting.get(), time, expires);
            state.waiting.clear();
            state.lot.set({ opened: time, expires, category });
            if (highest === 0) return;
            state.highest.set(highest);
            emit({ category, auctions: 1, total: highest });
            return;
          }
          const lot = state.lot.get();
          if (lot === undefined) {
            state.waiting.add({ price, time });
            return;
          }
          const before = state.highest.get();
          if (price <= before || time < lot.opened || time > lot.expires) return;
          state.highest.set(price);
          emit({ category: lot.category, auctions: before === 0 ? 1 : 0, total: price - before });
        },
      })
      .keyBy('category')
      .process({
        emits: Average,
        state: {
          auctions: value(t.int32, { default: 0 }),
          total: value(t.float64, { default: 0 }),
        },
        onRecord(change, { state, emit }) {
          const auctions = state.auctions.update((sum) => sum + change.auctions);
          const total = state.total.update((sum) => sum + change.total);
          emit({ category: change.category, average: Math.trunc(total / auctions) });
        },
      }),
  key: ({ category }) => category,
  text: ({ category, average }) => [category, average],
});

const auctionFields = {
  itemName: t.string,
  description: t.string,
  initialBid: t.int32,
  reserve: t.int32,
  opened: t.timestamp,
  expires: t.timestamp,
  seller: t.int32,
  category: t.int32,
  auctionExtra: t.string,
};
const OpenAuction = record(auctionFields);

type AuctionRow = Pick<
  Event,
  | 'itemName'
  | 'description'
  | 'initialBid'
  | 'reserve'
  | 'time'
  | 'expires'
  | 'seller'
  | 'category'
  | 'extra'
>;

function openAuction(row: AuctionRow): RowOf<typeof OpenAuction> {
  const { itemName, description, initialBid, reserve, time, expires, seller, category } = row;
  const rest = { expires, seller, category, auctionExtra: row.extra };
  return { itemName, description, initialBid, reserve, opened: time, ...rest };
}

const Offer = record({ bidder: t.int32, price: t.int32, time: t.timestamp, extra: t.string });
type Offer = RowOf<typeof Offer>;
const Winner = record({
  auction: t.int32,
  ...auctionFields,
  bidder: t.int32,
  price: t.int32,
  time: t.timestamp,
  extra: t.string,
});

/** A higher bid is better; of equal ones, the earlier. */
function isBetter(bid: Offer, best: Offer | undefined): boolean {
  if (best === undefined) return true;
  return bid.price > best.price || (bid.price === best.price && bid.time < best.time);
}

/** The winning bid of each auction, with the auction. */
export const q9 = query(import.meta, 'q9', {
  result: (events) =>
    bidsAndAuctions(events)
      .project(
        ...(['kind', 'auction', 'itemName', 'description', 'initialBid', 'reserve'] as const),
        ...(['expires', 'seller', 'category', 'bidder', 'price', 'time', 'extra'] as const),
      )
      .keyBy('auction')
      .process({
        emits: Winner,
        state: { lot: value(OpenAuction), best: value(Offer), waiting: list(Offer) },
        onRecord(row, { state, emit }) {
          const { auction, kind, bidder, price, time, extra } = row;
          let lot = state.lot.get();
          let offers: readonly Offer[] = [{ bidder, price, time, extra }];
          if (kind === BID && lot === undefined) {
            state.waiting.addAll(offers);
            return;
          }
          if (lot === undefined) {
            lot = openAuction(row);
            state.lot.set(lot);
            offers = state.waiting.get();
            state.waiting.clear();
          }
          const before = state.best.get();
          let best = before;
          for (const offer of offers) {
            const isInTime = offer.time >= lot.opened && offer.time <= lot.expires;
            if (isInTime && isBetter(offer, best)) best = offer;
          }
          if (best === undefined || best === before) return;
          state.best.set(best);
          emit({ auction, ...lot, ...best });
        },
      }),
  key: ({ auction }) => auction,
  text: (row) => [
    ...[row.auction, row.itemName, row.initialBid, row.reserve, row.opened, row.expires],
    ...[row.seller, row.category, row.price, row.time],
  ],
});

const bidFields = {
  bidder: t.int32,
  price: t.int32,
  channel: t.string,
  url: t.string,
  time: t.timestamp,
  extra: t.string,
};

/** All bids for auctions of a category, with the auction. Bids for an auction of another category are not kept. */
export const q20 = query(import.meta, 'q20', {
  result: (events) =>
    bidsAndAuctions(events)
      .project(
        ...(['kind', 'auction', 'itemName', 'description', 'initialBid', 'reserve'] as const),
        ...(['expires', 'seller', 'category', 'bidder', 'price', 'channel', 'url'] as const),
        ...(['time', 'extra'] as const),
      )
      .keyBy('auction')
      .process({
        emits: record({ auction: t.int32, ...bidFields, ...auctionFields }),
        state: {
          lot: value(OpenAuction),
          isOther: value(t.boolean, { default: false }),
          waiting: list(record(bidFields)),
        },
        onRecord(row, { state, emit }) {
          if (state.isOther.get()) return;
          const { auction, kind, bidder, price, channel, url, time, extra } = row;
          if (kind === BID) {
            const bid = { bidder, price, channel, url, time, extra };
            const lot = state.lot.get();
            if (lot === undefined) state.waiting.add(bid);
            else emit({ auction, ...bid, ...lot });
            return;
          }
          if (row.category === CATEGORY) {
            const lot = openAuction(row);
            state.lot.set(lot);
            for (const bid of state.waiting.get()) emit({ auction, ...bid, ...lot });
          } else {
            state.isOther.set(true);
          }
          state.waiting.clear();
        },
      }),
  text: (row) => [
    ...[row.auction, row.bidder, row.price, row.channel, row.url, row.time, row.extra],
    ...[row.itemName, row.description, row.initialBid, row.reserve, row.opened, row.expires],
    ...[row.seller, row.category, row.auctionExtra],
  ],
});
