/** What functions of windows keep: state of keys, a value for each window; and windows that a function tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { countEvictor } from '../../src/api/evictors.ts';
import type { KeyedStream } from '../../src/api/keyed-stream.ts';
import { list, value } from '../../src/api/state.ts';
import { countTrigger } from '../../src/api/triggers.ts';
import {
  customWindow,
  globalWindow,
  session,
  tumbling,
  type WindowBounds,
} from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';
import { push, Row } from './window-records.ts';

/** The rows that came out, as text of their values. */
function taken(h: Harness<Row, unknown>): string[] {
  return h
    .take()
    .flatMap((element) =>
      'record' in element ? [Object.values(element.record as object).join(' ')] : [],
    )
    .sort();
}

const sumOf = (rows: readonly Row[]): number => rows.reduce((sum, { v }) => sum + v, 0);

inEveryMode(
  'state of a key goes on from window to window',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .process({
        emits: record({ k: t.string, total: t.float64 }),
        state: { total: value(t.float64, { default: 0 }) },
        onWindow(ctx, windowRows) {
          const total = ctx.state.total.update((before) => before + sumOf(windowRows));
          ctx.emit({ k: ctx.key.k, total });
        },
      }),
  (h) => {
    push(h, 'a 1@1, b 5@2, a 2@3, a 4@11');
    h.watermark(9);
    assert.deepEqual(taken(h), ['a 3', 'b 5']);
    push(h, 'b 1@12');
    h.watermark(30);
    assert.deepEqual(taken(h), ['a 7', 'b 6']);
    push(h, 'a 10@31, c 1@32');
    h.watermark(50);
    assert.deepEqual(taken(h), ['a 17', 'c 1']);
  },
);

/** How often a window has fired, and which windows of the key are over. */
const Firing = record({
  k: t.string,
  windowStart: t.timestamp,
  firings: t.int32,
  v: t.int32,
  over: t.string,
});
const counting = {
  emits: Firing,
  state: { over: list(t.float64) },
  windowState: () => ({ firings: 0 }),
};

inEveryMode(
  'a value for each window, from its first record to its end and the lateness behind it',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .allowedLateness(20)
      .process({
        ...counting,
        onWindow(ctx, windowRows) {
          ctx.windowState.firings++;
          const over = ctx.state.over.get().join();
          const { firings } = ctx.windowState;
          ctx.emit({
            k: ctx.key.k,
            windowStart: ctx.windowStart,
            firings,
            v: sumOf(windowRows),
            over,
          });
        },
        onClear(ctx) {
          ctx.state.over.add(ctx.windowStart + ctx.windowState.firings);
        },
      }),
  (h) => {
    push(h, 'a 1@1, b 7@2, a 2@12');
    h.watermark(9);
    assert.deepEqual(taken(h), ['a 0 1 1 ', 'b 0 1 7 ']);
    push(h, 'a 5@3');
    assert.deepEqual(taken(h), ['a 0 2 6 ']);
    h.watermark(28);
    assert.deepEqual(taken(h), ['a 10 1 2 ']);
    h.watermark(29);
    push(h, 'a 8@13, b 1@14');
    assert.deepEqual(taken(h), ['a 10 2 10 2', 'b 10 1 1 1']);
    h.watermark(100);
    push(h, 'a 0@101');
    h.watermark(200);
    assert.deepEqual(taken(h), ['a 100 1 0 2,12']);
  },
);

for (const [name, isEvicting] of [
  ['accumulators', false],
  ['rows, for an evictor', true],
] as const) {
  inEveryMode(
    `a function behind aggregates has them too: of ${name}`,
    Row,
    (rows) => {
      const counts = rows.keyBy('k').window(globalWindow()).trigger(countTrigger(2));
      return (isEvicting ? counts.evictor(countEvictor(100)) : counts).aggregate(
        ({ sum }) => ({ total: sum('v') }),
        {
          emits: record({ k: t.string, total: t.float64, before: t.float64, firings: t.int32 }),
          state: { last: value(t.float64, { default: -1 }) },
          windowState: () => 0,
          onWindow(ctx, { k, total }) {
            ctx.windowState++;
            ctx.emit({ k, total, before: ctx.state.last.get(), firings: ctx.windowState });
            ctx.state.last.set(total);
          },
        },
      );
    },
    (h) => {
      push(h, 'a 1@1, a 2@2, b 3@3, a 4@4, a 5@5, b 6@6');
      assert.deepEqual(taken(h), ['a 12 3 2', 'a 3 -1 1', 'b 9 -1 1']);
    },
  );
}

