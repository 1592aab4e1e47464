/**
 * Some queries as bare loops: what a programmer would write for exactly this query and these bytes, on one thread, with
 * typed arrays and Maps, and no thought of state that survives, of other threads, or of events that come late.
 *
 * What a loop gives goes to `out` as numbers; `text` makes the row of the checksum of them, where there is one. A bid with
 * its text is given by its place, since nobody reads it.
 */
import { BID, type Corpus, SEGMENT_EVENTS, type Segment } from './corpus-format.ts';
import { dayText, decimal, inEuros, rankOf } from './fields.ts';
import type { Stopwatch } from './stopwatch.ts';
import { textAt } from './text-heap.ts';

type Out = (...row: number[]) => void;

export type Loop = {
  run(corpus: Corpus, out: Out, stopwatch: Stopwatch | null): void;
  text?(corpus: Corpus, row: readonly number[]): readonly (string | number)[];
};

/** Calls a function for each segment, and the number of its first event. */
function eachSegment(
  corpus: Corpus,
  stopwatch: Stopwatch | null,
  visit: (segment: Segment, rows: number, first: number) => void,
): void {
  for (let index = 0; index < corpus.segments; index++) {
    stopwatch?.beforeSegment();
    const segment = corpus.segment(index);
    visit(segment, segment.counts[0]!, index * SEGMENT_EVENTS);
  }
}

function extraOf(corpus: Corpus, event: number): string {
  const { offsets, heap } = corpus.segment(Math.floor(event / SEGMENT_EVENTS));
  return textAt({ offsets: offsets[5]!, bytes: heap }, event % SEGMENT_EVENTS);
}

const q0: Loop = {
  run(corpus, out, stopwatch) {
    eachSegment(corpus, stopwatch, ({ kind, id, party, price, time }, rows, first) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] === BID) out(id[i]!, party[i]!, price[i]!, time[i]!, first + i);
      }
    });
  },
  text: (corpus, [auction, bidder, price, time, event]) => [
    ...[auction!, bidder!, price!, time!, extraOf(corpus, event!)],
  ],
};

const q1: Loop = {
  run(corpus, out, stopwatch) {
    eachSegment(corpus, stopwatch, ({ kind, id, party, price, time }, rows, first) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] === BID) out(id[i]!, party[i]!, inEuros(price[i]!), time[i]!, first + i);
      }
    });
  },
  text: (corpus, [auction, bidder, euros, time, event]) => [
    ...[auction!, bidder!, decimal(euros!), time!, extraOf(corpus, event!)],
  ],
};

const q2: Loop = {
  run(corpus, out, stopwatch) {
    eachSegment(corpus, stopwatch, ({ kind, id, price }, rows) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] === BID && id[i]! % 123 === 0) out(id[i]!, price[i]!);
      }
    });
  },
  text: (_, row) => row,
};

const PANE_MS = 2000;
const PANES = 5;

/** Counts by pane of two seconds; a window is the sum of five. */
const q5: Loop = {
  run(corpus, out, stopwatch) {
    let pane = -1;
    let panes: Map<number, number>[] = [];
    const close = (): void => {
      const counts = new Map<number, number>();
      for (const part of panes) {
        for (const [auction, count] of part) {
          counts.set(auction, (counts.get(auction) ?? 0) + count);
        }
      }
      let most = 0;
      for (const count of counts.values()) if (count > most) most = count;
      for (const [auction, count] of counts) if (count === most) out(auction, count);
      panes = [new Map(), ...panes.slice(0, PANES - 1)];
    };
    eachSegment(corpus, stopwatch, ({ kind, id, time }, rows) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        const own = Math.floor(time[i]! / PANE_MS);
        if (pane < 0) {
          pane = own;
          panes = [new Map()];
        }
        for (; pane < own; pane++) close();
        const counts = panes[0]!;
        counts.set(id[i]!, (counts.get(id[i]!) ?? 0) + 1);
      }
    });
    for (let left = 0; left < PANES; left++) close();
  },
  text: (_, row) => row,
};

const WINDOW_MS = 10_000;

/** The highest bids of a window are known when its last millisecond, which is the first of the next one, is over. */
const q7: Loop = {
  run(corpus, out, stopwatch) {
    let window = -1;
    let best: number[][] = [];
    let before: number[][] = [];
    const close = (): void => {
      for (const bid of before) out(...bid);
      before = best;
      best = [];
    };
    eachSegment(corpus, stopwatch, ({ kind, id, party, price, time }, rows, first) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        const own = Math.floor(time[i]! / WINDOW_MS);
        if (window < 0) window = own;
        for (; window < own; window++) close();
        const highest = best.length === 0 ? 0 : best[0]![1]!;
        const isLast = time[i]! % WINDOW_MS === 0 && before[0]?.[1] === price[i];
        if (price[i]! < highest && !isLast) continue;
        const bid = [id[i]!, price[i]!, party[i]!, time[i]!, first + i];
        if (isLast) before.push(bid);
        if (price[i]! > highest) best = [bid];
        else if (price[i] === highest) best.push(bid);
      }
    });
    close();
    close();
  },
  text: (corpus, [auction, price, bidder, time, event]) => [
    ...[auction!, price!, bidder!, time!, extraOf(corpus, event!)],
  ],
};

