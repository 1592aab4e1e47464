/** What is computed by all peers, over bids as objects; and the plain loop, which needs nothing else. */
import type { Bid, NexmarkEvent } from '../corpus.ts';
import { BID } from '../corpus-format.ts';
import { inEuros } from '../fields.ts';

export const WINDOW_MS = 10_000;

export function isBid(event: NexmarkEvent): event is Bid {
  return event.kind === BID;
}

export type Row = object;
export type Sink = (row: Row) => void;

export const q0 = ({ auction, bidder, price, time, extra }: Bid): Row => {
  return { auction, bidder, price, time, extra };
};

export const q1 = ({ auction, bidder, price, time, extra }: Bid): Row => {
  return { auction, bidder, price: inEuros(price), time, extra };
};

export const isForQ2 = ({ auction }: Bid): boolean => auction % 123 === 0;
export const q2 = ({ auction, price }: Bid): Row => ({ auction, price });

/** The bids of each auction in windows of ten seconds, for events that come in the order of their time. */
export class WindowCounts {
  #window = -1;
  #counts = new Map<number, number>();

  /** The rows of the window that the bid ends; none for most. */
  add({ auction, time }: Bid): readonly Row[] {
    const window = Math.floor(time / WINDOW_MS);
    const ended = window === this.#window ? NONE : this.end();
    this.#window = window;
    this.#counts.set(auction, (this.#counts.get(auction) ?? 0) + 1);
    return ended;
  }

  end(): readonly Row[] {
    const windowStart = this.#window * WINDOW_MS;
    const rows = [...this.#counts].map(([auction, bids]) => ({ auction, bids, windowStart }));
    this.#counts = new Map();
    return rows;
  }
}

const NONE: readonly Row[] = [];