inEveryMode(
  'state of windows of all records, reduced before',
  Row,
  (rows) =>
    rows.windowAll(tumbling(10)).reduce((so, row) => ({ k: so.k, v: so.v + row.v }), {
      emits: type<{ v: number; windows: number }>(),
      state: { windows: value(t.int32, { default: 0 }) },
      onWindow(ctx, { v }) {
        ctx.emit({ v, windows: ctx.state.windows.update((n) => n + 1) });
      },
    }),
  (h) => {
    push(h, 'a 1@1, b 5@2');
    h.watermark(9);
    push(h, 'a 7@12');
    h.watermark(19);
    assert.deepEqual(taken(h), ['6 1', '7 2']);
  },
);

inEveryMode(
  'sessions have state of their key',
  Row,
  (rows) =>
    rows
      .keyBy((row) => row.v % 2)
      .window(session(5))
      .process({
        emits: type<{ key: unknown; sessions: number; rows: number }>(),
        state: { sessions: value(t.int32, { default: 0 }) },
        onWindow(ctx, windowRows) {
          const sessions = ctx.state.sessions.update((n) => n + 1);
          ctx.emit({ key: ctx.key.key, sessions, rows: windowRows.length });
        },
      }),
  (h) => {
    push(h, 'a 1@0, a 3@4, a 2@1, a 5@20, a 7@30');
    h.watermark(25);
    assert.deepEqual(taken(h), ['0 1 1', '1 1 2', '1 2 1']);
    h.watermark(100);
    assert.deepEqual(taken(h), ['1 3 1']);
  },
);

test('state stays with its key when keys without windows are forgotten', async () => {
  const h = await harness<Row, { k: string; n: number }>((rows) =>
    (rows.as(Row).keyBy('k') as unknown as KeyedStream<Row, { k: string }>)
      .window(tumbling(10))
      .process({
        emits: type<{ k: string; n: number }>(),
        state: { n: value(t.int32, { default: 0 }) },
        onWindow: (ctx) =>
          ctx.emit({ k: ctx.key.k, n: ctx.state.n.update((n) => n + Number(ctx.key.k.slice(1))) }),
      }),
  );
  for (let round = 1; round <= 3; round++) {
    for (let key = 0; key < 9000; key += round) h.push({ k: `k${key}`, v: 0 }, round * 10);
    h.watermark(round * 10 + 9);
    for (const element of h.take()) {
      if (!('record' in element)) continue;
      const { k, n } = element.record;
      const key = Number(k.slice(1));
      const seen = [1, 2, 3].filter((each) => each <= round && key % each === 0).length;
      assert.equal(n, key * seen);
    }
  }
});

const Shift = record({ k: t.string, from: t.timestamp, to: t.timestamp });

inEveryMode(
  'windows of the records themselves',
  Shift,
  (rows) =>
    rows
      .keyBy('k')
      .window(customWindow({ assign: ({ from, to }) => [{ windowStart: from, windowEnd: to }] }))
      .aggregate(({ count }) => ({ shifts: count() })),
  (h) => {
    h.push({ k: 'a', from: 0, to: 8 }, 1);
    h.push({ k: 'a', from: 0, to: 16 }, 1);
    h.push({ k: 'a', from: 0, to: 8 }, 5);
    h.watermark(7);
    h.push({ k: 'a', from: 0, to: 8 }, 7);
    h.watermark(15);
    const rows = h.take().flatMap((element) => ('record' in element ? [element.record] : []));
    assert.deepEqual(rows, [
      { k: 'a', windowStart: 0, windowEnd: 8, shifts: 2 },
      { k: 'a', windowStart: 0, windowEnd: 16, shifts: 1 },
    ]);
  },
);

inEveryMode(
  'a window that a function gives twice for a record has it once',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(
        customWindow({
          assign({ v }) {
            const window = { windowStart: 0, windowEnd: 10 };
            const other = { windowStart: v, windowEnd: 10 };
            return [window, other, { ...window }, window, other];
          },
        }),
      )
      .aggregate(({ collect }) => ({ all: collect('v') })),
  async (h) => {
    for (const v of [0, 1, 2, 0, 1]) h.push({ k: 'a', v }, v);
    await h.end();
    const rows = h
      .takeRecords()
      .map(({ windowStart, windowEnd, all }) => [`${windowStart} to ${windowEnd}`, all]);
    assert.deepEqual(Object.fromEntries(rows), {
      '0 to 10': [0, 1, 2, 0, 1],
      '1 to 10': [1, 1],
      '2 to 10': [2],
    });
    assert.equal(rows.length, 3);
  },
);

test('a window that a function gives twice is one, where windows merge', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .window(
        customWindow({
          merges: true,
          assign: (_, at) => [at, at].map((from) => ({ windowStart: from, windowEnd: from + 5 })),
        }),
      )
      .aggregate(({ count }) => ({ n: count() })),
  );
  for (const at of [1, 4]) h.push({ k: 'a', v: 0 }, at);
  await h.end();
  assert.deepEqual(h.takeRecords(), [{ k: 'a', windowStart: 1, windowEnd: 9, n: 2 }]);
});

