/** What goes wrong in process functions, and how it is told: operator, subtask, record or timer, state, field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../../src/api/cep/pattern.ts';
import { type } from '../../../src/api/emits.ts';
import type { KeyedStream } from '../../../src/api/keyed-stream.ts';
import type { TimerContext } from '../../../src/api/process.ts';
import { sideOutput } from '../../../src/api/side-output.ts';
import { aggregating, list, map, reducing, value } from '../../../src/api/state.ts';
import type { RowStream, Stream } from '../../../src/api/stream.ts';
import { session, tumbling, tumblingCount } from '../../../src/api/windows.ts';
import { type RowOf, record, t } from '../../../src/data/schema.ts';
import { harness } from '../../../src/testing/harness.ts';

const Alert = record({ user: t.string, total: t.float64 });
const unread = sideOutput<string>('unread');

type Row = { k: string; n: number };

/** A step whose function is given, over rows of which two come. */
async function failing(
  build: (rows: Stream<Row>) => RowStream<unknown>,
  expected: object,
  after: (h: Awaited<ReturnType<typeof harness<Row, unknown>>>) => void = (h) => void h.take(),
): Promise<void> {
  await assert.rejects(async () => {
    const h = await harness<Row, unknown>(build);
    h.push({ k: 'a', n: 1 }, 1);
    h.push({ k: 'b', n: 2 }, 2);
    after(h);
  }, expected);
}

test('what a function throws is told with operator, subtask and record', async () => {
  await failing(
    (rows) =>
      rows.keyBy('k').process({
        emits: type<number>(),
        onRecord({ n }) {
          if (n === 2) throw new TypeError('no twos');
        },
      }),
    {
      name: 'UserFunctionError',
      code: 'USER_FUNCTION',
      place: { operator: 'process', subtask: 0, record: 1 },
      message: /^operator 'process' \(subtask 0, record 1\): no twos\n {4}at .*failures\.test\.ts/,
    },
  );
});

test('what onTimer throws is told with its timer', async () => {
  for (const kind of ['event', 'processing'] as const) {
    await failing(
      (rows) =>
        rows.keyBy('k').process({
          emits: type<number>(),
          onRecord(_, { timers }) {
            if (kind === 'event') timers.eventTime(5);
            else timers.processingTime(5);
          },
          onTimer() {
            throw new Error('too late');
          },
        }),
      {
        name: 'UserFunctionError',
        place: { operator: 'process', subtask: 0, record: 2, timer: { kind, time: 5 } },
        message: new RegExp(`^operator 'process' \\(subtask 0, ${kind} timer at 5\\): too late`),
      },
      (h) => {
        h.processingTime(5);
        h.watermark(5);
        h.take();
      },
    );
  }
});

test('a promise that a plain function returns is refused, for nothing waits for it', async () => {
  const later = (): Promise<void> => Promise.resolve();
  const emits = type<number>();
  const message =
    /^operator 'process' \(subtask 0.*\): the function returned a promise, and nothing waits/;
  const steps: readonly ((rows: KeyedStream<Row, Pick<Row, 'k'>>) => RowStream<unknown>)[] = [
    (rows) => rows.process({ emits, onRecord: later }),
    (rows) => rows.process({ emits, open: later, onRecord() {} }),
    (rows) => rows.process({ emits, onRecord() {}, close: later }),
    (rows) =>
      rows.process({ emits, onRecord: (_, { timers }) => timers.eventTime(5), onTimer: later }),
  ];
  for (const step of steps) {
    await assert.rejects(
      async () => {
        const h = await harness<Row, unknown>((rows) => step(rows.keyBy('k')));
        h.push({ k: 'a', n: 1 }, 1);
        h.watermark(5);
        await h.end();
      },
      { code: 'USER_FUNCTION', message },
    );
  }
});

test('what a step behind throws is told as its own', async () => {
  await failing(
    (rows) =>
      rows
        .keyBy('k')
        .process({
          emits: record({ i: t.int32 }),
          onRecord(_, ctx) {
            // More than one batch.
            for (let i = 0; i < 10_000; i++) ctx.emit({ i });
          },
        })
        .map((row) => {
          if (row.i === 4000) throw new Error('behind');
          return row;
        }),
    { place: { operator: 'map', subtask: 0, record: 4000 } },
  );
});

