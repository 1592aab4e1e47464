/** Broadcast state: what its records make in every subtask, and who may change it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type } from '../../../src/api/emits.ts';
import { unionList } from '../../../src/api/operator-state.ts';
import { list, map, value } from '../../../src/api/state.ts';
import type { RowStream, Stream } from '../../../src/api/stream.ts';
import { record, t } from '../../../src/data/schema.ts';
import { type Harness2, harness2 } from '../../../src/testing/harness2.ts';
import { inEveryMode2, MODES2, sorted, WITHOUT_RESTARTS } from '../../modes.ts';

const Payment = record({ user: t.string, amount: t.float64 });
const Rule = record({ name: t.string, least: t.float64 });
type Payment = { user: string; amount: number };
type Rule = { name: string; least: number };

/** Payments that a rule is about; a rule of least 0 is taken back. What a key has seen is told with each new rule. */
function matches(payments: Stream<Payment>, rules: Stream<Rule>) {
  return payments
    .keyBy('user')
    .connect(rules.broadcast({ rules: map(t.string, Rule) }))
    .process({
      emits: type<string>(),
      state: { sum: value(t.float64, { default: 0 }) },
      onRecord({ amount }, ctx) {
        ctx.state.sum.update((sum) => sum + amount);
        for (const { name, least } of ctx.broadcastState.rules.values()) {
          if (amount >= least) ctx.emit(`${ctx.key.user} ${name}`);
        }
        ctx.timers.eventTime(ctx.timestamp! + 100);
      },
      onBroadcast(rule, ctx) {
        const { rules } = ctx.broadcastState;
        if (rule.least === 0) rules.delete(rule.name);
        else rules.set(rule.name, rule);
        ctx.forEachKey('sum', (key, sum) => {
          ctx.emit(`${key.user} has ${sum.get()}`);
          if (rule.name === 'reset') sum.clear();
        });
      },
      onTimer(time, ctx) {
        ctx.emit(`${ctx.key.user} at ${time}: ${ctx.broadcastState.rules.size} rules`);
      },
    });
}

inEveryMode2('a keyed stream beside a broadcast one', Payment, Rule, matches, async (h) => {
  h.pushFirst({ user: 'a', amount: 5 }, 1);
  h.pushSecond({ name: 'some', least: 3 }, 2);
  h.pushFirst({ user: 'a', amount: 4 }, 3);
  h.pushFirst({ user: 'b', amount: 2 }, 4);
  h.pushSecond({ name: 'any', least: 1 }, 5);
  h.pushFirst({ user: 'c', amount: 3 }, 6);
  h.pushSecond({ name: 'some', least: 0 }, 7);
  h.pushFirst({ user: 'b', amount: 9 }, 8);
  assert.deepEqual(sorted(h.take()), [
    '{"record":"a has 5","timestamp":2}',
    '{"record":"a has 9","timestamp":5}',
    '{"record":"a has 9","timestamp":7}',
    '{"record":"a some","timestamp":3}',
    '{"record":"b any","timestamp":8}',
    '{"record":"b has 2","timestamp":5}',
    '{"record":"b has 2","timestamp":7}',
    '{"record":"c any","timestamp":6}',
    '{"record":"c has 3","timestamp":7}',
    '{"record":"c some","timestamp":6}',
  ]);
  h.watermarkFirst(150);
  assert.deepEqual(h.take(), []);
  h.watermarkSecond(103);
  assert.deepEqual(sorted(h.take()), [
    '{"record":"a at 101: 1 rules","timestamp":101}',
    '{"record":"a at 103: 1 rules","timestamp":103}',
    '{"watermark":103}',
  ]);
  h.pushSecond({ name: 'reset', least: 7 }, 110);
  h.pushSecond({ name: 'more', least: 8 }, 111);
  assert.deepEqual(sorted(h.take()), [
    '{"record":"a has 9","timestamp":110}',
    '{"record":"b has 11","timestamp":110}',
    '{"record":"c has 3","timestamp":110}',
  ]);
  await h.end();
  assert.deepEqual(h.takeRecords().sort(), [
    'b at 104: 3 rules',
    'b at 108: 3 rules',
    'c at 106: 3 rules',
  ]);
});

