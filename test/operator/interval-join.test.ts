/** Interval joins: the cases of the semantics in every mode, against a slow model, their state, their errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sideOutput } from '../../src/api/side-output.ts';
import type { Stream } from '../../src/api/stream.ts';
import { EngineError, UserFunctionError } from '../../src/base/errors.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import type { SignedDuration } from '../../src/time/duration.ts';
import { inEveryMode2, MODES2, sorted, WITHOUT_RESTARTS } from '../modes.ts';

type Left = { id: string; l: number };
type Right = { key: string; r: number };
const Left = record({ id: t.string, l: t.int32 });
const Right = record({ r: t.float64, key: t.string });

type Bounds = readonly [lower: SignedDuration, upper: SignedDuration, isExclusive?: boolean];

const lateLeft = sideOutput<Left>('late left');
const lateRight = sideOutput<Right>('late right');

const joined =
  ([lower, upper, isExclusive = false]: Bounds) =>
  (a: Stream<Left>, b: Stream<Right>) =>
    a
      .keyBy('id')
      .intervalJoin(b.keyBy('key'))
      .between(lower, upper, { lowerExclusive: isExclusive, upperExclusive: isExclusive })
      .lateLeftTo(lateLeft)
      .lateRightTo(lateRight)
      .process(({ l, id }, { r }) => `${id}${l}-${r}`);

const CASES: readonly [bounds: Bounds, pairs: string][] = [
  [[-2, -1], '2-1 3-1 3-2 4-2 4-3'],
  [[-1, 1], '1-1 1-2 2-1 2-2 2-3 3-2 3-3 3-4 4-3 4-4'],
  [[1, 2], '1-2 1-3 2-3 2-4 3-4'],
  [[-3, -1, true], '3-1 4-2'],
  [[-1, 1, true], '1-1 2-2 3-3 4-4'],
  [[1, 3, true], '1-3 2-4'],
];

/** The pairs as elements: at the greater of both times. */
function elementsOf(pairs: string): object[] {
  return pairs.split(' ').map((pair) => ({
    record: `k${pair}`,
    timestamp: Math.max(...pair.split('-').map(Number)),
  }));
}

for (const [bounds, pairs] of CASES) {
  for (const order of ['left first', 'right first', 'in turn'] as const) {
    inEveryMode2(
      `elements 1 to 4 on both sides within ${bounds.join(', ')}, ${order}`,
      Left,
      Right,
      joined(bounds),
      async (h) => {
        const left = (n: number) => h.pushFirst({ id: 'k', l: n }, n);
        const right = (n: number) => h.pushSecond({ key: 'k', r: n }, n);
        const all = [1, 2, 3, 4];
        if (order === 'in turn') {
          for (const n of all) {
            left(n);
            h.watermarkFirst(n);
            right(n);
            h.watermarkSecond(n);
          }
        } else {
          all.forEach(order === 'left first' ? left : right);
          all.forEach(order === 'left first' ? right : left);
        }
        await h.end();
        const records = h.take().filter((element) => 'record' in element);
        assert.deepEqual(sorted(records), sorted(elementsOf(pairs)));
        assert.deepEqual(
          h.take(lateLeft).filter((element) => 'record' in element),
          [],
        );
      },
      // Each case is the same for all; one of them in all modes, the others in the hardest.
      (mode) => order === 'in turn' || (mode.batchSize === 1 && mode.outputCapacity === 1),
    );
  }
}

for (const [lowerExclusive, upperExclusive, partners] of [
  [true, true, [-0.5, 0, 0.5, 0.999]],
  [true, false, [-0.5, 0, 0.5, 0.999, 1]],
  [false, true, [-1, -0.5, 0, 0.5, 0.999]],
  [false, false, [-1, -0.5, 0, 0.5, 0.999, 1]],
] as const) {
  for (const isLeftFirst of [true, false]) {
    const kinds = [lowerExclusive, upperExclusive].map((is) => (is ? 'exclusive' : 'inclusive'));
    inEveryMode2(
      `bounds that are ${kinds.join(' and ')}, between any two times, ${isLeftFirst ? 'left' : 'right'} first`,
      Left,
      Right,
      (a, b) =>
        a
          .keyBy('id')
          .intervalJoin(b.keyBy('key'))
          .between(-1, 1, { lowerExclusive, upperExclusive })
          .process(({ l }, { r }) => r - l),
      async (h) => {
        // The times of the first are in one pane, those of the second in two.
        for (const at of [10, 1000]) {
          const key = `k${at}`;
          const left = () => h.pushFirst({ id: key, l: at }, at);
          const right = () => {
            for (const apart of [-1, -0.5, 0, 0.5, 0.999, 1]) {
              h.pushSecond({ key, r: at + apart }, at + apart);
            }
          };
          for (const push of isLeftFirst ? [left, right] : [right, left]) push();
        }
        await h.end();
        const apart = [...partners, ...partners].map((by) => by.toFixed(3)).sort();
        assert.deepEqual(
          h
            .takeRecords()
            .map((by) => by.toFixed(3))
            .sort(),
          apart,
        );
      },
      (mode) => mode.batchSize !== 7,
    );
  }
}

