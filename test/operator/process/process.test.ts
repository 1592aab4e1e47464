/** What the functions of a process function see, and what they may send. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../../src/api/emits.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import { aggregating, list, reducing, value } from '../../../src/api/state.ts';
import { record, t } from '../../../src/data/schema.ts';
import { harness } from '../../../src/testing/harness.ts';
import { inEveryMode, sorted } from '../../modes.ts';

const Payment = record({ user: t.string, amount: t.float64, time: t.timestamp });
const Alert = record({ user: t.string, total: t.float64 });

const large = sideOutput<{ user: string; amount: number }>('large payments');

inEveryMode(
  'totals by user, alerts, and a side output',
  Payment,
  (payments) =>
    payments.keyBy('user').process({
      emits: Alert,
      state: { total: value(t.float64), recent: list(Payment) },
      onRecord(row, ctx) {
        const total = (ctx.state.total.get() ?? 0) + row.amount;
        ctx.state.total.set(total);
        ctx.state.recent.add(row);
        ctx.timers.eventTime(row.time + 60_000);
        if (total > 1000) ctx.emit({ user: ctx.key.user, total });
        if (row.amount > 900) ctx.output(large, { user: row.user, amount: row.amount });
      },
      onTimer(time, ctx) {
        const left = ctx.state.recent.get().filter((row) => row.time + 60_000 > time);
        ctx.state.recent.set(left);
        const total = left.reduce((sum, { amount }) => sum + amount, 0);
        if (left.length === 0) ctx.state.total.clear();
        else ctx.state.total.set(total);
        ctx.emit({ user: ctx.key.user, total });
      },
    }),
  (h) => {
    const pay = (user: string, amount: number, time: number): void =>
      h.push({ user, amount, time }, time);
    pay('a', 600, 0);
    pay('b', 950, 10);
    pay('a', 500, 20);
    pay('b', 51, 30);
    assert.deepEqual(sorted(h.take()), [
      '{"record":{"user":"a","total":1100},"timestamp":20}',
      '{"record":{"user":"b","total":1001},"timestamp":30}',
    ]);
    h.watermark(60_015);
    assert.deepEqual(sorted(h.take()), [
      '{"record":{"user":"a","total":500},"timestamp":60000}',
      '{"record":{"user":"b","total":51},"timestamp":60010}',
      '{"watermark":60015}',
    ]);
    assert.deepEqual(sorted(h.take(large)), [
      '{"record":{"user":"b","amount":950},"timestamp":10}',
      '{"watermark":60015}',
    ]);
  },
);

const Item = record({ k: t.int32, s: t.string });

inEveryMode(
  'the context tells key, time, watermark and clock',
  Item,
  (items) =>
    items
      .keyBy(({ k, s }) => `${k}${s}`)
      .process({
        emits: type<unknown[]>(),
        onRecord(_, ctx) {
          ctx.emit([ctx.key.key, ctx.timestamp, ctx.watermark, ctx.processingTime]);
          ctx.timers.eventTime(20);
          ctx.timers.processingTime(7);
        },
        onTimer(time, ctx) {
          const { key, timestamp, watermark, processingTime } = ctx;
          ctx.emit([time, ctx.timer, key.key, timestamp, watermark, processingTime]);
        },
      }),
  (h) => {
    h.push({ k: 1, s: 'x' });
    h.processingTime(5);
    h.watermark(10);
    h.push({ k: 2, s: 'y' }, 11);
    h.processingTime(7);
    h.watermark(20);
    assert.deepEqual(sorted(h.take()), [
      '{"record":["1x",null,null,0],"timestamp":null}',
      '{"watermark":10}',
      '{"record":["2y",11,10,5],"timestamp":11}',
      '{"record":[20,"event","1x",20,20,7],"timestamp":20}',
      '{"record":[20,"event","2y",20,20,7],"timestamp":20}',
      '{"record":[7,"processing","1x",null,10,7],"timestamp":null}',
      '{"record":[7,"processing","2y",null,10,7],"timestamp":null}',
      '{"watermark":20}',
    ]);
  },
  // A restart brings the watermark anew, and with one record a batch only the first is before it.
  ({ restartEach }) => restartEach === undefined,
);

test('functions are called as methods, open before and close after all others', async () => {
  const calls: string[] = [];
  const h = await harness<{ k: number }, number>((rows) =>
    rows.keyBy('k').process({
      emits: type<number>(),
      open({ name, subtask, parallelism }) {
        calls.push(`open ${name} ${subtask} of ${parallelism}`);
        assert.equal(typeof this.close, 'function');
      },
      onRecord(row) {
        calls.push(`record ${row.k}`);
        assert.equal(typeof this.open, 'function');
      },
      onTimer() {},
      close() {
        calls.push('close');
      },
    }),
  );
  h.push({ k: 1 });
  h.take();
  await h.restart();
  assert.deepEqual(calls, ['open process 0 of 1', 'record 1', 'close', 'open process 0 of 1']);
});

/** Two keys, each of whose states is changed by every record. */
const Point = record({ k: t.string, v: t.int32 });
const POINTS = ['a', 'b', 'a', 'a', 'b'].map((k, i) => ({ k, v: i + 1 }));

type Total = { sum: number; values: number[] };
const added = (total: Total, v: number): Total => {
  total.sum += v;
  total.values.push(v);
  return total;
};
const TOTALS = [
  '{"sum":1,"values":[1]}',
  '{"sum":2,"values":[2]}',
  '{"sum":4,"values":[1,3]}',
  '{"sum":7,"values":[2,5]}',
  '{"sum":8,"values":[1,3,4]}',
];
const totals = sideOutput<Total>('totals');
const texts = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

for (const order of ['set and emitted', 'emitted and set'] as const) {
  inEveryMode(
    `an object of a value state, ${order}, is a row as it was then`,
    Point,
    (points) =>
      points.keyBy('k').process({
        emits: type<Total>(),
        state: { total: value(type<Total>()) },
        onRecord({ v }, { state, emit }) {
          const total = added(state.total.get() ?? { sum: 0, values: [] }, v);
          if (order === 'set and emitted') state.total.set(total);
          emit(total);
          if (order === 'emitted and set') state.total.set(total);
        },
      }),
    (h) => {
      for (const point of POINTS) h.push(point);
      assert.deepEqual(texts(h.takeRecords()), TOTALS);
    },
  );
}

inEveryMode(
  'what reducing and aggregating states give is a row as it was then, in side outputs too',
  Point,
  (points) =>
    points.keyBy('k').process({
      emits: type<Total>(),
      state: {
        reduced: reducing(type<Total>(), (total, { sum }) => added(total, sum)),
        folded: aggregating({
          create: (): Total => ({ sum: 0, values: [] }),
          add: (total, v: number) => added(total, v),
          result: (total) => total,
        }),
      },
      onRecord({ v }, { state, emit, output }) {
        state.reduced.add({ sum: v, values: [v] });
        state.folded.add(v);
        emit(state.reduced.get()!);
        output(totals, state.folded.get()!);
      },
    }),
  (h) => {
    for (const point of POINTS) h.push(point);
    const sides = h.take(totals).flatMap((row) => ('record' in row ? [row.record] : []));
    assert.deepEqual(texts(sides), TOTALS);
    assert.deepEqual(texts(h.takeRecords()), TOTALS);
  },
);
