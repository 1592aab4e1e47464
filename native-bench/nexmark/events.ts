/**
 * The one wide stream of Nexmark, and the three kinds of events in it. `auction` is the id of an auction, and of the
 * auction that a bid is for. A field that an event of its kind does not have holds no data: any number, or any text.
 */
import { type RowOf, record, type Stream, t } from 'millrace';
import { AUCTION, BID, PERSON } from './corpus-format.ts';

export const Event = record({
  kind: t.int32,
  time: t.timestamp,
  person: t.int32,
  name: t.string,
  email: t.string,
  creditCard: t.string,
  city: t.string,
  state: t.string,
  auction: t.int32,
  itemName: t.string,
  description: t.string,
  initialBid: t.int32,
  reserve: t.int32,
  expires: t.timestamp,
  seller: t.int32,
  category: t.int32,
  bidder: t.int32,
  price: t.int32,
  channel: t.string,
  url: t.string,
  extra: t.string,
});
export type Event = RowOf<typeof Event>;

export type Events = Stream<Event>;

/** The persons, with the fields that are asked for; the same of auctions and bids. */
export function persons<K extends keyof Event>(events: Events, ...fields: K[]) {
  return ofKind(events, PERSON).project(...fields);
}

export function auctions<K extends keyof Event>(events: Events, ...fields: K[]) {
  return ofKind(events, AUCTION).project(...fields);
}

export function bids<K extends keyof Event>(events: Events, ...fields: K[]) {
  return ofKind(events, BID).project(...fields);
}

/** V8 reads a constant of another module anew for each event; a local one becomes part of the loop. */
function ofKind(events: Events, kind: number): Events {
  return events.filter((event) => event.kind === kind);
}