for (const [what, bounds, merges, message] of [
  ['an end before the start', [{ windowStart: 5, windowEnd: 5 }], false, /begins before its end/],
  ['a bound that is no number', [{ windowStart: '1', windowEnd: 5 }], false, /windowStart "1"/],
  ['no bounds', [7], false, /gives \{ windowStart, windowEnd \}, got 7/],
  ['nothing to go over', 7, false, /the windows of a record in a list, got 7/],
  ['no window, where windows merge', [], true, /one window a record/],
  [
    'two windows, where windows merge',
    [
      { windowStart: 1, windowEnd: 5 },
      { windowStart: 2, windowEnd: 6 },
    ],
    true,
    /one window a record/,
  ],
] as const) {
  test(`a function that tells windows gives ${what}`, async () => {
    const h = await harness<Row>((rows) =>
      rows
        .keyBy('k')
        .window(
          customWindow({
            merges,
            assign: ({ v }) =>
              (v === 1 ? bounds : [{ windowStart: 0, windowEnd: 9 }]) as unknown as WindowBounds[],
          }),
        )
        .aggregate(({ count }) => ({ n: count() })),
    );
    h.push({ k: 'a', v: 0 }, 1);
    h.push({ k: 'a', v: 1 }, 2);
    assert.throws(() => h.take(), { code: 'USER_FUNCTION', message });
  });
}

test('mistakes in a function of windows are told where it is defined', async () => {
  const emits = type<number>();
  const onWindow = (): void => {};
  const define = (process: object, window = tumbling(10) as never) =>
    harness<Row>((rows) =>
      rows
        .keyBy('k')
        .window(window)
        .process(process as { emits: typeof emits; onWindow(): void }),
    );
  for (const [process, window, message] of [
    [{ emits, onWindow, windowState: 0 }, tumbling(10), /windowState/],
    [
      { emits, onWindow, windowState: () => 0 },
      session(5),
      /windowState is left out where windows merge/,
    ],
    [
      { emits, onWindow, windowState: () => 0 },
      customWindow({ merges: true, assign: () => [] }),
      /windowState is left out where windows merge/,
    ],
    [{ emits, onWindow, onClear: 1 }, tumbling(10), /onClear/],
    [{ emits, onWindow, state: { x: 1 } }, tumbling(10), /state 'x'/],
    [{ emits, onWindow, onEnd: onWindow }, tumbling(10), /onEnd/],
  ] as const) {
    await assert.rejects(define(process, window as never), { code: 'JOB_DEFINITION', message });
  }
  assert.throws(() => customWindow({} as never), { code: 'JOB_DEFINITION', message: /assign/ });
});

test('what a function of windows throws when a window is over tells the operator', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .process({
        emits: type<number>(),
        onWindow: () => {},
        onClear() {
          throw new TypeError('not clear');
        },
      })
      .name('shifts'),
  );
  push(h, 'a 1@1');
  assert.throws(() => h.watermark(20), {
    code: 'USER_FUNCTION',
    message: /shifts.*not clear/s,
  });
});

test('a promise that a function of windows returns is refused, for nothing waits for it', async () => {
  const later = (): Promise<void> => Promise.resolve();
  const emits = type<number>();
  for (const process of [
    { emits, onWindow: later },
    { emits, onWindow: () => {}, onClear: later },
  ]) {
    const h = await harness<Row>((rows) => rows.keyBy('k').window(tumbling(10)).process(process));
    push(h, 'a 1@1');
    assert.throws(() => h.watermark(20), { code: 'USER_FUNCTION', message: /returned a promise/ });
  }
});

inEveryMode(
  'the value of a window, and that of a state, are rows as they were when they were emitted',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(countTrigger(1))
      .process({
        emits: type<{ of: string; values: number[] }>(),
        state: { all: value(type<{ of: string; values: number[] }>()) },
        windowState: () => ({ of: 'window', values: [] as number[] }),
        onWindow({ windowState, state, emit }, windowRows) {
          const { v } = windowRows.at(-1)!;
          windowState.values.push(v);
          emit(windowState);
          const all = state.all.get() ?? { of: 'key', values: [] };
          all.values.push(v);
          state.all.set(all);
          emit(all);
        },
      }),
  (h) => {
    push(h, 'a 1@1, b 2@1, a 3@2, a 4@3');
    const values = ['1', '1,3', '1,3,4', '2'];
    assert.deepEqual(
      taken(h),
      ['key', 'window'].flatMap((of) => values.map((text) => `${of} ${text}`)),
    );
  },
);