inEveryMode2(
  'records below the watermark are late, each in the side output of its side; at it they are not',
  Left,
  Right,
  joined([-1, 1]),
  async (h) => {
    for (const n of [3]) {
      h.pushFirst({ id: 'k', l: n }, n);
      h.pushSecond({ key: 'k', r: n }, n);
    }
    h.watermarkFirst(3);
    h.watermarkSecond(3);
    h.pushFirst({ id: 'k', l: 1 }, 1);
    h.pushSecond({ key: 'k', r: 2 }, 2);
    for (const n of [4, 5]) {
      h.pushFirst({ id: 'k', l: n }, n);
      h.pushSecond({ key: 'k', r: n }, n);
    }
    // At the watermark: on time.
    h.pushSecond({ key: 'j', r: 3 }, 3);
    h.pushFirst({ id: 'j', l: 3 }, 3);
    await h.end();
    const expected = [
      ...elementsOf('3-3 3-4 4-3 4-4 4-5 5-4 5-5'),
      { record: 'j3-3', timestamp: 3 },
    ];
    const ofRecords = (elements: readonly object[]) => elements.filter((e) => 'record' in e);
    assert.deepEqual(sorted(ofRecords(h.take())), sorted(expected));
    assert.deepEqual(ofRecords(h.take(lateLeft)), [{ record: { id: 'k', l: 1 }, timestamp: 1 }]);
    assert.deepEqual(ofRecords(h.take(lateRight)), [{ record: { key: 'k', r: 2 }, timestamp: 2 }]);
    assert.equal(h.metrics().lateRecords, 0);
  },
);

inEveryMode2(
  'late records are counted where there is no side output; a record without a time is an error',
  Left,
  Right,
  (a, b) =>
    a
      .keyBy('id')
      .intervalJoin(b.keyBy('key'))
      .between(-1, 1)
      .process((l, r) => ({ ...l, ...r })),
  (h) => {
    h.watermarkFirst(10);
    h.watermarkSecond(7);
    h.pushFirst({ id: 'x', l: 1 }, 6);
    h.pushSecond({ key: 'x', r: 1 }, 6.5);
    h.pushSecond({ key: 'x', r: 1 }, 7);
    assert.deepEqual(h.take(), [{ watermark: 7 }]);
    assert.equal(h.metrics().lateRecords, 2);
    h.pushFirst({ id: 'y', l: 1 }, 8);
    assert.throws(
      () => {
        h.pushFirst({ id: 'y', l: 1 });
        h.take();
      },
      (error) => error instanceof EngineError && error.code === 'TIMESTAMP_INVALID',
    );
  },
);

inEveryMode2(
  'a function that emits: any number of rows, of a schema, with the times of both sides',
  Left,
  Right,
  (a, b) =>
    a
      .keyBy('id')
      .intervalJoin(b.keyBy('key'))
      .between('-5 ms', '5 ms')
      .process({
        emits: record({ text: t.string }),
        onPair(left, right, context) {
          const { leftTimestamp, rightTimestamp, timestamp } = context;
          for (let i = 0; i < left.l; i++) {
            context.emit({ text: `${right.r} ${leftTimestamp} ${rightTimestamp} ${timestamp}` });
          }
        },
      }),
  (h) => {
    h.pushFirst({ id: 'x', l: 2 }, 6);
    h.pushFirst({ id: 'x', l: 0 }, 6);
    h.pushSecond({ key: 'x', r: 9 }, 1);
    h.pushSecond({ key: 'x', r: 8 }, 12);
    h.pushFirst({ id: 'x', l: 1 }, 17);
    const got = h.take().map((element) => JSON.stringify(element));
    const row = (text: string, timestamp: number) => ({ record: { text }, timestamp });
    assert.deepEqual(
      got,
      [row('9 6 1 6', 6), row('9 6 1 6', 6), row('8 17 12 17', 17)].map((e) => JSON.stringify(e)),
    );
  },
);

