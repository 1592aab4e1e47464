/** Streams that go into one step, the same on any number of threads; and what plain loops make of the same rows. */
import {
  boundedOutOfOrderness,
  type Flow,
  generate,
  job,
  list,
  map,
  record,
  type Stream,
  t,
  value,
} from 'millrace';
import { files, jsonLines } from 'millrace/connectors/files';
import { heldRows } from './held-rows.ts';

const KEYS = 50;
/** Event-time timers at this time fire at the end of the input. */
const AT_END = 8e15;

const Order = record({ id: t.int32, key: t.string, total: t.int32 });
/** The key is of another name. */
const Payment = record({ at: t.timestamp, order: t.string, amount: t.int32 });
const Rule = record({ name: t.int32, factor: t.int32 });

type Rows = { readonly orders: number; readonly payments: number; readonly rules: number };
const FEW: Rows = { orders: 5000, payments: 4000, rules: 60 };
export const MANY: Rows = { orders: 12_000, payments: 12_000, rules: 600 };

const order = (n: number) => ({ id: n, key: `key ${n % KEYS}`, total: n % 97 });
const payment = (n: number) => ({ at: n, order: `key ${(n * 7) % KEYS}`, amount: n % 11 });
const rule = (n: number) => ({ name: n % 20, factor: n });

function streams(flow: Flow, rows: Rows, rate: number) {
  const lateness = boundedOutOfOrderness('1 s');
  const timed = <Row>(stream: Stream<Row>): Stream<Row> => stream.eventTime(() => 0, lateness);
  const from = { parallelism: 1 };
  const orders = heldRows(flow, { schema: Order, count: rows.orders, row: order });
  const payments = heldRows(flow, { schema: Payment, count: rows.payments, row: payment });
  const rules = generate({ schema: Rule, count: rows.rules, row: rule });
  return {
    orders: timed(flow.from(orders, { ...from, rate })),
    payments: timed(flow.from(payments, { ...from, rate })),
    rules: timed(flow.from(rules, { ...from, rate: rate / 20 })),
  };
}

type Streams = ReturnType<typeof streams>;

/** What is due at the end, by key. */
function due({ orders, payments }: Streams) {
  return orders
    .keyBy('key')
    .connect(payments.keyBy('order'))
    .process({
      emits: record({ key: t.string, due: t.int32 }),
      state: { due: value(t.int32, { default: 0 }) },
      onFirst({ total }, ctx) {
        ctx.metrics.counter('orders').add();
        ctx.state.due.update((sum) => sum + total);
        ctx.timers.eventTime(AT_END);
      },
      onSecond({ amount }, ctx) {
        ctx.metrics.counter('paid').add(amount);
        ctx.state.due.update((sum) => sum - amount);
      },
      onTimer(_, ctx) {
        ctx.emit({ key: ctx.key.key, due: ctx.state.due.get() });
      },
    });
}

/** How many orders a key has had, and the newest of all rules. */
function ruled({ orders, rules }: Streams) {
  return orders
    .keyBy('key')
    .connect(rules.broadcast({ rules: map(t.int32, Rule) }))
    .process({
      emits: record({ key: t.string, orders: t.int32, factors: t.int32 }),
      state: { count: value(t.int32, { default: 0 }) },
      open({ subtask, metrics }) {
        metrics.gauge('subtask').set(subtask);
      },
      onRecord(_, ctx) {
        ctx.state.count.update((count) => count + 1);
        ctx.timers.eventTime(AT_END);
      },
      onBroadcast(one, ctx) {
        ctx.metrics.counter('rules').add();
        ctx.broadcastState.rules.set(one.name, one);
        ctx.forEachKey('count', (_, count) => count.get());
      },
      onTimer(_, ctx) {
        const factors = ctx.broadcastState.rules.values().map(({ factor }) => factor);
        ctx.emit({
          key: ctx.key.key,
          orders: ctx.state.count.get(),
          factors: factors.reduce((sum, factor) => sum + factor, 0),
        });
      },
    });
}

/** Orders in threes; what is left at the end waits for ever. */
function threes({ orders }: Streams) {
  return orders.rebalance().process({
    emits: record({ id: t.int32 }),
    operatorState: { waiting: list(t.int32) },
    onRecord({ id }, ctx) {
      const { waiting } = ctx.operatorState;
      waiting.add(id);
      const all = waiting.get();
      if (all.length < 3) return;
      for (const one of all) ctx.emit({ id: one });
      waiting.clear();
    },
  });
}

export const connected = job(import.meta, 'connected', (flow) => {
  const from = streams(flow, FEW, 0);
  return {
    due: due(from).name('due'),
    ruled: ruled(from).name('ruled'),
    threes: threes(from),
    texts: from.orders.connect(from.payments).map({
      first: ({ id }) => `order ${id}`,
      second: ({ at }) => `payment ${at}`,
    }),
  };
});

/** Slow enough to be stopped on its way. */
export const connecting = job(import.meta, 'connecting', (flow) => {
  const from = streams(flow, MANY, flow.param('rate', 0));
  const out = flow.param('out', 'out');
  due(from).to(files(`${out}/due`, jsonLines()));
  ruled(from).to(files(`${out}/ruled`, jsonLines()));
  threes(from).to(files(`${out}/threes`, jsonLines()));
});

const all = <Row>(count: number, row: (n: number) => Row): Row[] =>
  Array.from({ length: count }, (_, n) => row(n));

export function expected(rows: Rows = FEW) {
  const sums = new Map<string, { due: number; orders: number }>();
  for (const { key, total } of all(rows.orders, order)) {
    const sum = sums.get(key) ?? { due: 0, orders: 0 };
    sums.set(key, { due: sum.due + total, orders: sum.orders + 1 });
  }
  for (const { order: key, amount } of all(rows.payments, payment)) sums.get(key)!.due -= amount;
  const newest = new Map(all(rows.rules, rule).map(({ name, factor }) => [name, factor]));
  const factors = [...newest.values()].reduce((sum, factor) => sum + factor, 0);
  return {
    due: [...sums].map(([key, sum]) => ({ key, due: sum.due })),
    ruled: [...sums].map(([key, { orders }]) => ({ key, orders, factors })),
    orders: rows.orders,
    rules: rows.rules,
    paid: all(rows.payments, payment).reduce((sum, { amount }) => sum + amount, 0),
    texts: [
      ...all(rows.orders, order).map(({ id }) => `order ${id}`),
      ...all(rows.payments, payment).map(({ at }) => `payment ${at}`),
    ],
  };
}