test('a row of another type is told with its field', async () => {
  for (const [row, message] of [
    [{ user: 'x', total: '7' }, /record 0\): field 'total' wants float64, got "7"/],
    [{ total: 7 }, /record 0\): field 'user' wants string, got undefined/],
    [{ user: 'x', total: 7n }, /wants float64, got 7n, a bigint: give Number\(value\)/],
    [null, /record 0\): emit wants a row with the fields user, total, got null/],
  ] as const) {
    await failing(
      (rows) =>
        rows.keyBy('k').process({
          emits: Alert,
          onRecord(_, ctx) {
            ctx.emit(row as never);
          },
        }),
      { code: 'FIELD_TYPE', message },
    );
  }
});

test('what does not fit a step behind is told without a line: many rows go on together', async () => {
  await failing(
    (rows) =>
      rows
        .keyBy('k')
        .process({
          emits: type<unknown>(),
          onRecord(_, ctx) {
            for (let n = 0; n < 10_000; n++) ctx.emit({ user: 'x', total: n === 5000 ? '7' : n });
          },
        })
        .as(Alert),
    {
      code: 'FIELD_TYPE',
      message: /^operator 'as' \(subtask 0, record 5000\): field 'total' wants float64, got "7"$/,
    },
  );
});

test('a value of another type is told with its state, and the line that gives it', async () => {
  const states = {
    v: value(t.int32),
    n: value(t.nullable(t.string)),
    b: value(t.int64),
    at: value(t.timestamp),
    l: list(Alert),
    m: map(t.string, t.date),
    d: map(type<string>(), t.int32),
    r: reducing(t.boolean, () => 1 as unknown as boolean),
  };
  type Context = TimerContext<{ k: string }, typeof states, number>;
  const cases: readonly [string, string, (ctx: Context) => void][] = [
    ['FIELD_TYPE', "state 'v' wants int32, got 1.5", ({ state }) => state.v.set(1.5)],
    ['FIELD_TYPE', "state 'v' wants int32, got null", ({ state }) => state.v.set(null as never)],
    ['FIELD_TYPE', "state 'n' wants string or null, got 3", ({ state }) => state.n.set(3 as never)],
    ['FIELD_TYPE', 'a number: int64 is a bigint', ({ state }) => state.b.set(1 as never)],
    ['FIELD_TYPE', 'give its getTime\\(\\)', ({ state }) => state.at.set(new Date(0) as never)],
    [
      'FIELD_TYPE',
      `state 'l': field 'total' wants float64, got "x"`,
      ({ state }) => state.l.add({ user: 'a', total: 'x' as never }),
    ],
    ['FIELD_TYPE', "state 'l' wants a record, got 1", ({ state }) => state.l.set([1 as never])],
    ['FIELD_TYPE', "state 'm' wants date, got 1", ({ state }) => state.m.set('a', 1 as never)],
    ['FIELD_TYPE', "state 'm' wants string, got 1", ({ state }) => void state.m.get(1 as never)],
    [
      'KEY_INVALID',
      "state 'd': a key of a map cannot be [object Object]",
      ({ state }) => state.d.set({} as never, 1),
    ],
    [
      'FIELD_TYPE',
      "state 'r' wants boolean, got 1",
      ({ state }) => {
        state.r.add(true);
        state.r.add(false);
      },
    ],
    ['TIMESTAMP_INVALID', 'a timer wants a time', ({ timers }) => timers.eventTime(Number.NaN)],
    [
      'TIMESTAMP_INVALID',
      'a timer wants a time',
      ({ timers }) => timers.deleteProcessingTime('5' as never),
    ],
  ];
  for (const [code, text, act] of cases) {
    const message = new RegExp(
      `^operator 'process' \\(subtask 0, record 0\\): .*${text.replace(/[[\]]/g, '\\$&')}.*\n {4}at .*failures\\.test\\.ts:`,
    );
    await failing(
      (rows) =>
        rows.keyBy('k').process({
          emits: type<number>(),
          state: states,
          onRecord(_, ctx) {
            act(ctx as Context);
          },
          onTimer() {},
        }),
      { code, message },
    );
  }
});