inEveryMode2(
  'a stream without keys beside a broadcast one, with lists of its own',
  Payment,
  Rule,
  (payments, rules) =>
    payments.connect(rules.broadcast({ least: map(t.string, t.float64) })).process({
      emits: Payment,
      operatorState: { held: list(Payment) },
      onRecord(payment, ctx) {
        const least = ctx.broadcastState.least.get(payment.user);
        if (least === undefined) ctx.operatorState.held.add(payment);
        else if (payment.amount >= least) ctx.emit(payment);
      },
      onBroadcast({ name, least }, ctx) {
        ctx.broadcastState.least.set(name, least);
        const { held } = ctx.operatorState;
        const all = held.get();
        held.set(all.filter(({ user }) => user !== name));
        for (const one of all) if (one.user === name && one.amount >= least) ctx.emit(one);
      },
    }),
  async (h) => {
    for (const amount of [1, 2, 3, 4]) {
      h.pushFirst({ user: 'a', amount }, 1);
      h.pushFirst({ user: 'b', amount }, 1);
    }
    assert.deepEqual(h.takeRecords(), []);
    h.pushSecond({ name: 'a', least: 3 }, 5);
    h.pushFirst({ user: 'a', amount: 7 }, 6);
    h.pushFirst({ user: 'a', amount: 2 }, 6);
    const amounts = (): string[] => h.takeRecords().map(({ user, amount }) => `${user} ${amount}`);
    assert.deepEqual(amounts().sort(), ['a 3', 'a 4', 'a 7']);
    h.pushSecond({ name: 'b', least: 4 }, 5);
    await h.end();
    assert.deepEqual(amounts(), ['b 4']);
  },
);

type Event = { readonly isRule: boolean; readonly name: string; readonly n: number };

function model(events: readonly Event[]): string[] {
  const rules = new Map<string, number>();
  const sums = new Map<string, number>();
  const rows: string[] = [];
  for (const { isRule, name, n } of events) {
    if (!isRule) {
      sums.set(name, (sums.get(name) ?? 0) + n);
      for (const [rule, least] of rules) if (n >= least) rows.push(`${name} ${rule}`);
      continue;
    }
    if (n === 0) rules.delete(name);
    else rules.set(name, n);
    for (const [user, sum] of sums) rows.push(`${user} has ${sum}`);
    if (name === 'reset') sums.clear();
  }
  return rows;
}

test('any records beside any broadcast ones, restarted with any parallelism, against a slow model', async () => {
  const event: fc.Arbitrary<Event> = fc.record({
    isRule: fc.boolean(),
    name: fc.constantFrom('a', 'b', 'c', 'd', 'reset'),
    n: fc.integer({ min: 0, max: 5 }),
  });
  const step = fc.record({ event, restart: fc.constantFrom(0, 0, 0, 1, 2, 3, 5) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom(...MODES2),
      async (steps, { isFirstTyped, isSecondTyped, ...options }) => {
        const h: Harness2<Payment, Rule, string> = await harness2(matches, {
          ...options,
          ...(isFirstTyped ? { firstSchema: Payment } : {}),
          ...(isSecondTyped ? { secondSchema: Rule } : {}),
        });
        for (const { event, restart } of steps) {
          const { isRule, name, n } = event;
          if (isRule) h.pushSecond({ name, least: n }, 1);
          else h.pushFirst({ user: name, amount: n }, 1);
          if (restart > 0) await h.restart({ parallelism: restart });
        }
        const expected = model(steps.map(({ event }) => event));
        assert.deepEqual(h.takeRecords().sort(), expected.sort());
      },
    ),
    { numRuns: 150 },
  );
});

inEveryMode2(
  'each subtask has a copy of its own, and gets it back',
  Payment,
  Rule,
  (payments, rules) =>
    payments.connect(rules.broadcast({ seen: map(t.string, t.int32) })).process({
      emits: type<string>(),
      operatorState: { own: list(t.int32) },
      open: ({ subtask, operatorState }) => operatorState.own.set([subtask]),
      onRecord(_, { broadcastState, operatorState, emit }) {
        emit(`${operatorState.own.get()} saw ${broadcastState.seen.values()}`);
      },
      onBroadcast({ name }, { broadcastState, operatorState }) {
        const [own] = operatorState.own.get();
        // The first has nothing to write.
        if (own! > 0) broadcastState.seen.set(name, own!);
      },
    }),
  async (h, { parallelism }) => {
    h.pushSecond({ name: 'x', least: 1 });
    h.take();
    for (const then of [parallelism, 2 * parallelism]) {
      await h.restart({ parallelism: then });
      for (let n = 0; n < then; n++) h.pushFirst({ user: 'a', amount: n });
      const expected = Array.from({ length: then }, (_, n) => `${n} saw ${n % parallelism || ''}`);
      assert.deepEqual(h.takeRecords().sort(), expected);
    }
  },
  WITHOUT_RESTARTS,
);

