/**
 * What short examples speak of without saying where it comes from: `bids`, `payments`, `Rule`, `findAuction`. The documentation and
 * the docstrings use these names alike, so that one set of them serves all.
 */
import {
  blackhole,
  collection,
  type Flow,
  generate,
  job,
  monotonous,
  type RowOf,
  record,
  type Schema,
  Stream,
  sideOutput,
  t,
} from 'millrace';
import { pattern } from 'millrace/cep';

export { Readable } from 'node:stream';
export { pipeline } from 'node:stream/promises';

export const Bid = record({
  auction: t.int32,
  price: t.float64,
  user: t.string,
  name: t.string,
  seconds: t.float64,
  date: t.timestamp,
  time: t.timestamp,
});
export type Bid = RowOf<typeof Bid>;

export const Auction = record({
  id: t.int32,
  item: t.string,
  seller: t.string,
  shop: t.string,
  day: t.timestamp,
  reserve: t.float64,
  time: t.timestamp,
});
export type Auction = RowOf<typeof Auction>;

export const Click = record({ user: t.string, page: t.string, hits: t.int32, time: t.timestamp });
export type Click = RowOf<typeof Click>;
export const View = record({ visitor: t.string, page: t.string, time: t.timestamp });

export const Payment = record({
  user: t.string,
  order: t.string,
  country: t.string,
  amount: t.float64,
  time: t.timestamp,
});
export type Payment = RowOf<typeof Payment>;

export const Limit = record({ country: t.string, amount: t.float64 });
export const Rule = record({ name: t.string, jump: t.float64 });
export const Order = record({
  id: t.string,
  country: t.string,
  total: t.float64,
  time: t.timestamp,
  at: t.dynamic<{ readonly country: string }>(),
});
export const Refund = record({ order: t.string, amount: t.float64 });
export const Country = record({ code: t.string, name: t.string });
export const Login = record({ user: t.string, ip: t.string, ok: t.boolean, time: t.timestamp });
export type Login = RowOf<typeof Login>;
export const Flight = record({
  date: t.timestamp,
  delay: t.int32,
  origin: t.string,
  destination: t.string,
});
export const Alert = record({ user: t.string, total: t.float64 });
export type Alert = RowOf<typeof Alert>;
export const Sale = record({ item: t.string, price: t.float64 });
export type Sale = RowOf<typeof Sale>;
export const Offset = record({ file: t.string, byte: t.float64 });
export const Reading = record({ time: t.timestamp, value: t.nullable(t.float64) });
export type Visit = { readonly user: string; readonly isMobile: boolean };
export type Shift = { readonly user: string; readonly start: number; readonly end: number };
export type Event = { readonly kind: string };

export const late = sideOutput<Bid>('late');
export const lateAuctions = sideOutput<Auction>('late auctions');
export const threeFails = pattern<Login>()
  .begin('first', (login) => !login.ok)
  .followedBy('more', (login) => !login.ok)
  .times(2)
  .next('success', (login) => login.ok)
  .within('10 min');

const ROWS = 5;

/** A row of each type, by its number: texts by the name of their field, numbers by their own. */
function made<Row>(flow: Flow, schema: Schema<Row>): Stream<Row> {
  const valueFor = ({ name, kind }: { name: string; kind: string }, i: number): unknown => {
    if (kind === 'string') return `${name} ${i % 2}`;
    if (kind === 'boolean') return i % 4 === 3;
    return kind === 'dynamic' ? { country: 'DE' } : i;
  };
  const row = (i: number): Row =>
    Object.fromEntries(schema.fields.map((field) => [field.name, valueFor(field, i)])) as Row;
  return flow.from(generate({ schema, count: ROWS, row }));
}

/** The streams that examples begin with. */
export function streams(flow: Flow) {
  const timed = <Row extends { readonly time: number }>(schema: Schema<Row>): Stream<Row> =>
    made(flow, schema).eventTime((row) => row.time, monotonous());
  return {
    bids: timed(Bid),
    auctions: timed(Auction),
    clicks: timed(Click),
    moreClicks: timed(Click),
    views: timed(View),
    payments: timed(Payment),
    orders: timed(Order),
    logins: timed(Login),
    limits: made(flow, Limit),
    rules: made(flow, Rule),
    refunds: made(flow, Refund),
    countries: made(flow, Country),
    lines: flow.from(collection(['to be', 'or not'])),
    pages: flow.from(collection(['one\ntwo'])),
    visits: flow
      .from(collection<Visit>([{ user: 'ada', isMobile: true }]))
      .eventTime(() => 0, monotonous()),
    shifts: flow
      .from(collection<Shift>([{ user: 'ada', start: 0, end: 9 }]))
      .eventTime(() => 0, monotonous()),
  };
}

/** Gives an end to all streams of an example, and to what it makes. */
export function finish(of: object, result: unknown): void {
  for (const stream of [...Object.values(of), result]) {
    if (stream instanceof Stream) stream.to(blackhole());
  }
}

export function makeBid(i: number): Bid {
  return { auction: i % 10, price: i, user: 'ada', name: '', seconds: 0, date: i, time: i };
}

export function parse(line: unknown): Bid {
  return line as Bid;
}

export async function findAuction(
  id: number,
  signal?: AbortSignal,
): Promise<{ seller: string } | null> {
  signal?.throwIfAborted();
  return id === 0 ? null : { seller: `seller of ${id}` };
}

export async function rate<Row>(row: Row, signal?: AbortSignal): Promise<Row> {
  signal?.throwIfAborted();
  return row;
}

export async function load(page: unknown): Promise<{ readonly links: readonly string[] }> {
  return { links: [String(page)] };
}

export function shrink<Row>(photo: Row): Row {
  return photo;
}

/** A job of the program, which examples run. */
export const flights = job(import.meta, 'flights', (flow) => {
  const count = flow.param('input', '') === '' ? flow.param('count', ROWS) : ROWS;
  const row = (i: number) => ({ origin: 'BER', mean: i });
  const schema = record({ origin: t.string, mean: t.float64 });
  return { hourly: flow.from(generate({ schema, count, row })) };
});

const doors = job(import.meta, 'doors', (flow) => {
  const clicks = flow.input(Click);
  const row = (i: number) => ({ origin: 'BER', mean: i });
  const schema = record({ origin: t.string, mean: t.float64 });
  return { clicks, hourly: flow.from(generate({ schema, count: ROWS, row })) };
});

/** The client that examples speak of: of a job with an input and an output. */
export async function startClient({ writes }: { readonly writes: boolean }) {
  const client = await doors.start({ threads: 0 });
  if (!writes) client.inputs.clicks.end();
  return client;
}

export const moreRows: readonly Click[] = [{ user: 'ada', page: '/', hits: 1, time: 0 }];

export const toText = new TransformStream<unknown, Uint8Array>({
  transform: (row, controller) => controller.enqueue(Buffer.from(JSON.stringify(row))),
});
