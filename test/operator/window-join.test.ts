/** Window joins and coGroup: pairs and groups by key and window, in every mode, against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Stream } from '../../src/api/stream.ts';
import { sliding, tumbling } from '../../src/api/windows.ts';
import { UserFunctionError } from '../../src/base/errors.ts';
import type { WindowSpec } from '../../src/operator/window/window.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode2, MODES2, sorted } from '../modes.ts';
import { at, groupText, Left, lateLeft, lateRight, Right, recordsOf } from './join-records.ts';

const joined = (window: WindowSpec) => (a: Stream<Left>, b: Stream<Right>) =>
  a
    .join(b)
    .on('id', 'key')
    .window(window)
    .lateLeftTo(lateLeft)
    .lateRightTo(lateRight)
    .apply(({ l, id }, { r }) => `${id}${l}-${r}`);

const grouped = (window: WindowSpec) => (a: Stream<Left>, b: Stream<Right>) =>
  a
    .coGroup(b)
    .on('id', 'key')
    .window(window)
    .apply((lefts, rights) => [groupText(lefts, rights)]);

inEveryMode2(
  'pairs of a tumbling window, when the watermark of both has passed it, at its end - 1',
  Left,
  Right,
  joined(tumbling(10)),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 0);
    h.pushFirst({ id: 'a', l: 2 }, 9);
    h.pushFirst({ id: 'b', l: 3 }, 5);
    h.pushFirst({ id: 'c', l: 4 }, 5);
    h.pushSecond({ key: 'a', r: 1 }, 7);
    h.pushSecond({ key: 'a', r: 2 }, 3);
    h.pushSecond({ key: 'a', r: 3 }, 10);
    h.pushSecond({ key: 'b', r: 4 }, 9);
    h.pushSecond({ key: 'd', r: 5 }, 5);
    h.watermarkFirst(30);
    h.watermarkSecond(8);
    assert.deepEqual(h.take(), [{ watermark: 8 }]);
    h.watermarkSecond(9);
    const first = ['a1-1', 'a1-2', 'a2-1', 'a2-2', 'b3-4'].map((pair) => at(pair, 9));
    assert.deepEqual(sorted(h.take()), sorted([...first, { watermark: 9 }]));
    h.pushFirst({ id: 'a', l: 5 }, 19);
    h.pushFirst({ id: 'a', l: 6 }, 9);
    h.pushSecond({ key: 'a', r: 6 }, 0);
    await h.end();
    assert.deepEqual(h.take(), [at('a5-3', 19), { watermark: Infinity }, { end: true }]);
    assert.deepEqual(recordsOf(h.take(lateLeft)), [at({ id: 'a', l: 6 }, 9)]);
    assert.deepEqual(recordsOf(h.take(lateRight)), [at({ key: 'a', r: 6 }, 0)]);
    assert.equal(h.metrics().lateRecords, 0);
  },
);

inEveryMode2(
  'rows of a sliding window meet in each window that holds both',
  Left,
  Right,
  joined(sliding(4, 2)),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 1);
    h.pushSecond({ key: 'a', r: 1 }, 2);
    h.pushSecond({ key: 'a', r: 2 }, 1);
    h.watermarkFirst(1);
    h.watermarkSecond(1);
    assert.deepEqual(sorted(h.take()), sorted([at('a1-2', 1), { watermark: 1 }]));
    h.pushFirst({ id: 'a', l: 2 }, 5);
    // Late for the first of its windows only.
    h.pushFirst({ id: 'a', l: 3 }, 1);
    await h.end();
    assert.deepEqual(
      sorted(recordsOf(h.take())),
      sorted([at('a1-1', 3), at('a1-2', 3), at('a3-1', 3), at('a3-2', 3), at('a2-1', 5)]),
    );
    assert.deepEqual(recordsOf(h.take(lateLeft)), []);
  },
);

inEveryMode2(
  'groups have all rows of a key, in the order in which they came, also of one side alone',
  Left,
  Right,
  grouped(tumbling(10)),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 5);
    h.pushFirst({ id: 'a', l: 2 }, 3);
    h.pushSecond({ key: 'a', r: 1 }, 9);
    h.pushSecond({ key: 'b', r: 2 }, 12);
    h.pushSecond({ key: 'b', r: 3 }, 11);
    h.pushFirst({ id: 'c', l: 3 }, 12);
    await h.end();
    assert.deepEqual(
      sorted(recordsOf(h.take())),
      sorted([at('a: 1,2 | 1', 9), at('b:  | 2,3', 19), at('c: 3 | ', 19)]),
    );
  },
);

inEveryMode2('groups of windows that overlap', Left, Right, grouped(sliding(6, 2)), async (h) => {
  h.pushFirst({ id: 'a', l: 1 }, 1);
  h.pushSecond({ key: 'a', r: 1 }, 3);
  h.pushSecond({ key: 'b', r: 2 }, 4);
  h.watermarkFirst(5);
  h.watermarkSecond(5);
  const first = [at('a: 1 | ', 1), at('a: 1 | 1', 3), at('a: 1 | 1', 5), at('b:  | 2', 5)];
  assert.deepEqual(sorted(h.take()), sorted([...first, { watermark: 5 }]));
  await h.end();
  assert.deepEqual(
    sorted(recordsOf(h.take())),
    sorted([at('a:  | 1', 7), at('b:  | 2', 7), at('b:  | 2', 9)]),
  );
});

inEveryMode2(
  'groups that push, return a generator, or nothing; windows with gaps between',
  Left,
  Right,
  (a, b) =>
    a
      .coGroup(b)
      .on(
        (left) => left.l % 3,
        (right) => right.r % 3,
      )
      .window(sliding(5, 10))
      .apply(function* (lefts, rights, out: (row: string) => void) {
        out(`pushed ${lefts.length}`);
        for (const { r } of rights) yield `${r}`;
      }),
  async (h) => {
    for (let n = 0; n < 12; n++) {
      h.pushFirst({ id: '', l: n }, n);
      h.pushSecond({ key: '', r: n }, n);
    }
    await h.end();
    const got = h.take().flatMap((e) => ('record' in e ? [`${e.record}@${e.timestamp}`] : []));
    const expected = [
      ...['pushed 2', 'pushed 2', 'pushed 1', '0', '1', '2', '3', '4'].map((r) => `${r}@4`),
      ...['pushed 1', 'pushed 1', '10', '11'].map((r) => `${r}@14`),
    ];
    assert.deepEqual(got.sort(), expected.sort());
    assert.equal(h.metrics().lateRecords, 0);
  },
);

inEveryMode2(
  'windows of processing time fire by the clock',
  Left,
  Right,
  (a, b) =>
    a
      .join(b)
      .on(['id'], ['key'])
      .window(tumbling(10, { time: 'processing' }))
      .apply((l, r) => `${l.l}-${r.r}`),
  (h) => {
    h.pushFirst({ id: 'a', l: 1 });
    h.processingTime(5);
    h.pushSecond({ key: 'a', r: 2 });
    h.watermarkFirst(100);
    h.watermarkSecond(100);
    assert.deepEqual(h.take(), [{ watermark: 100 }]);
    h.processingTime(9);
    assert.deepEqual(h.take(), []);
    h.processingTime(10);
    assert.deepEqual(h.take(), [at('1-2', 9)]);
    h.pushSecond({ key: 'a', r: 3 });
    h.processingTime(30);
    assert.deepEqual(h.take(), []);
  },
);

test('many pairs of one key come in slices', async () => {
  const h = await harness2<Left, Right>(joined(tumbling(10)), { outputCapacity: 100 });
  for (let n = 0; n < 200; n++) {
    h.pushFirst({ id: 'a', l: n }, 1);
    h.pushSecond({ key: 'a', r: n }, 1);
  }
  await h.end();
  const pairs = h.takeRecords();
  assert.equal(pairs.length, 40_000);
  assert.equal(new Set(pairs).size, 40_000);
});

test('an error of the function names the operator and the subtask', async () => {
  const h = await harness2<Left, Right>((a, b) =>
    a
      .coGroup(b)
      .on('id', 'key')
      .window(tumbling(10))
      .apply(() => {
        throw new TypeError('no');
      })
      .name('meeting'),
  );
  h.pushFirst({ id: 'a', l: 1 }, 1);
  await assert.rejects(
    async () => {
      await h.end();
      h.take();
    },
    (error) =>
      error instanceof UserFunctionError && /'meeting' \(subtask 0.*no/.test(error.message),
  );
});

type Key = 'a' | 'b' | 'ü';
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      isLeft: fc.boolean(),
      key: fc.constantFrom<Key>('a', 'b', 'ü'),
      jitter: fc.integer({ min: -25, max: 35 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ isLeft: fc.boolean(), by: fc.integer({ min: -5, max: 40 }) }),
  },
);

/** Ends of the windows that hold a time. */
function endsOf(size: number, slide: number, time: number): number[] {
  const ends: number[] = [];
  let start = Math.floor(time / slide) * slide;
  for (; start > time - size; start -= slide) ends.push(start + size);
  return ends;
}

