/**
 * What each query must give, by a plain program over all events in the order of their ids: no windows, watermarks, batches
 * or state, and nothing of the queries themselves.
 */
import { type Checksum, checksumOf } from './checksum.ts';
import type { Auction, Bid, NexmarkEvent, Person } from './corpus.ts';
import { AUCTION, BID, PERSON } from './corpus-format.ts';

type Table = { readonly persons: Person[]; readonly auctions: Auction[]; readonly bids: Bid[] };
type Row = readonly (string | number)[];

/** The checksum of the final rows of a query. */
export function expectedChecksum(id: string, events: Iterable<NexmarkEvent>): Checksum {
  const table: Table = { persons: [], auctions: [], bids: [] };
  for (const event of events) {
    if (event.kind === PERSON) table.persons.push(event);
    else if (event.kind === AUCTION) table.auctions.push(event);
    else if (event.kind === BID) table.bids.push(event);
  }
  const rowsOf = ORACLES[id];
  if (rowsOf === undefined) throw new Error(`there is no oracle for '${id}'`);
  return checksumOf(rowsOf(table).map((row) => row.join('|')));
}

/** By query; the others have no result that is the same each time. */
export const ORACLES: Readonly<Record<string, (table: Table) => Row[]>> = {
  floor: () => [],
  count({ bids }) {
    const start = (b: Bid): number => Math.floor(b.time / 10_000) * 10_000;
    return [...groups(bids, start)].flatMap(([window, inWindow]) =>
      [...groups(inWindow, (b) => b.auction)].map(([a, of]) => [a, of.length, window]),
    );
  },
  q0: ({ bids }) => bids.map((b) => [b.auction, b.bidder, b.price, b.time, b.extra]),
  q1: ({ bids }) => bids.map((b) => [b.auction, b.bidder, euros(b), b.time, b.extra]),
  q2: ({ bids }) => bids.filter((b) => b.auction % 123 === 0).map((b) => [b.auction, b.price]),
  q3: ({ persons, auctions }) =>
    auctions.flatMap((a) =>
      persons
        .filter((p) => p.person === a.seller && a.category === 10 && /OR|ID|CA/.test(p.state))
        .map((p) => [p.name, p.city, p.state, a.auction]),
    ),
  q4(table) {
    const prices = groups(winners(table), ([auction]) => auction.category);
    return [...prices].map(([category, won]) => [
      category,
      Math.floor(won.reduce((sum, [, bid]) => sum + bid.price, 0) / won.length),
    ]);
  },
  q5({ bids }) {
    const ends = bids.map((b) => Math.floor(b.time / 2000) * 2000 + 2000);
    const first = Math.min(...new Set(ends));
    const last = Math.max(...new Set(ends)) + 8000;
    const rows: Row[] = [];
    for (let end = first; end <= last; end += 2000) {
      const inWindow = bids.filter((b) => b.time >= end - 10_000 && b.time < end);
      const counts = [...groups(inWindow, (b) => b.auction)].map(([a, of]) => [a, of.length]);
      const most = counts.reduce((max, [, count]) => Math.max(max, count!), 0);
      rows.push(...(counts.filter(([, count]) => count === most) as Row[]));
    }
    return rows;
  },
  q7: highestBids,
  'q7-window': highestBids,
  q8({ persons, auctions }) {
    const window = (time: number): number => Math.floor(time / 10_000) * 10_000;
    const sellers = new Set(auctions.map((a) => `${a.seller} ${window(a.time)}`));
    return persons
      .filter((p) => sellers.has(`${p.person} ${window(p.time)}`))
      .map((p) => [p.person, p.name, window(p.time)]);
  },
  q9: (table) =>
    winners(table).map(([a, b]) => [
      ...[a.auction, a.itemName, a.initialBid, a.reserve, a.time, a.expires, a.seller],
      ...[a.category, b.price, b.time],
    ]),
  q11({ bids }) {
    const rows: Row[] = [];
    for (const [bidder, of] of groups(bids, (b) => b.bidder)) {
      let [start, last, count] = [of[0]!.time, of[0]!.time, 0];
      for (const { time } of of) {
        if (time - last > 10_000) {
          rows.push([bidder, count, start, last + 10_000]);
          start = time;
          count = 0;
        }
        last = time;
        count++;
      }
      rows.push([bidder, count, start, last + 10_000]);
    }
    return rows;
  },
  q13: ({ bids }) => bids.map((b) => [b.auction, b.bidder, b.price, b.time, b.auction % 10_000]),
  q14: ({ bids }) =>
    bids
      .filter((b) => Number(euros(b)) > 1_000_000 && Number(euros(b)) < 50_000_000)
      .map((b) => {
        const hour = new Date(b.time).getUTCHours();
        const isDay = hour >= 8 && hour <= 18;
        const label = isDay ? 'dayTime' : hour === 7 || hour === 19 ? 'otherTime' : 'nightTime';
        const letters = b.extra.split('c').length - 1;
        return [b.auction, b.bidder, euros(b), label, b.time, b.extra, letters];
      }),
  q15: ({ bids }) => [...groups(bids, day)].map(([date, of]) => [date, ...byRank(of)]),
  q16: ({ bids }) =>
    [...groups(bids, (b) => `${b.channel}|${day(b)}`)].map(([group, of]) => {
      const minutes = of.map((b) => new Date(b.time).toISOString().slice(11, 16)).sort();
      return [group, minutes.at(-1)!, ...byRank(of)];
    }),
  q17: ({ bids }) =>
    [...groups(bids, (b) => `${b.auction}|${day(b)}`)].map(([group, of]) => {
      const prices = of.map((b) => b.price);
      const sum = prices.reduce((a, b) => a + b, 0);
      const counts = byRank(of).slice(0, 4);
      return [
        ...[group, ...counts, Math.min(...prices), Math.max(...prices)],
        ...[Math.floor(sum / prices.length), sum],
      ];
    }),
  q18: ({ bids }) =>
    [...groups(bids, (b) => `${b.auction}|${b.bidder}`)].map(([group, of]) => [
      group,
      of.reduce((last, b) => Math.max(last, b.time), 0),
    ]),
  q19: ({ bids }) =>
    [...groups(bids, (b) => b.auction)].flatMap(([auction, of]) =>
      of
        .sort((a, b) => b.price - a.price)
        .slice(0, 10)
        .map((b, i) => [auction, b.price, i + 1]),
    ),
  q20({ auctions, bids }) {
    const byId = new Map(auctions.filter((a) => a.category === 10).map((a) => [a.auction, a]));
    return bids.flatMap((b) => {
      const a = byId.get(b.auction);
      if (a === undefined) return [];
      return [
        [
          ...[b.auction, b.bidder, b.price, b.channel, b.url, b.time, b.extra, a.itemName],
          ...[a.description, a.initialBid, a.reserve, a.time, a.expires, a.seller],
          ...[a.category, a.extra],
        ],
      ];
    });
  },
};

