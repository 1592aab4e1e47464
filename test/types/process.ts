/** What the compiler infers in process functions, checked by the compiler: this file is never run. */
import {
  type AggregatingState,
  aggregating,
  type CheckpointListener,
  type Flow,
  generate,
  type ListState,
  list,
  type MapState,
  map,
  type ReducingState,
  record,
  reducing,
  sideOutput,
  t,
  type,
  type ValueState,
  value,
} from 'millrace';
import { type Equal, expect, type RowOfStream } from './expect.ts';

const Payment = record({ user: t.string, shop: t.int32, amount: t.float64, time: t.timestamp });
type Payment = { user: string; shop: number; amount: number; time: number };
const Alert = record({ user: t.string, total: t.float64 });
const late = sideOutput<Payment>('late');

declare const flow: Flow;
declare function payment(): Payment;

const payments = flow.from(generate({ schema: Payment, row: payment }));

const alerts = payments.keyBy('user').process({
  emits: Alert,
  state: {
    total: value(t.float64),
    seen: map(t.string, t.timestamp),
    recent: list(Payment),
    best: reducing(t.float64, Math.max),
    mean: aggregating({
      create: () => ({ sum: 0, n: 0 }),
      add: ({ sum, n }, row: Payment) => ({ sum: sum + row.amount, n: n + 1 }),
      result: ({ sum, n }) => sum / n,
    }),
    count: value(t.int32, { default: 0, ttl: '1 h' }),
    note: value(t.nullable(t.string)),
    free: value(type<{ a: Date }>(), {
      ttl: { duration: '5 min', refresh: 'onReadAndWrite', cleanup: { incremental: 5 } },
    }),
  },
  onRecord(row, ctx) {
    expect<Equal<typeof row, Payment>>();
    expect<Equal<typeof ctx.key, Readonly<{ user: string }>>>();
    expect<Equal<typeof ctx.timestamp, number | null>>();
    expect<Equal<typeof ctx.state.total, ValueState<number>>>();
    expect<Equal<typeof ctx.state.seen, MapState<string, number>>>();
    expect<Equal<typeof ctx.state.recent, ListState<Payment>>>();
    expect<Equal<typeof ctx.state.best, ReducingState<number>>>();
    expect<Equal<typeof ctx.state.mean, AggregatingState<Payment, number>>>();
    const total = (ctx.state.total.get() ?? 0) + row.amount;
    ctx.state.total.set(total);
    const count = ctx.state.count.get();
    expect<Equal<typeof count, number>>();
    expect<Equal<ReturnType<typeof ctx.state.note.get>, string | null | undefined>>();
    expect<Equal<ReturnType<typeof ctx.state.free.get>, { a: Date } | undefined>>();
    ctx.state.count.update((n) => n + 1);
    ctx.state.total.update((sum) => (sum ?? 0) + 1);
    ctx.emit({ user: ctx.key.user, total });
    ctx.output(late, row);
    ctx.timers.eventTime(row.time + 60_000);
    // @ts-expect-error: may be undefined
    ctx.state.total.get() + 1;
    // @ts-expect-error: not a number
    ctx.state.total.set('1');
    // @ts-expect-error: no such state
    ctx.state.totals.get();
    // @ts-expect-error: a list has no update
    ctx.state.recent.update(() => []);
    // @ts-expect-error: keys of the map are strings
    ctx.state.seen.get(1);
    // @ts-expect-error: another element
    ctx.state.recent.add({ user: 'a' });
    // @ts-expect-error: no such key field
    ctx.key.shop;
    // @ts-expect-error: no such field in the record
    row.usr;
    // @ts-expect-error: a field is missing
    ctx.emit({ user: 'a' });
    // @ts-expect-error: a field of another type
    ctx.emit({ user: 'a', total: '1' });
    // @ts-expect-error: rows of the side output are payments
    ctx.output(late, { user: 'a' });
    // @ts-expect-error: no time
    ctx.timers.eventTime(new Date());
    // @ts-expect-error: only in onTimer
    ctx.timer;
  },
  onTimer(time, ctx) {
    expect<Equal<typeof time, number>>();
    expect<Equal<typeof ctx.timer, 'event' | 'processing'>>();
    expect<Equal<typeof ctx.key, Readonly<{ user: string }>>>();
    ctx.state.total.clear();
    ctx.emit({ user: ctx.key.user, total: 0 });
  },
});
expect<Equal<RowOfStream<typeof alerts>, { user: string; total: number }>>();
expect<Equal<RowOfStream<ReturnType<typeof lates>>, Payment>>();
function lates() {
  return alerts.sideOutput(late);
}

const freeForm = payments
  .keyBy((row) => row.user.length)
  .process({
    emits: type<{ n: number; all: Set<string> }>(),
    onRecord(row, ctx) {
      expect<Equal<typeof ctx.key, Readonly<{ key: number }>>>();
      expect<Equal<keyof typeof ctx.state, never>>();
      ctx.emit({ n: ctx.key.key, all: new Set([row.user]) });
    },
  });
expect<Equal<RowOfStream<typeof freeForm>, { n: number; all: Set<string> }>>();

payments.keyBy('user', 'shop').process({
  emits: type<number>(),
  onRecord(_, ctx) {
    expect<Equal<typeof ctx.key, Readonly<{ user: string; shop: number }>>>();
    ctx.emit(ctx.key.shop);
    // @ts-expect-error: rows are numbers
    ctx.emit(ctx.key.user);
  },
});

// @ts-expect-error: a type of a field is none of a row; single numbers are type<number>()
payments.keyBy('user').process({ emits: t.float64, onRecord() {} });
payments.keyBy('user').process({ emits: t.dynamic<Payment>(), onRecord() {} });
// @ts-expect-error: without onRecord
payments.keyBy('user').process({ emits: Alert });
// @ts-expect-error: no such option
value(t.int32, { tll: '1 h' });
// @ts-expect-error: the default is of the type
value(t.int32, { default: 'x' });
// @ts-expect-error: not a duration
value(t.int32, { ttl: '1 hour' });
// @ts-expect-error: an object is no key of a map
map(t.dynamic<{ a: number }>(), t.int32);
// @ts-expect-error: joins numbers
reducing(t.float64, (a: string, b: string) => a + b);

const told: CheckpointListener = {
  onCheckpointComplete: (id) => expect<Equal<typeof id, number>>(),
};

payments.keyBy('user').process({
  emits: Alert,
  state: { total: value(t.float64) },
  onRecord(_, ctx) {
    expect<Equal<typeof ctx.state.total, ValueState<number>>>();
  },
  onCheckpointComplete(id) {
    expect<Equal<typeof id, number>>();
  },
  onCheckpointAborted(id) {
    expect<Equal<typeof id, number>>();
  },
});

payments.process({ emits: Alert, onRecord() {}, ...told });

// @ts-expect-error the number of a checkpoint is a number
payments.process({ emits: Alert, onRecord() {}, onCheckpointComplete: (id: string) => id });
