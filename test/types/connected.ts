/** What the compiler infers where two streams go into one step, checked by the compiler: this file is never run. */
import {
  type Counter,
  type Flow,
  generate,
  type ListState,
  list,
  type MapState,
  map,
  type ReadonlyMapState,
  record,
  t,
  type,
  unionList,
  type ValueState,
  value,
} from 'millrace';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Order = record({ id: t.string, shop: t.int32, total: t.float64 });
const Payment = record({ order: t.string, amount: t.float64 });
type Order = { id: string; shop: number; total: number };
type Payment = { order: string; amount: number };
const Rule = record({ name: t.string, least: t.float64 });
type Rule = { name: string; least: number };
const Due = record({ id: t.string, due: t.float64 });

declare const flow: Flow;
const orders = flow.from(generate({ schema: Order, row: () => ({ id: '', shop: 1, total: 1 }) }));
const payments = flow.from(generate({ schema: Payment, row: () => ({ order: '', amount: 1 }) }));
const rules = flow.from(generate({ schema: Rule, row: () => ({ name: '', least: 1 }) }));

// map and flatMap
const mapped = orders.connect(payments).map({
  first: ({ total }) => total,
  second: ({ order }) => order,
});
expect<Equal<RowOfStream<typeof mapped>, number | string>>();
const flat = orders.connect(payments).flatMap({
  first: ({ id }) => [id],
  second: ({ amount }) => new Set([amount]),
});
expect<Equal<RowOfStream<typeof flat>, string | number>>();
const pushed = orders.connect(payments).flatMap<string>({
  first: ({ id }, out) => out(id),
  // @ts-expect-error: rows are texts
  second: ({ amount }, out) => out(amount),
});
expect<Equal<RowOfStream<typeof pushed>, string>>();
// @ts-expect-error: no such field
orders.connect(payments).map({ first: ({ amount }) => amount, second: () => 1 });
// @ts-expect-error: nothing for the second
orders.connect(payments).map({ first: ({ id }) => id });

// keyed
const due = orders
  .keyBy('id')
  .connect(payments.keyBy('order'))
  .process({
    emits: Due,
    state: { due: value(t.float64), early: list(Payment) },
    open({ subtask, parallelism, metrics }) {
      expect<Equal<typeof subtask | typeof parallelism, number>>();
      expect<Equal<ReturnType<typeof metrics.counter>, Counter>>();
    },
    onFirst(order, ctx) {
      expect<Equal<typeof order, Order>>();
      expect<Equal<typeof ctx.key, Readonly<{ id: string }>>>();
      expect<Equal<typeof ctx.state.due, ValueState<number>>>();
      expect<Equal<typeof ctx.state.early, ListState<Payment>>>();
      ctx.timers.eventTime(1);
      ctx.emit({ id: ctx.key.id, due: order.total });
      // @ts-expect-error: a field of the other side
      order.amount;
      // @ts-expect-error: no such state
      ctx.state.dues.get();
      // @ts-expect-error: the key has the fields of the first side
      ctx.key.order;
    },
    onSecond(payment, ctx) {
      expect<Equal<typeof payment, Payment>>();
      expect<Equal<typeof ctx.key, Readonly<{ id: string }>>>();
      ctx.state.early.add(payment);
      // @ts-expect-error: a field of another type
      ctx.emit({ id: ctx.key.id, due: '1' });
      // @ts-expect-error: no number
      ctx.state.due.set(payment.order);
    },
    onTimer(time, ctx) {
      expect<Equal<typeof time, number>>();
      expect<Equal<typeof ctx.timer, 'event' | 'processing'>>();
    },
  });
expect<Equal<RowOfStream<typeof due>, { id: string; due: number }>>();
// @ts-expect-error: keys of other types
orders.keyBy('shop').connect(payments.keyBy('order'));
// @ts-expect-error: a key of another type by a function
orders.keyBy('id').connect(payments.keyBy((row) => row.amount));
// @ts-expect-error: one side is keyed
orders.keyBy('id').connect(payments);
// @ts-expect-error: the other side is keyed
orders.connect(payments.keyBy('order'));
// @ts-expect-error: without onSecond
orders.connect(payments).process({ emits: Due, onFirst() {} });