function groups<T, Key>(rows: readonly T[], keyOf: (row: T) => Key): Map<Key, T[]> {
  const found = new Map<Key, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = found.get(key);
    if (group === undefined) found.set(key, [row]);
    else group.push(row);
  }
  return found;
}

/** Each auction with the highest bid of its time; of equal ones the first. */
function winners({ auctions, bids }: Table): [Auction, Bid][] {
  const byAuction = groups(bids, (b) => b.auction);
  return auctions.flatMap((a): [Auction, Bid][] => {
    const inTime = (byAuction.get(a.auction) ?? []).filter(
      (b) => b.time >= a.time && b.time <= a.expires,
    );
    const [best] = inTime.sort((x, y) => y.price - x.price || x.time - y.time);
    return best === undefined ? [] : [[a, best]];
  });
}

/** 0.908 of the price with three digits, by whole numbers. */
function euros({ price }: Bid): string {
  const digits = String(price * 908).padStart(4, '0');
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

function day({ time }: Bid): string {
  return new Date(time).toISOString().slice(0, 10);
}

function byRank(bids: readonly Bid[]): number[] {
  const low = bids.filter((b) => b.price < 10_000);
  const high = bids.filter((b) => b.price >= 1_000_000);
  const middle = bids.filter((b) => b.price >= 10_000 && b.price < 1_000_000);
  const all = [bids, low, middle, high];
  return [
    ...all.map((of) => of.length),
    ...all.map((of) => new Set(of.map((b) => b.bidder)).size),
    ...all.map((of) => new Set(of.map((b) => b.auction)).size),
  ];
}

/** Both ends of a window belong to it. */
function highestBids({ bids }: Table): Row[] {
  return [...groups(bids, (b) => Math.floor(b.time / 10_000))].flatMap(([window, of]) => {
    const price = of.reduce((max, b) => Math.max(max, b.price), 0);
    const from = window * 10_000;
    return bids
      .filter((b) => b.price === price && b.time >= from && b.time <= from + 10_000)
      .map((b) => [b.auction, b.price, b.bidder, b.time, b.extra]);
  });
}