test('an error of the function names the operator, the subtask and the record', async () => {
  const h = await harness2<Left, Right>((a, b) =>
    a
      .keyBy('id')
      .intervalJoin(b.keyBy('key'))
      .between(0, 0)
      .process(({ l }) => {
        if (l === 5) throw new TypeError('five');
        return l;
      })
      .name('pairing'),
  );
  for (let l = 0; l < 4; l++) h.pushFirst({ id: 'x', l }, 1);
  h.pushSecond({ key: 'x', r: 1 }, 1);
  assert.equal(h.takeRecords().length, 4);
  h.pushFirst({ id: 'y', l: 5 }, 1);
  h.pushFirst({ id: 'x', l: 5 }, 1);
  assert.throws(
    () => h.take(),
    (error) =>
      error instanceof UserFunctionError &&
      /'pairing' \(subtask 0, record 6\).*five/.test(error.message),
  );
});

/** Keys of all kinds on both sides. */
const KEYS: readonly [what: string, keys: readonly unknown[], kinds: readonly unknown[]][] = [
  ['ints', [1, 2, -3], [t.int32, t.float64]],
  ['numbers and texts', [1, 'a', 1.5, '1', 2], []],
  ['dates', [new Date(1), new Date(2)], [t.date]],
  ['bigints', [1n, 2n ** 60n], [t.int64]],
  ['booleans', [true, false], [t.boolean]],
  ['texts', ['a', 'ü', '漢', ''], [t.string]],
];

for (const [what, keys, kinds] of KEYS) {
  test(`${what} as keys, however the sides say what they are`, async () => {
    const schemas = [
      undefined,
      ...kinds.map((kind) => record({ k: kind as typeof t.int32, n: t.int32 })),
    ];
    for (const firstSchema of schemas) {
      for (const secondSchema of schemas) {
        for (const place of [
          { parallelism: 3 },
          { parallelism: 1, restartEach: [1, 2, 3] },
          { parallelism: 2, restartEach: [3] },
        ]) {
          const h = await harness2<{ k: number; n: number }, { k: number; n: number }>(
            (a, b) =>
              a
                .keyBy('k')
                .intervalJoin(b.keyBy('k'))
                .between(-1, 1)
                .process(({ n }, other) => `${n} ${other.n}`),
            {
              ...place,
              batchSize: 3,
              ...(firstSchema === undefined ? {} : { firstSchema }),
              ...(secondSchema === undefined ? {} : { secondSchema }),
            },
          );
          keys.forEach((k, n) => {
            h.pushFirst({ k: k as number, n }, 1);
          });
          keys.forEach((k, n) => {
            h.pushSecond({ k: k as number, n }, 2);
          });
          const expected = keys.map((_, n) => `${n} ${n}`);
          assert.deepEqual(h.takeRecords().sort(), expected.sort());
        }
      }
    }
  });
}

test('keys of one side are ints, those of the other are not, from some record on', async () => {
  for (const isLeft of [true, false]) {
    for (const restartEach of [[1], [2, 3], undefined]) {
      type Row = { k: unknown; n: number };
      const h = await harness2<Row, Row>(
        (a, b) =>
          a
            .keyBy((row) => row.k as number)
            .intervalJoin(b.keyBy((row) => row.k as number))
            .between(-5000, 5000)
            .process((one, other) => `${one.n + other.n}`),
        { batchSize: 2, ...(restartEach === undefined ? {} : { restartEach }) },
      );
      let n = 1;
      // Numbers that add up to one another in one way only.
      const push = (toLeft: boolean, keys: readonly unknown[], time: number) => {
        for (const k of keys) {
          if (toLeft === isLeft) h.pushFirst({ k, n }, time);
          else h.pushSecond({ k, n }, time);
          n *= 2;
        }
      };
      push(true, [1, 2], 1);
      push(false, [2, 1], 4000);
      push(false, ['x', 1], 5);
      push(true, [1, 3], 1500);
      push(false, [3, 'x'], 1);
      push(true, ['x', 2], 2);
      const pairs = [
        1 + 8,
        2 + 4,
        1 + 32,
        64 + 8,
        64 + 32,
        128 + 256,
        1024 + 16,
        1024 + 512,
        2048 + 4,
      ];
      assert.deepEqual(h.takeRecords().map(Number).sort(), pairs.sort());
    }
  }
});