// without keys
const plain = orders.process({
  emits: type<string>(),
  operatorState: { held: list(Order), offsets: unionList(t.int64) },
  open({ operatorState }) {
    expect<Equal<typeof operatorState.held, ListState<Order>>>();
  },
  onRecord(order, ctx) {
    expect<Equal<typeof order, Order>>();
    expect<Equal<typeof ctx.operatorState.held, ListState<Order>>>();
    expect<Equal<typeof ctx.operatorState.offsets, ListState<bigint>>>();
    ctx.metrics.gauge('held').set(ctx.operatorState.held.get().length);
    ctx.emit(order.id);
    // @ts-expect-error: no timers without a key
    ctx.timers;
    // @ts-expect-error: no key
    ctx.key;
    // @ts-expect-error: another element
    ctx.operatorState.held.add({ id: 'a' });
  },
});
expect<Equal<RowOfStream<typeof plain>, string>>();
// @ts-expect-error: no state by key
orders.process({ emits: Due, state: { due: value(t.float64) }, onRecord() {} });
// @ts-expect-error: no timers
orders.process({ emits: Due, onRecord() {}, onTimer() {} });
// @ts-expect-error: operator state is made of lists
orders.process({ emits: Due, operatorState: { due: value(t.float64) }, onRecord() {} });
// @ts-expect-error: a union is operator state
orders.keyBy('id').process({ emits: Due, state: { all: unionList(t.int32) }, onRecord() {} });

// broadcast
const broadcast = rules.broadcast({ rules: map(t.string, Rule), sums: map(t.int32, t.float64) });
orders.connect(broadcast).process({
  emits: Due,
  operatorState: { held: list(Order) },
  onRecord(order, ctx) {
    expect<Equal<typeof order, Order>>();
    expect<Equal<typeof ctx.broadcastState.rules, ReadonlyMapState<string, Rule>>>();
    expect<Equal<typeof ctx.broadcastState.sums, ReadonlyMapState<number, number>>>();
    ctx.operatorState.held.add(order);
    // @ts-expect-error: read-only
    ctx.broadcastState.rules.set('a', { name: 'a', least: 1 });
    // @ts-expect-error: a text is no key of it
    ctx.broadcastState.sums.get('a');
  },
  onBroadcast(rule, ctx) {
    expect<Equal<typeof rule, Rule>>();
    expect<Equal<typeof ctx.broadcastState.rules, MapState<string, Rule>>>();
    ctx.broadcastState.rules.set(rule.name, rule);
    // @ts-expect-error: a field is missing
    ctx.broadcastState.rules.set('a', { name: 'a' });
    // @ts-expect-error: keys are those of another input
    ctx.forEachKey;
  },
});
orders
  .keyBy('id', 'shop')
  .connect(broadcast)
  .process({
    emits: Due,
    state: { due: value(t.float64), all: list(Order) },
    onRecord(order, ctx) {
      expect<Equal<typeof order, Order>>();
      expect<Equal<typeof ctx.key, Readonly<{ id: string; shop: number }>>>();
      expect<Equal<typeof ctx.broadcastState.rules, ReadonlyMapState<string, Rule>>>();
      ctx.state.due.set(order.total);
      // @ts-expect-error: read-only
      ctx.broadcastState.rules.clear();
    },
    onBroadcast(rule, ctx) {
      ctx.broadcastState.rules.set(rule.name, rule);
      ctx.forEachKey('all', (key, all) => {
        expect<Equal<typeof key, Readonly<{ id: string; shop: number }>>>();
        expect<Equal<typeof all, ListState<Order>>>();
      });
      // @ts-expect-error: no such state
      ctx.forEachKey('rules', () => {});
      // @ts-expect-error: no timers on this side
      ctx.timers;
      // @ts-expect-error: no key on this side
      ctx.state;
    },
    onTimer(_, ctx) {
      expect<Equal<typeof ctx.broadcastState.rules, ReadonlyMapState<string, Rule>>>();
      expect<Equal<typeof ctx.state.due, ValueState<number>>>();
    },
  });
// @ts-expect-error: broadcast state is made of maps
rules.broadcast({ rules: list(Rule) });
// @ts-expect-error: without onBroadcast
orders.connect(broadcast).process({ emits: Due, onRecord() {} });
expect<Equal<RowOfStream<ReturnType<typeof all>>, Rule>>();
function all() {
  return rules.broadcast();
}

// broadcast join
const joined = orders
  .broadcastJoin(payments)
  .on('id', 'order')
  .apply((order, payment) => {
    expect<Equal<typeof order, Order>>();
    expect<Equal<typeof payment, Payment | undefined>>();
    return { ...order, amount: payment?.amount ?? 0 };
  });
expect<
  Equal<RowOfStream<typeof joined>, { amount: number; id: string; shop: number; total: number }>
>();
orders.broadcastJoin(payments).on(
  ({ id }) => id,
  ({ order }) => order,
);
// @ts-expect-error: keys of other types
orders.broadcastJoin(payments).on('shop', 'order');
// @ts-expect-error: no such field
orders.broadcastJoin(payments).on('id', 'payment');
orders.broadcastJoin(payments).on(
  ({ id }) => id,
  // @ts-expect-error: keys of other types by functions
  ({ amount }) => amount,
);
