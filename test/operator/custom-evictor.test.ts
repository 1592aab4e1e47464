/** Evictors by functions: which rows they see, which stay, and mistakes in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type } from '../../src/api/emits.ts';
import { customEvictor } from '../../src/api/evictors.ts';
import type { Stream } from '../../src/api/stream.ts';
import { countTrigger } from '../../src/api/triggers.ts';
import { globalWindow, session, tumbling } from '../../src/api/windows.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, type Mode } from '../modes.ts';
import { keyed, shown } from './sides.ts';
import { push, Row } from './window-records.ts';

const inOrder = ({ batchSize, parallelism }: Mode): boolean => batchSize === 1 || parallelism === 1;

const values = {
  emits: type<string>(),
  onWindow: (
    ctx: { readonly key: { k: string }; emit(row: string): void },
    rows: readonly Row[],
  ): void => ctx.emit(`${ctx.key.k} ${rows.map(({ v }) => v)}`),
};

inEveryMode(
  'rows that a function does not give back are gone, before a firing and behind it',
  Row,
  (rows) =>
    keyed(rows)
      .window(globalWindow())
      .trigger(countTrigger(2))
      .evictor(
        customEvictor({
          before: (all) => all.filter(({ row }) => row.v > 0),
          after: (all) => all.slice(-3),
        }),
      )
      .process(values),
  (h) => {
    push(h, 'a -1@1, a 1@2, a 2@3, a 3@4, b -2@5, b -1@6');
    assert.deepEqual(shown(h.take()), ['a 1,2,3@4', 'a 1@2', 'b @6']);
    push(h, 'a 4@7, a 5@8, b 1@9, b 0@10');
    assert.deepEqual(shown(h.take()), ['a 1,2,3,4,5@8', 'b 1@10']);
    push(h, 'a 6@11, a 7@12');
    assert.deepEqual(shown(h.take()), ['a 3,4,5,6,7@12']);
  },
  inOrder,
);

inEveryMode(
  'a function sees times, bounds and the watermark, of sessions that have merged too',
  Row,
  (rows) =>
    keyed(rows)
      .window(session(5))
      .allowedLateness(100)
      .evictor(
        customEvictor({
          before: (all, { windowStart, windowEnd, watermark }) =>
            all.filter(
              ({ timestamp }) =>
                timestamp > windowStart && timestamp < windowEnd - 5 && watermark >= windowEnd - 1,
            ),
        }),
      )
      .aggregate(({ count, sum }) => ({ n: count(), sum: sum('v') })),
  (h) => {
    push(h, 'a 1@1, a 2@3, a 4@8');
    push(h, 'a 8@5');
    h.watermark(20);
    const session = { k: 'a', windowStart: 1, windowEnd: 13 };
    assert.deepEqual(h.takeRecords(), [{ ...session, n: 2, sum: 10 }]);
    push(h, 'a 16@2');
    assert.deepEqual(h.takeRecords(), [{ ...session, n: 3, sum: 26 }]);
  },
);

test('of windows without bounds, and of those by the clock', async () => {
  const seen: unknown[] = [];
  const look = customEvictor<Row>({
    *before(all, { windowStart, windowEnd, processingTime }) {
      seen.push([windowStart, windowEnd, processingTime, all.map(({ timestamp }) => timestamp)]);
      yield* all;
    },
  });
  const clocked = { time: 'processing' } as const;
  for (const build of [
    (rows: Stream<Row>) => keyed(rows).window(globalWindow()).trigger(countTrigger(1)),
    (rows: Stream<Row>) => keyed(rows).window(tumbling(10, clocked)),
  ]) {
    const h = await harness<Row, Row>((rows) =>
      build(rows)
        .evictor(look)
        .reduce((a) => a),
    );
    h.processingTime(3);
    push(h, 'a 1@7');
    h.take();
    h.processingTime(12);
    assert.deepEqual(h.takeRecords().length, seen.length === 1 ? 0 : 1);
  }
  assert.deepEqual(seen, [
    [-Infinity, Infinity, 3, [7]],
    [0, 10, 12, [3]],
  ]);
});

for (const [what, answer, message] of [
  ['nothing', undefined, /picky.*before of an evictor gives the rows that stay.*got undefined/s],
  ['rows without their times', [{ k: 'a', v: 1 }], /picky.*rows back as it was given them.*got/s],
  ['a promise', Promise.resolve([]), /picky.*returned a promise/s],
] as const) {
  test(`a function that gives back ${what} is refused`, async () => {
    const h = await harness<Row, Row>((rows) =>
      keyed(rows)
        .window(tumbling(10))
        .evictor(customEvictor({ before: () => answer as never }))
        .reduce((a) => a)
        .name('picky'),
    );
    push(h, 'a 1@1');
    assert.throws(() => h.watermark(20), { code: 'USER_FUNCTION', message });
  });
}

test('mistakes are told where the evictor is made', () => {
  for (const [evictor, message] of [
    [{}, /customEvictor has before, after, or both/],
    [{ during: () => [] }, /customEvictor.*during/],
    [{ before: 5 }, /customEvictor: before/],
    [{ after: async () => [] }, /customEvictor: after/],
    [null, /customEvictor/],
  ] as const) {
    assert.throws(() => customEvictor(evictor as never), { code: 'JOB_DEFINITION', message });
  }
});