type Session = { start: number; last: number; count: number };

/** Sessions are looked through for those that are over every ten seconds. */
const q11: Loop = {
  run(corpus, out, stopwatch) {
    const open = new Map<number, Session>();
    let nextLook = 0;
    const end = (bidder: number, { start, last, count }: Session): void => {
      out(bidder, count, start, last + WINDOW_MS);
    };
    eachSegment(corpus, stopwatch, ({ kind, party, time }, rows) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        const now = time[i]!;
        const found = open.get(party[i]!);
        if (found !== undefined && now - found.last <= WINDOW_MS) {
          found.last = now;
          found.count++;
        } else {
          if (found !== undefined) end(party[i]!, found);
          open.set(party[i]!, { start: now, last: now, count: 1 });
        }
        if (now < nextLook) continue;
        nextLook = now + WINDOW_MS;
        for (const [bidder, session] of open) {
          if (now - session.last <= WINDOW_MS) continue;
          end(bidder, session);
          open.delete(bidder);
        }
      }
    });
    for (const [bidder, session] of open) end(bidder, session);
  },
  text: (_, row) => row,
};

/** The clock is read once a segment. */
const q12: Loop = {
  run(corpus, out, stopwatch) {
    let counts = new Map<number, number>();
    let window = -1;
    eachSegment(corpus, stopwatch, ({ kind, party }, rows) => {
      const own = Math.floor(Date.now() / WINDOW_MS);
      if (own !== window) {
        for (const [bidder, count] of counts) out(bidder, count, window * WINDOW_MS);
        counts = new Map();
        window = own;
      }
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        counts.set(party[i]!, (counts.get(party[i]!) ?? 0) + 1);
      }
    });
  },
};

type Prices = {
  day: number;
  counts: [number, number, number, number];
  min: number;
  max: number;
  sum: number;
};

const DAY_MS = 86_400_000;

/** The row of a group is given at each change; the one that came last counts. */
const q17: Loop = {
  run(corpus, out, stopwatch) {
    const byAuction = new Map<number, Prices>();
    eachSegment(corpus, stopwatch, ({ kind, id, price, time }, rows) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        const day = Math.floor(time[i]! / DAY_MS);
        const bid = price[i]!;
        let group = byAuction.get(id[i]!);
        if (group === undefined || group.day !== day) {
          group = { day, counts: [0, 0, 0, 0], min: bid, max: bid, sum: 0 };
          byAuction.set(id[i]!, group);
        }
        const { counts } = group;
        counts[0]++;
        counts[rankOf(bid)]++;
        if (bid < group.min) group.min = bid;
        if (bid > group.max) group.max = bid;
        group.sum += bid;
        const mean = Math.floor(group.sum / counts[0]);
        const [all, low, middle, high] = counts;
        out(id[i]!, day, all, low, middle, high, group.min, group.max, mean, group.sum);
      }
    });
  },
  text: (_, [auction, day, ...rest]) => [auction!, dayText(day! * DAY_MS), ...rest],
};

/** The last bid is kept by its place in the corpus, with what identifies it. */
const q18: Loop = {
  run(corpus, out, stopwatch) {
    const last = new Map<number, { time: number; event: number }>();
    eachSegment(corpus, stopwatch, ({ kind, id, party, time }, rows, first) => {
      for (let i = 0; i < rows; i++) {
        if (kind[i] !== BID) continue;
        const pair = id[i]! * 2 ** 24 + party[i]!;
        const kept = last.get(pair);
        if (kept === undefined) last.set(pair, { time: time[i]!, event: first + i });
        else if (time[i]! >= kept.time) {
          kept.time = time[i]!;
          kept.event = first + i;
        } else continue;
        out(id[i]!, party[i]!, time[i]!, first + i);
      }
    });
  },
  text: (_, row) => row.slice(0, 3),
};

export const LOOPS: Readonly<Record<string, Loop>> = {
  ...{ q0, q1, q2, q5, q7, 'q7-window': q7, q11, q12, q17, q18 },
};

/** How many of the first numbers of a row identify it, in loops that give rows anew when they change. */
export const LOOP_KEYS: Readonly<Record<string, number>> = { q17: 2, q18: 2 };