test('timers without onTimer, and side outputs that nobody reads, are refused', async () => {
  await failing(
    (rows) =>
      rows.keyBy('k').process({
        emits: type<number>(),
        onRecord(_, ctx) {
          ctx.timers.eventTime(5);
        },
      }),
    { code: 'JOB_DEFINITION', message: /record 0\): ctx\.timers: timers need a function onTimer/ },
  );
  // A harness reads all that were made by sideOutput before.
  await failing(
    (rows) =>
      rows.keyBy('k').process({
        emits: type<number>(),
        onRecord(_, ctx) {
          ctx.output({ name: 'no such' } as typeof unread, 'x');
        },
      }),
    { code: 'JOB_DEFINITION', message: /nobody reads the side output 'no such'/ },
  );
  await failing(
    (rows) =>
      rows.keyBy('k').process({
        emits: type<number>(),
        onRecord(_, ctx) {
          ctx.output('a name' as unknown as typeof unread, 'x');
        },
      }),
    { code: 'JOB_DEFINITION', message: /output takes a side output, made by sideOutput\(name\)/ },
  );
});

test('state and context are of no use outside of the functions', async () => {
  type Kept = TimerContext<{ k: string }, { v: ReturnType<typeof value<number>> }, number>;
  let kept: Kept | null = null;
  const h = await harness<Row, number>((rows) =>
    rows.keyBy('k').process({
      emits: type<number>(),
      state: { v: value(t.int32) },
      onRecord(_, ctx) {
        kept = ctx as unknown as Kept;
      },
      onTimer() {},
    }),
  );
  h.push({ k: 'a', n: 1 });
  h.take();
  const uses: readonly [string, (ctx: Kept) => unknown][] = [
    ["state 'v'", ({ state }) => state.v.get()],
    ["state 'v'", ({ state }) => state.v.set(1)],
    ['ctx.emit', (ctx) => ctx.emit(1)],
    ['ctx.output', (ctx) => ctx.output(unread, 'x')],
    ['ctx.key', (ctx) => ctx.key],
    ['ctx.timers', ({ timers }) => timers.eventTime(1)],
  ];
  for (const [what, use] of uses) {
    assert.throws(() => use(kept!), {
      code: 'JOB_DEFINITION',
      message: new RegExp(`^${what} was used outside of the function that is called for`),
    });
  }
});

test('open and close that throw are told with their operator', async () => {
  const build = (part: 'open' | 'close') => (rows: Stream<Row>) =>
    rows.keyBy('k').process({
      emits: type<number>(),
      onRecord() {},
      [part]() {
        throw new Error(`no ${part}`);
      },
    });
  await assert.rejects(harness<Row, number>(build('open')), {
    code: 'USER_FUNCTION',
    message: /^operator 'process'.*no open/,
  });
  const h = await harness<Row, number>(build('close'));
  await assert.rejects(h.end(), { code: 'USER_FUNCTION', message: /'process'.*no close/ });
});

test('a value that cannot go into a snapshot is told with operator and state', async () => {
  const h = await harness<Row, number>((rows) =>
    rows.keyBy('k').process({
      emits: type<number>(),
      state: { code: value(type<() => void>()) },
      onRecord(_, ctx) {
        ctx.state.code.set(() => {});
      },
    }),
  );
  h.push({ k: 'a', n: 1 });
  await assert.rejects(h.restart(), {
    code: 'VALUE_NOT_TRANSFERABLE',
    message: /^operator 'process': state 'code': /,
  });
});