test('random rows out of order, in every mode with restarts, against all pairs of each window', async () => {
  for (const mode of MODES2) {
    if (mode.batchSize === 7) continue;
    const { isFirstTyped, isSecondTyped, ...options } = mode;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 25 }),
        fc.array(step, { maxLength: 60 }),
        async (size, slide, steps) => {
          const h = await harness2<Left, Right, string>(joined(sliding(size, slide)), {
            ...options,
            ...(isFirstTyped ? { firstSchema: Left } : {}),
            ...(isSecondTyped ? { secondSchema: Right } : {}),
          });
          const now = [0, 0];
          const reached = [-Infinity, -Infinity];
          /** Rows by end of a window: those that came before it fired. */
          const windows = new Map<number, { left: string[]; right: string[] }>();
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
            const ends = endsOf(size, slide, time);
            const open = ends.filter((end) => end - 1 > Math.min(reached[0]!, reached[1]!));
            if (open.length === 0 && time <= Math.min(reached[0]!, reached[1]!)) late++;
            for (const end of open) {
              const window = windows.get(end) ?? { left: [], right: [] };
              windows.set(end, window);
              if (each.isLeft) window.left.push(`${key}${n}`);
              else window.right.push(`${key}${n}`);
            }
          });
          await h.end();
          const expected = [...windows].flatMap(([end, { left, right }]) =>
            left.flatMap((l) =>
              right
                .filter((r) => r[0] === l[0])
                .map((r) => JSON.stringify(at(`${l}-${r.slice(1)}`, end - 1))),
            ),
          );
          const got = recordsOf(h.take()).map((element) => JSON.stringify(element));
          assert.deepEqual(got.sort(), expected.sort());
          const lateRecords = recordsOf([...h.take(lateLeft), ...h.take(lateRight)]);
          assert.equal(lateRecords.length, late);
        },
      ),
      { numRuns: 6, seed: 7 },
    );
  }
});
