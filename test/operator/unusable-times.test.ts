/** Records without an event time, or with one that no record can have, in windows and joins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cumulating, session, sliding, tumbling } from '../../src/api/windows.ts';
import { EVENT_TIME_MAX } from '../../src/base/limits.ts';
import { record, t } from '../../src/data/schema.ts';
import { type Harness, harness } from '../../src/testing/harness.ts';
import { type Harness2, harness2 } from '../../src/testing/harness2.ts';

const Click = record({ k: t.string, v: t.int32 });
type Click = { k: string; v: number };

const UNUSABLE: readonly [time: number, message: RegExp][] = [
  [Number.NaN, /record 2\): the record has no event time/],
  [Infinity, /record 2\): the event time of the record is Infinity/],
  [-Infinity, /record 2\): the event time of the record is -Infinity/],
  [1.7e18, /record 2\): the event time of the record is 1700000000000000000; .* divide/],
  [-1.7e18, /record 2\): the event time of the record is -1700000000000000000; /],
  [1e21, /record 2\): the event time of the record is 1e\+21; /],
];

/** The third of four records has an unusable time. */
function refuses(h: Harness<Click, unknown>, time: number, message: RegExp): void {
  for (const at of [5, 7, time, 8]) h.push({ k: 'a', v: 1 }, at);
  assert.throws(() => h.take(), { code: 'TIMESTAMP_INVALID', message });
}

for (const parallelism of [1, 2]) {
  for (const window of [tumbling(10), sliding(30, 10), sliding(5, 10)]) {
    test(`aggregates over ${window.sizeMs} ms every ${window.slideMs} refuse a record, ${parallelism} subtasks`, async () => {
      for (const [time, message] of UNUSABLE) {
        const h = await harness<Click, unknown>(
          (stream) =>
            stream
              .keyBy('k')
              .window(window)
              .aggregate(({ count }) => ({ n: count() })),
          { parallelism, batchSize: 'all' },
        );
        refuses(h, time, message);
      }
    });
  }

  test(`the least and the greatest event time have their windows, in ${parallelism} subtasks`, async () => {
    const h = await harness<Click, { windowStart: number; n: number }>(
      (stream) =>
        stream
          .keyBy('k')
          .window(tumbling(7))
          .aggregate(({ count }) => ({ n: count() })),
      { parallelism },
    );
    const times = [-EVENT_TIME_MAX, EVENT_TIME_MAX];
    for (const time of times) h.push({ k: 'a', v: 1 }, time);
    await h.end();
    assert.deepEqual(
      h.takeRecords().map(({ windowStart, n }) => [windowStart, n]),
      times.map((time) => [Math.floor(time / 7) * 7, 1]),
    );
  });
}

for (const window of [tumbling(10), sliding('1 s', '100 ms'), cumulating(30, 10), session(10)]) {
  test(`a reduce over ${window.kind} windows refuses a record`, async () => {
    for (const [time, message] of UNUSABLE) {
      const h = await harness<Click, Click>(
        (stream) =>
          stream
            .keyBy('k')
            .window(window)
            .reduce((a) => a),
        { batchSize: 'all' },
      );
      refuses(h, time, message);
    }
  });
}

test('a record that a timer of processing time has emitted has no event time for a window', async () => {
  const h = await harness<Click, unknown>(
    (stream) =>
      stream
        .keyBy('k')
        .process({
          emits: Click,
          onRecord(click, ctx) {
            ctx.emit(click);
            ctx.timers.processingTime(10);
          },
          onTimer: (_time, ctx) => ctx.emit({ k: ctx.key.k, v: 0 }),
        })
        .keyBy('k')
        .window(tumbling(10))
        .aggregate(({ count }) => ({ n: count() })),
    { parallelism: 2 },
  );
  h.push({ k: 'a', v: 1 }, 5);
  const fire = (): void => {
    h.processingTime(20);
    h.take();
  };
  assert.throws(fire, {
    code: 'TIMESTAMP_INVALID',
    message: /record 1\): the record has no event time/,
  });
});

const joins: Readonly<Record<string, () => Promise<Harness2<Click, Click, string>>>> = {
  'an interval join': () =>
    harness2<Click, Click, string>(
      (a, b) =>
        a
          .keyBy('k')
          .intervalJoin(b.keyBy('k'))
          .between(-1, 1)
          .process(({ k }) => k),
      { batchSize: 'all' },
    ),
  'a join of sliding windows': () =>
    harness2<Click, Click, string>(
      (a, b) =>
        a
          .join(b)
          .on('k', 'k')
          .window(sliding('1 s', '100 ms'))
          .apply(({ k }) => k),
      { batchSize: 'all' },
    ),
  'a join of sessions': () =>
    harness2<Click, Click, string>(
      (a, b) =>
        a
          .join(b)
          .on('k', 'k')
          .window(session('1 s'))
          .apply(({ k }) => k),
      { batchSize: 'all' },
    ),
};

for (const [what, made] of Object.entries(joins)) {
  test(`${what} refuses a record of either side`, async () => {
    for (const [time, message] of UNUSABLE) {
      for (const push of ['pushFirst', 'pushSecond'] as const) {
        const h = await made();
        for (const at of [5, 7, time, 8]) h[push]({ k: 'a', v: 1 }, at);
        assert.throws(() => h.take(), { code: 'TIMESTAMP_INVALID', message });
      }
    }
  });
}