test('definitions that are wrong are refused where they stand', async () => {
  const define = (definition: object) => () =>
    harness<Row, unknown>((rows) => rows.keyBy('k').process(definition as never));
  const onRecord = (): void => {};
  const emits = type<number>();
  const cases: readonly [object, RegExp][] = [
    [{ emits }, /^process: onRecord is a function, got undefined/],
    [{ onRecord }, /^process: emits is record\(\{ \.\.\. \}\), or type<T>\(\)/],
    [{ emits: t.int32, onRecord }, /^process: emits is record.*such as type<number>\(\)/],
    [onRecord, /^process takes \{ emits, onRecord \}, got \[Function/],
    [{ emits, onRecord, onTime: onRecord }, /^process: unknown option 'onTime'/],
    [{ emits, onRecord: async () => {} }, /^process: onRecord is not async/],
    [{ emits, onRecord, onTimer: async () => {} }, /^process: onTimer is not async/],
    [{ emits, onRecord, onTimer: 1 }, /^process: onTimer is a function, got 1/],
    [{ emits, onRecord, state: { a: t.int32 } }, /^process: state 'a' is made by value/],
    [{ emits, onRecord, state: 5 }, /^process: state is an object/],
  ];
  for (const [definition, message] of cases) {
    await assert.rejects(define(definition), { code: 'JOB_DEFINITION', message });
  }
  const states: readonly [() => unknown, RegExp][] = [
    [() => value('int32' as never), /^value has a type such as t\.float64/],
    [() => value(t.int32, { tll: 1 } as never), /^value: unknown option 'tll'/],
    [() => value(t.int32, { default: 'x' as never }), /^value: default is of the type/],
    [() => value(t.int32, { ttl: '5 parsecs' as never }), /^value: ttl must be milliseconds/],
    [() => value(t.int32, { ttl: 0 }), /^value: ttl is longer than 0/],
    [() => list(t.int32, { ttl: { duration: 1, refresh: 'x' as never } }), /refresh is one of/],
    [() => list(t.int32, { ttl: { duration: 1, cleanup: { incremental: -1 } } }), /incremental/],
    [() => map(Alert as never, t.int32), /^map: the type of the keys is one of t/],
    [() => reducing(t.int32, 5 as never), /^reducing: the function is a function/],
    [() => aggregating({ create: () => 0 } as never), /^aggregating: add is a function/],
  ];
  for (const [make, message] of states) {
    assert.throws(make, { code: 'JOB_DEFINITION', message });
  }
});

test('a key field whose name begins with # is refused before a step with state', async () => {
  const Named = record({ '#index': t.string, n: t.int32 });
  type Named = RowOf<typeof Named>;
  const emits = type<number>();
  const keyed = (rows: Stream<Named>) => rows.keyBy('n', '#index');
  const one = pattern<Named>().begin('one', () => true);
  const steps: readonly ((rows: Stream<Named>) => RowStream<unknown>)[] = [
    (rows) => keyed(rows).process({ emits, state: { n: value(t.int32) }, onRecord() {} }),
    (rows) => keyed(rows).sum('n'),
    (rows) =>
      keyed(rows)
        .window(session(1))
        .aggregate(({ count }) => ({ rows: count() })),
    (rows) =>
      keyed(rows)
        .window(tumblingCount(1))
        .aggregate(({ count }) => ({ rows: count() })),
    (rows) =>
      keyed(rows)
        .match(one)
        .select(() => 1),
    (rows) =>
      keyed(rows)
        .intervalJoin(keyed(rows))
        .between(-1, 1)
        .process(() => 1),
  ];
  for (const step of steps) {
    await assert.rejects(harness<Named, unknown>(step, { schema: Named }), {
      code: 'JOB_DEFINITION',
      message: /keyBy\('#index'\): .* give it another name by \.map\(\.\.\.\) before keyBy$/,
    });
  }
  const h = await harness<Named, unknown>((rows) =>
    rows
      .keyBy('#index')
      .window(tumbling(10))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  );
  h.push({ '#index': 'a', n: 1 }, 1);
  await h.restart();
  h.push({ '#index': 'a', n: 2 }, 2);
  h.watermark(10);
  assert.deepEqual(h.takeRecords(), [{ '#index': 'a', windowStart: 0, windowEnd: 10, sum: 3 }]);
});