test('broadcast state that becomes empty again and again takes no more memory', async () => {
  const h = await harness2<number, number>((numbers, others) =>
    numbers.connect(others.broadcast({ all: map(t.int32, t.int32) })).process({
      emits: type<number>(),
      onRecord() {},
      onBroadcast(n, { broadcastState: { all } }) {
        for (let i = 0; i < 10_000; i++) {
          all.set(i, n);
          all.delete(i);
        }
      },
    }),
  );
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 300; n++) {
    h.pushSecond(n);
    h.take();
  }
  const bytes = process.memoryUsage().arrayBuffers - before;
  assert.ok(bytes < 4e6, `${bytes} bytes`);
});

/** Runs functions beside one rule and one payment. */
async function broken(
  functions: Readonly<Record<string, (row: never, ctx: never) => void>>,
): Promise<void> {
  const h = await harness2<Payment, Rule>((payments, rules) =>
    payments
      .keyBy('user')
      .connect(rules.broadcast({ rules: map(t.string, Rule) }))
      .process({
        emits: type<string>(),
        state: { sum: value(t.float64) },
        onRecord() {},
        onBroadcast() {},
        ...functions,
      } as never),
  );
  h.pushFirst({ user: 'a', amount: 1 }, 1);
  h.pushSecond({ name: 'x', least: 1 }, 1);
  h.take();
}

test('what is not for a side is refused when it runs', async () => {
  type Ctx = {
    broadcastState: { rules: { set(name: string, rule: unknown): void; clear(): void } };
    timers: { eventTime(time: number): void };
    state: { sum: { set(n: number): void } };
    forEachKey(name: string, visit: () => void): void;
    emit(row: string): void;
  };
  const cases: readonly [RegExp, Parameters<typeof broken>[0]][] = [
    [
      /broadcast state 'rules': set was called outside of onBroadcast/,
      { onRecord: (_, ctx: Ctx) => ctx.broadcastState.rules.set('x', 1) },
    ],
    [
      /broadcast state 'rules': clear was called outside of onBroadcast/,
      { onRecord: (_, ctx: Ctx) => ctx.broadcastState.rules.clear() },
    ],
    [
      /ctx.timers: a broadcast record has no key/,
      { onBroadcast: (_, ctx: Ctx) => ctx.timers.eventTime(1) },
    ],
    [
      /ctx.state: a broadcast record has no key/,
      { onBroadcast: (_, ctx: Ctx) => ctx.state.sum.set(1) },
    ],
    [
      /ctx.forEachKey: there is no state 'total'; there are: sum/,
      { onBroadcast: (_, ctx: Ctx) => ctx.forEachKey('total', () => {}) },
    ],
  ];
  for (const [message, functions] of cases) {
    await assert.rejects(broken(functions), { code: 'JOB_DEFINITION', message });
  }
  let leaked: Ctx['state'] | null = null;
  const leak = {
    onRecord(_: never, ctx: Ctx) {
      leaked = ctx.state;
    },
    onBroadcast: () => leaked!.sum.set(1),
  };
  await assert.rejects(broken(leak), { code: 'JOB_DEFINITION', message: /state 'sum' was used/ });
  await assert.rejects(
    broken({ onBroadcast: (_, ctx: Ctx) => ctx.broadcastState.rules.set('x', { name: 'x' }) }),
    { code: 'FIELD_TYPE', message: /state 'rules'/ },
  );
});

test('state that cannot be broadcast is refused', async () => {
  const states: readonly object[] = [
    { rules: value(t.int32) },
    { rules: list(t.int32) },
    { rules: unionList(t.int32) },
    { rules: map(t.string, t.int32, { ttl: '1 h' }) },
    { rules: {} },
  ];
  for (const state of states) {
    const build = (payments: Stream<Payment>): RowStream<unknown> => {
      payments.broadcast(state as never);
      return payments;
    };
    await assert.rejects(harness2(build), {
      code: 'JOB_DEFINITION',
      message: /broadcast: state 'rules' is made by map\(\.\.\.\), without a time to live/,
    });
  }
});
