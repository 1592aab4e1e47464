/** Process functions of two streams: what each input does, and what both share, in every mode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type } from '../../../src/api/emits.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import { list, value } from '../../../src/api/state.ts';
import type { RowStream, Stream } from '../../../src/api/stream.ts';
import { record, t } from '../../../src/data/schema.ts';
import { harness2 } from '../../../src/testing/harness2.ts';
import { inEveryMode2, MODES2, sorted } from '../../modes.ts';

const Order = record({ id: t.string, total: t.float64 });
const Payment = record({ order: t.string, amount: t.float64 });
type Order = { id: string; total: number };
type Payment = { order: string; amount: number };

/** What is left to pay of an order, known by its payments; what is unpaid 100 ms later is told by a timer. */
function settled(orders: Stream<Order>, payments: Stream<Payment>) {
  return orders
    .keyBy('id')
    .connect(payments.keyBy('order'))
    .process({
      emits: type<string>(),
      state: { due: value(t.float64), early: list(t.float64) },
      onFirst({ total }, ctx) {
        const paid = ctx.state.early.get().reduce((sum, amount) => sum + amount, 0);
        ctx.state.early.clear();
        ctx.state.due.set(total - paid);
        ctx.timers.eventTime(ctx.timestamp! + 100);
        ctx.emit(`${ctx.key.id} owes ${total - paid}`);
      },
      onSecond({ amount }, ctx) {
        const due = ctx.state.due.get();
        if (due === undefined) ctx.state.early.add(amount);
        else {
          ctx.state.due.set(due - amount);
          ctx.emit(`${ctx.key.id} owes ${due - amount}`);
        }
      },
      onTimer(_, ctx) {
        ctx.emit(`${ctx.key.id} still owes ${ctx.state.due.get()}`);
        ctx.state.due.clear();
      },
    });
}

inEveryMode2(
  'two keyed inputs share the state and the timers of a key',
  Order,
  Payment,
  settled,
  async (h) => {
    h.pushSecond({ order: 'a', amount: 3 }, 1);
    h.pushFirst({ id: 'a', total: 10 }, 5);
    h.pushFirst({ id: 'b', total: 7 }, 6);
    h.pushSecond({ order: 'b', amount: 7 }, 7);
    h.pushSecond({ order: 'a', amount: 2 }, 8);
    h.watermarkFirst(200);
    assert.deepEqual(sorted(h.take()), [
      '{"record":"a owes 5","timestamp":8}',
      '{"record":"a owes 7","timestamp":5}',
      '{"record":"b owes 0","timestamp":7}',
      '{"record":"b owes 7","timestamp":6}',
    ]);
    h.watermarkSecond(105);
    assert.deepEqual(sorted(h.take()), [
      '{"record":"a still owes 5","timestamp":105}',
      '{"watermark":105}',
    ]);
    await h.end();
    assert.deepEqual(h.takeRecords(), ['b still owes 0']);
  },
);

const Num = record({ k: t.dynamic<number | string>(), n: t.int32 });

inEveryMode2(
  'keys of two inputs, ints until one is none',
  Num,
  Num,
  (a, b) => {
    const count = { emits: type<string>(), state: { sum: value(t.int32, { default: 0 }) } };
    return a
      .keyBy('k')
      .connect(b.keyBy((row) => row.k))
      .process({
        ...count,
        onFirst({ n }, { key, state, emit }) {
          emit(`${key.k} ${state.sum.update((sum) => sum + n)}`);
        },
        onSecond({ n }, { key, state, emit }) {
          emit(`${key.k} ${state.sum.update((sum) => sum + n)}`);
        },
      });
  },
  (h) => {
    const rows: string[] = [];
    const both = (k: number | string): void => {
      h.pushFirst({ k, n: 1 }, 1);
      rows.push(...h.takeRecords());
      h.pushSecond({ k, n: 2 }, 1);
      rows.push(...h.takeRecords());
    };
    both(1);
    both(2);
    h.pushSecond({ k: 'x', n: 5 }, 1);
    both(1);
    both('x');
    rows.push(...h.takeRecords());
    assert.deepEqual(rows, ['1 1', '1 3', '2 1', '2 3', 'x 5', '1 4', '1 6', 'x 6', 'x 8']);
  },
);

inEveryMode2(
  'two inputs without keys: map, flatMap, process with a side output',
  Order,
  Payment,
  (orders, payments) => {
    const side = sideOutput<string>('big');
    const all = orders.connect(payments).process({
      emits: record({ id: t.string, amount: t.float64 }),
      onFirst({ id, total }, ctx) {
        if (total > 5) ctx.output(side, `${id} is big`);
        ctx.emit({ id, amount: total });
      },
      onSecond: ({ order, amount }, ctx) => ctx.emit({ id: order, amount: -amount }),
    });
    const texts = all
      .sideOutput(side)
      .connect(all)
      .map({
        first: (text) => text,
        second: ({ id, amount }) => `${id} ${amount}`,
      });
    return texts.connect(payments).flatMap({
      first: (text: string, out: (row: string) => void) => out(text),
      second: ({ order }) => [order, order.toUpperCase()],
    });
  },
  async (h) => {
    h.pushFirst({ id: 'a', total: 10 }, 1);
    h.pushSecond({ order: 'b', amount: 2 }, 2);
    h.pushFirst({ id: 'c', total: 1 }, 3);
    await h.end();
    assert.deepEqual(sorted(h.take()), [
      '{"record":"B","timestamp":2}',
      '{"record":"a 10","timestamp":1}',
      '{"record":"a is big","timestamp":1}',
      '{"record":"b -2","timestamp":2}',
      '{"record":"b","timestamp":2}',
      '{"record":"c 1","timestamp":3}',
      '{"watermark":"max"}',
      '{"end":true}',
    ]);
  },
);

