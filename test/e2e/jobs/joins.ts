/** Joins of generated streams, the same on any number of threads; and what plain loops make of the same rows. */
import {
  boundedOutOfOrderness,
  deltaEvictor,
  endOfStreamTrigger,
  generate,
  globalWindow,
  job,
  record,
  session,
  sliding,
  t,
  tumbling,
} from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const AUCTIONS = 3000;
const BIDS = 9000;
/** Of sessions. */
const GAP_MS = 2500;

const Auction = record({ id: t.int32, item: t.string, opened: t.timestamp });
/** The key is of another kind, so that it has to be dealt like that of the other side. */
const Bid = record({ at: t.timestamp, auction: t.float64, price: t.int32 });

const auction = (n: number) => ({
  id: n % 500,
  item: `item ${n}`,
  opened: n * 30 - (n % 4) * 100,
});
const bid = (n: number) => ({
  auction: (n * 7) % 500,
  price: n,
  at: n * 10 - (n % 6) * 50,
});

export const joins = job(import.meta, 'joins', (flow) => {
  const lateness = boundedOutOfOrderness('1 s');
  const auctions = flow
    .from(generate({ schema: Auction, count: AUCTIONS, row: auction }))
    .eventTime('opened', lateness);
  const bids = flow
    .from(generate({ schema: Bid, count: BIDS, row: bid }))
    .eventTime('at', lateness);
  const near = auctions
    .keyBy('id')
    .intervalJoin(bids.keyBy('auction'))
    .between('-1 s', '10 s', { lowerExclusive: true })
    .process(({ item }, { price }) => `${item}: ${price}`);
  const met = auctions
    .join(bids)
    .on('id', 'auction')
    .window(sliding('10 s', '5 s'))
    .apply(({ item }, { price }) => `${item}: ${price}`);
  const counts = auctions
    .map((row) => row)
    .coGroup(bids)
    .on('id', 'auction')
    .window(tumbling('20 s'))
    .apply((lefts, rights) => [
      `${lefts[0]?.id ?? rights[0]!.auction}: ${lefts.length} ${rights.length}`,
    ])
    .parallelism(3);
  const together = auctions
    .coGroup(bids)
    .on('id', 'auction')
    .window(session(GAP_MS))
    .apply((lefts, rights) => [
      `${lefts[0]?.id ?? rights[0]!.auction}: ${lefts.length} ${rights.length}`,
    ]);
  const first = auctions
    .join(bids)
    .on('id', 'auction')
    .window(globalWindow())
    .trigger(endOfStreamTrigger())
    .evictor(deltaEvictor(10_000, (row) => ('item' in row ? row.opened : row.at)))
    .apply(({ item }, { price }) => `${item}: ${price}`)
    .parallelism(3);
  return { near, met, counts, together, first };
});

const all = <Row>(count: number, row: (n: number) => Row): Row[] =>
  Array.from({ length: count }, (_, n) => row(n));

/** Every pair of equal keys. */
function* pairs() {
  const bids = all(BIDS, bid);
  for (const one of all(AUCTIONS, auction)) {
    for (const other of bids) if (other.auction === one.id) yield [one, other] as const;
  }
}

function shared(one: number, other: number): number {
  let windows = 0;
  for (let start = Math.floor(one / 5000) * 5000; start > one - 10_000; start -= 5000) {
    if (other >= start && other < start + 10_000) windows++;
  }
  return windows;
}

export function expectedNear(): string[] {
  return [...pairs()]
    .filter(([one, other]) => other.at > one.opened - 1000 && other.at <= one.opened + 10_000)
    .map(([one, other]) => `${one.item}: ${other.price}`);
}

export function expectedMet(): string[] {
  return [...pairs()].flatMap(([one, other]) =>
    new Array<string>(shared(one.opened, other.at)).fill(`${one.item}: ${other.price}`),
  );
}

export function expectedCounts(): string[] {
  const counts = new Map<string, [key: number, lefts: number, rights: number]>();
  const add = (key: number, time: number, side: 1 | 2): void => {
    const window = `${key} ${Math.floor(time / 20_000)}`;
    const count = counts.get(window) ?? [key, 0, 0];
    count[side]++;
    counts.set(window, count);
  };
  for (const { id, opened } of all(AUCTIONS, auction)) add(id, opened, 1);
  for (const row of all(BIDS, bid)) add(row.auction, row.at, 2);
  return [...counts.values()].map(([key, lefts, rights]) => `${key}: ${lefts} ${rights}`);
}

/** Rows of both sides of a key that follow each other by no more than the gap. */
export function expectedTogether(): string[] {
  const byKey = new Map<number, { time: number; side: 0 | 1 }[]>();
  const add = (key: number, time: number, side: 0 | 1): void => {
    byKey.set(key, [...(byKey.get(key) ?? []), { time, side }]);
  };
  for (const { id, opened } of all(AUCTIONS, auction)) add(id, opened, 0);
  for (const row of all(BIDS, bid)) add(row.auction, row.at, 1);
  return [...byKey].flatMap(([key, rows]) => {
    const sessions: { end: number; counts: [number, number] }[] = [];
    for (const { time, side } of rows.sort((a, b) => a.time - b.time)) {
      let last = sessions.at(-1);
      if (last === undefined || time > last.end) {
        last = { end: time, counts: [0, 0] };
        sessions.push(last);
      }
      last.end = time + GAP_MS;
      last.counts[side]++;
    }
    return sessions.map(({ counts: [lefts, rights] }) => `${key}: ${lefts} ${rights}`);
  });
}

/** Pairs of the first ten seconds. */
export function expectedFirst(): string[] {
  return [...pairs()]
    .filter(([one, other]) => one.opened < 10_000 && other.at < 10_000)
    .map(([one, other]) => `${one.item}: ${other.price}`);
}

/** Slow enough to be stopped on its way. */
export const joining = job(import.meta, 'joining', (flow) => {
  const options = { rate: flow.param('rate', 0), parallelism: 1 };
  const lateness = boundedOutOfOrderness('1 s');
  const auctions = flow
    .from(heldRows(flow, { schema: Auction, count: BIDS, row: auction }), options)
    .eventTime('opened', lateness);
  const bids = flow
    .from(
      heldRows(flow, { schema: Bid, count: BIDS, row: (n) => ({ ...bid(n), at: n * 30 }) }),
      options,
    )
    .eventTime('at', lateness);
  const out = flow.param('out', 'out');
  auctions
    .keyBy('id')
    .intervalJoin(bids.keyBy('auction'))
    .between('-30 s', '30 s')
    .process(({ item }, { price }) => ({ item, price }))
    .to(files(`${out}/near`, jsonLines()));
  auctions
    .coGroup(bids)
    .on('id', 'auction')
    .window(sliding('20 s', '10 s'))
    .apply((lefts, rights) => [
      { items: lefts.map(({ item }) => item).sort(), bids: rights.length },
    ])
    .to(files(`${out}/groups`, jsonLines()));
  auctions
    .coGroup(bids)
    .on('id', 'auction')
    .window(session('12 s'))
    .apply((lefts, rights) => [
      { items: lefts.map(({ item }) => item).sort(), bids: rights.length },
    ])
    .to(files(`${out}/sessions`, jsonLines()));
});