type Key = 'a' | 'b' | 'c' | 'ü';
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      isLeft: fc.boolean(),
      key: fc.constantFrom<Key>('a', 'b', 'c', 'ü'),
      jitter: fc.integer({ min: -2500, max: 3500 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ isLeft: fc.boolean(), by: fc.integer({ min: -5, max: 4000 }) }),
  },
);

test('random records out of order, in every mode with restarts, against all pairs', async () => {
  for (const mode of MODES2) {
    if (mode.batchSize === 7) continue;
    const { isFirstTyped, isSecondTyped, ...options } = mode;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -3000, max: 3000 }),
        fc.integer({ min: 0, max: 4000 }),
        fc.array(step, { maxLength: 60 }),
        async (lower, length, steps) => {
          const h = await harness2<Left, Right, string>(joined([lower, lower + length]), {
            ...options,
            ...(isFirstTyped ? { firstSchema: Left } : {}),
            ...(isSecondTyped ? { secondSchema: Right } : {}),
          });
          const now = [0, 0];
          const reached = [-Infinity, -Infinity];
          const lefts: { n: number; key: Key; time: number }[] = [];
          const rights: { n: number; key: Key; time: number }[] = [];
          let late = 0;
          steps.forEach((each, n) => {
            const side = each.isLeft ? 0 : 1;
            if ('by' in each) {
              now[side]! += each.by;
              reached[side] = Math.max(reached[side]!, now[side]!);
              if (each.isLeft) h.watermarkFirst(now[side]!);
              else h.watermarkSecond(now[side]!);
              return;
            }
            const { key } = each;
            const time = now[side]! + each.jitter;
            if (each.isLeft) h.pushFirst({ id: key, l: n }, time);
            else h.pushSecond({ key, r: n }, time);
            if (time < Math.min(reached[0]!, reached[1]!)) late++;
            else (each.isLeft ? lefts : rights).push({ n, key, time });
          });
          await h.end();
          const expected = lefts.flatMap((left) =>
            rights
              .filter(
                ({ key, time }) =>
                  key === left.key &&
                  time >= left.time + lower &&
                  time <= left.time + lower + length,
              )
              .map((right) => `${left.key}${left.n}-${right.n}`),
          );
          assert.deepEqual(h.takeRecords().sort(), expected.sort());
          const lateRecords = [...h.take(lateLeft), ...h.take(lateRight)].filter(
            (element) => 'record' in element,
          );
          assert.equal(lateRecords.length, late);
        },
      ),
      { numRuns: 6, seed: 42 },
    );
  }
});

inEveryMode2(
  'an idle side does not hold the other back; the sides end one after the other',
  Left,
  Right,
  joined([-5, 5]),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 10);
    h.watermarkFirst(10);
    h.pushSecond({ key: 'a', r: 1 }, 8);
    h.idleSecond();
    assert.deepEqual(h.take(), [{ record: 'a1-1', timestamp: 10 }, { watermark: 10 }]);
    h.activeSecond();
    h.pushSecond({ key: 'a', r: 2 }, 13);
    h.watermarkSecond(13);
    h.watermarkFirst(12);
    assert.deepEqual(h.take(), [{ record: 'a1-2', timestamp: 13 }, { watermark: 12 }]);
    await h.endSecond();
    h.pushFirst({ id: 'a', l: 3 }, 17);
    assert.deepEqual(h.take(), [{ record: 'a3-2', timestamp: 17 }]);
    h.watermarkFirst(18);
    h.pushFirst({ id: 'a', l: 4 }, 18);
    await h.endFirst();
    assert.deepEqual(h.take(), [
      // Not late, but the watermark has let go of what it might have met.
      { watermark: 18 },
      { watermark: Infinity },
      { end: true },
    ]);
  },
  WITHOUT_RESTARTS,
);