/** What `settled` does, by the slow way. Time stands at -Infinity until the input ends. */
function model(events: readonly Event[]): string[] {
  const due = new Map<string, number>();
  const early = new Map<string, number[]>();
  const rows: string[] = [];
  for (const { isOrder, id, n } of events) {
    if (isOrder) {
      const left = (early.get(id) ?? []).reduce((sum, amount) => sum - amount, n);
      early.delete(id);
      due.set(id, left);
      rows.push(`${id} owes ${left}`);
    } else if (due.has(id)) {
      due.set(id, due.get(id)! - n);
      rows.push(`${id} owes ${due.get(id)}`);
    } else early.set(id, [...(early.get(id) ?? []), n]);
  }
  const orders = events.filter(({ isOrder }) => isOrder);
  const timers = new Set(orders.map(({ id, time }) => `${time + 100} ${id}`));
  const inOrder = [...timers].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  for (const timer of inOrder) {
    const id = timer.split(' ')[1]!;
    rows.push(`${id} still owes ${due.get(id)}`);
    due.delete(id);
  }
  return rows;
}

type Event = { readonly isOrder: boolean; readonly id: string; readonly n: number; time: number };

test('any records of two keyed inputs, against a slow model', async () => {
  const event: fc.Arbitrary<Event> = fc.record({
    isOrder: fc.boolean(),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    n: fc.integer({ min: 0, max: 9 }),
    time: fc.integer({ min: 0, max: 50 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 30 }),
      fc.constantFrom(...MODES2),
      async (events, { isFirstTyped, isSecondTyped, ...options }) => {
        const h = await harness2<Order, Payment, string>(settled, {
          ...options,
          ...(isFirstTyped ? { firstSchema: Order } : {}),
          ...(isSecondTyped ? { secondSchema: Payment } : {}),
        });
        for (const { isOrder, id, n, time } of events) {
          if (isOrder) h.pushFirst({ id, total: n }, time);
          else h.pushSecond({ order: id, amount: n }, time);
        }
        await h.end();
        const byKey = (rows: readonly string[]): string[] =>
          rows.toSorted((a, b) => a.charCodeAt(0) - b.charCodeAt(0));
        assert.deepEqual(byKey(h.takeRecords()), byKey(model(events)));
      },
    ),
    { numRuns: 150 },
  );
});

test('streams that cannot be connected are refused, and what is no process function', async () => {
  const refused = (
    build: (orders: Stream<Order>, payments: Stream<Payment>) => RowStream<unknown>,
  ) => harness2(build, { firstSchema: Order, secondSchema: Payment });
  const none = { emits: type<number>(), onFirst() {}, onSecond() {} };
  const cases: readonly [RegExp, Parameters<typeof refused>[0]][] = [
    [
      /connect: 'id' is string and 'amount' is float64; they are never equal/,
      (a, b) =>
        a
          .keyBy('id')
          .connect(b.keyBy('amount') as never)
          .process(none),
    ],
    [
      /connect: the keys have 1 and 2 fields/,
      (a, b) =>
        a
          .keyBy('id')
          .connect(b.keyBy('order', 'amount') as never)
          .process(none),
    ],
    [
      /connect takes a stream that is not keyed, or a broadcast one; key both or none/,
      (a, b) => a.connect(b.keyBy('order') as never).process(none),
    ],
    [
      /connect of a keyed stream takes a keyed stream or a broadcast one/,
      (a, b) =>
        a
          .keyBy('id')
          .connect(b as never)
          .process(none as never),
    ],
    [
      /process: onSecond is a function/,
      (a, b) => a.connect(b).process({ ...none, onSecond: 1 } as never),
    ],
    [
      /process: unknown option 'onTimer' without a key: call keyBy\(/,
      (a, b) => a.connect(b).process({ ...none, onTimer() {} } as never),
    ],
    [
      /process: unknown option 'state' without a key: call keyBy\(/,
      (a, b) => a.connect(b).process({ ...none, state: {} } as never),
    ],
    [
      /process: onFirst is not async/,
      (a, b) => a.connect(b).process({ ...none, onFirst: async () => {} }),
    ],
    [/map: second is a function/, (a, b) => a.connect(b).map({ first: String } as never)],
  ];
  for (const [message, build] of cases) {
    await assert.rejects(async () => refused(build), { code: 'JOB_DEFINITION', message });
  }
});

test('what a function of either input throws is told with its place', async () => {
  const h = await harness2<number, number>((a, b) =>
    a.connect(b).map({
      first: (n) => n,
      second() {
        throw new Error('no');
      },
    }),
  );
  h.pushFirst(1);
  h.pushSecond(2);
  assert.throws(() => h.take(), { code: 'USER_FUNCTION', message: /'map'.*no/s });
});
