/** Joins and coGroup over windows in general, rule by rule: sessions of both sides, triggers, evictors, lateness, any keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEvictor, timeEvictor } from '../../src/api/evictors.ts';
import type { Stream } from '../../src/api/stream.ts';
import {
  countTrigger,
  customTrigger,
  deltaTrigger,
  endOfStreamTrigger,
  purging,
} from '../../src/api/triggers.ts';
import type { WindowCoGroup } from '../../src/api/window-join.ts';
import {
  cumulating,
  globalWindow,
  session,
  tumbling,
  tumblingCount,
} from '../../src/api/windows.ts';
import { UserFunctionError } from '../../src/base/errors.ts';
import { FIRE_SLICE_ROWS } from '../../src/base/limits.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { createGeneralJoin } from '../../src/operator/join/general-join.ts';
import type { GeneralWindowOperator } from '../../src/operator/window/general/general-window.ts';
import type { TriggerSpec } from '../../src/operator/window/general/window-spec.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode2, sorted } from '../modes.ts';
import { at, groupText, Left, lateLeft, lateRight, Right, recordsOf } from './join-records.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';

const grouping = (a: Stream<Left>, b: Stream<Right>) => a.coGroup(b).on('id', 'key');
const shown = (windowed: WindowCoGroup<Left, Right>): Stream<string> =>
  windowed.apply((lefts, rights) => [groupText(lefts, rights)]);

inEveryMode2(
  'a session goes on with rows of both sides, and pairs come at the end of all of it',
  Left,
  Right,
  (a, b) =>
    a
      .join(b)
      .on('id', 'key')
      .window(session(10))
      .apply(({ id, l }, { r }) => `${id}${l}-${r}`),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 0);
    h.pushFirst({ id: 'a', l: 2 }, 16);
    h.pushFirst({ id: 'b', l: 3 }, 0);
    h.pushSecond({ key: 'b', r: 1 }, 11);
    h.take();
    // Makes two sessions of the left side one.
    h.pushSecond({ key: 'a', r: 2 }, 8);
    h.watermarkFirst(24);
    h.watermarkSecond(24);
    assert.deepEqual(h.take(), [{ watermark: 24 }]);
    h.watermarkFirst(25);
    h.watermarkSecond(25);
    const pairs = ['a1-2', 'a2-2'].map((pair) => at(pair, 25));
    assert.deepEqual(sorted(h.take()), sorted([...pairs, { watermark: 25 }]));
    await h.end();
    assert.deepEqual(recordsOf(h.take()), []);
  },
);

inEveryMode2(
  'groups of sessions, also of one side alone; the gap is that of the row, whichever side it is of',
  Left,
  Right,
  (a, b) => shown(grouping(a, b).window(session((row) => ('l' in row ? row.l : row.r)))),
  async (h) => {
    h.pushFirst({ id: 'a', l: 5 }, 0);
    h.pushFirst({ id: 'b', l: 5 }, 0);
    h.take();
    h.pushSecond({ key: 'a', r: 20 }, 4);
    h.pushSecond({ key: 'c', r: 3 }, 0);
    await h.end();
    assert.deepEqual(
      sorted(recordsOf(h.take())),
      sorted([at('a: 5 | 20', 23), at('b: 5 | ', 4), at('c:  | 3', 2)]),
    );
  },
);

inEveryMode2(
  'late rows fire windows again as long as they are allowed to; then they go to the side output of their side',
  Left,
  Right,
  (a, b) =>
    shown(
      grouping(a, b)
        .window(tumbling(10))
        .allowedLateness(5)
        .lateLeftTo(lateLeft)
        .lateRightTo(lateRight),
    ),
  async (h) => {
    const advance = (time: number): void => {
      h.watermarkFirst(time);
      h.watermarkSecond(time);
    };
    h.pushFirst({ id: 'a', l: 1 }, 1);
    advance(9);
    assert.deepEqual(recordsOf(h.take()), [at('a: 1 | ', 9)]);
    h.pushSecond({ key: 'a', r: 1 }, 2);
    assert.deepEqual(recordsOf(h.take()), [at('a: 1 | 1', 9)]);
    h.pushFirst({ id: 'a', l: 2 }, 3);
    assert.deepEqual(recordsOf(h.take()), [at('a: 1,2 | 1', 9)]);
    advance(14);
    h.pushFirst({ id: 'a', l: 3 }, 3);
    h.pushSecond({ key: 'a', r: 3 }, 4);
    await h.end();
    assert.deepEqual(recordsOf(h.take()), []);
    assert.deepEqual(recordsOf(h.take(lateLeft)), [at({ id: 'a', l: 3 }, 3)]);
    assert.deepEqual(recordsOf(h.take(lateRight)), [at({ key: 'a', r: 3 }, 4)]);
    assert.equal(h.metrics().lateRecords, 0);
  },
);

inEveryMode2(
  'late rows of a side without a side output are counted',
  Left,
  Right,
  (a, b) => shown(grouping(a, b).window(session(5)).lateRightTo(lateRight)),
  async (h, { restartEach }) => {
    for (const time of [100, 101]) {
      h.watermarkFirst(time);
      h.watermarkSecond(time);
    }
    h.pushFirst({ id: 'a', l: 1 }, 90);
    h.pushSecond({ key: 'a', r: 1 }, 91);
    await h.end();
    assert.deepEqual(recordsOf(h.take()), []);
    assert.equal(recordsOf(h.take(lateRight)).length, 1);
    if (restartEach === undefined) assert.equal(h.metrics().lateRecords, 1);
  },
);

inEveryMode2(
  'a trigger counts the rows of both sides, and an evictor keeps the last of both',
  Left,
  Right,
  (a, b) =>
    shown(grouping(a, b).window(globalWindow()).trigger(countTrigger(2)).evictor(countEvictor(3))),
  async (h) => {
    const got = (): unknown[] => h.takeRecords();
    h.pushFirst({ id: 'a', l: 1 });
    assert.deepEqual(got(), []);
    h.pushSecond({ key: 'a', r: 1 });
    assert.deepEqual(got(), ['a: 1 | 1']);
    h.pushFirst({ id: 'a', l: 2 });
    h.pushFirst({ id: 'a', l: 3 });
    assert.deepEqual(got(), ['a: 2,3 | 1']);
    h.pushFirst({ id: 'a', l: 4 });
    h.pushFirst({ id: 'a', l: 5 });
    assert.deepEqual(got(), ['a: 3,4,5 | ']);
    await h.end();
  },
);

inEveryMode2(
  'a trigger of functions gets the rows of either side, with what it keeps for the window',
  Left,
  Right,
  (a, b) =>
    shown(
      grouping(a, b)
        .window(session(100))
        .trigger(
          customTrigger({
            state: () => ({ sum: 0 }),
            onRecord(row, { state }) {
              state.sum += 'l' in row ? row.l : row.r;
              return state.sum >= 10 ? 'fireAndPurge' : 'continue';
            },
            onMerge({ state }, others) {
              for (const { sum } of others) state.sum += sum;
            },
          }),
        ),
    ),
  async (h) => {
    h.pushFirst({ id: 'a', l: 4 }, 0);
    h.pushFirst({ id: 'a', l: 2 }, 150);
    assert.deepEqual(recordsOf(h.take()), []);
    // Joins both, which are 10 together then.
    h.pushSecond({ key: 'a', r: 4 }, 75);
    assert.deepEqual(recordsOf(h.take()), [at('a: 4,2 | 4', 249)]);
    await h.end();
    assert.deepEqual(recordsOf(h.take()), []);
  },
);

inEveryMode2(
  'an evictor behind the function, by the times of the rows of both sides',
  Left,
  Right,
  (a, b) =>
    shown(
      grouping(a, b)
        .window(tumbling(100))
        .trigger(countTrigger(3))
        .evictor(timeEvictor(10, { after: true })),
    ),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 1);
    h.pushFirst({ id: 'a', l: 2 }, 25);
    h.take();
    h.pushSecond({ key: 'a', r: 3 }, 30);
    assert.deepEqual(recordsOf(h.take()), [at('a: 1,2 | 3', 99)]);
    for (const r of [4, 5, 6]) h.pushSecond({ key: 'a', r }, 31);
    assert.deepEqual(recordsOf(h.take()), [at('a: 2 | 3,4,5,6', 99)]);
    await h.end();
  },
);

inEveryMode2(
  'cumulating windows have the rows of both sides so far',
  Left,
  Right,
  (a, b) => shown(grouping(a, b).window(cumulating(20, 10))),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 }, 5);
    h.pushSecond({ key: 'a', r: 2 }, 15);
    await h.end();
    assert.deepEqual(recordsOf(h.take()), [at('a: 1 | ', 9), at('a: 1 | 2', 19)]);
  },
);

inEveryMode2(
  'sessions of processing time',
  Left,
  Right,
  (a, b) => shown(grouping(a, b).window(session(10, { time: 'processing' }))),
  (h) => {
    h.pushFirst({ id: 'a', l: 1 });
    h.take();
    h.processingTime(8);
    h.pushSecond({ key: 'a', r: 2 });
    h.take();
    h.processingTime(17);
    assert.deepEqual(h.take(), []);
    h.processingTime(18);
    assert.deepEqual(h.take(), [at('a: 1 | 2', 17)]);
  },
);

inEveryMode2(
  'all of a key when both inputs have ended',
  Left,
  Right,
  (a, b) => shown(grouping(a, b).window(globalWindow()).trigger(endOfStreamTrigger())),
  async (h) => {
    h.pushFirst({ id: 'a', l: 1 });
    h.pushSecond({ key: 'b', r: 2 });
    await h.endFirst();
    assert.deepEqual(h.takeRecords(), []);
    h.pushSecond({ key: 'a', r: 3 });
    await h.end();
    assert.deepEqual(h.takeRecords().sort(), ['a: 1 | 3', 'b:  | 2']);
  },
);

test('in batch a session has all rows of both sides, in any order', async () => {
  for (const outputCapacity of [Infinity, 1]) {
    const build = (a: Stream<Left>, b: Stream<Right>) => shown(grouping(a, b).window(session(10)));
    const h = await harness2<Left, Right, string>(build, { batch: true, outputCapacity });
    h.pushFirst({ id: 'a', l: 1 }, 50);
    h.pushFirst({ id: 'a', l: 2 }, 0);
    await h.endFirst();
    assert.deepEqual(h.take(), []);
    h.pushSecond({ key: 'a', r: 3 }, 45);
    await h.end();
    assert.deepEqual(recordsOf(h.take()), [at('a: 2 | ', 9), at('a: 1 | 3', 59)]);
  }
});

type Any = { readonly k: unknown; readonly n: number };

test('a key of one side that is no int makes those of both sides values of any kind', async () => {
  for (const parallelism of [1, 3]) {
    const h = await harness2<Any, Any, string>(
      (a, b) =>
        a
          .coGroup(b)
          .on(
            ({ k }) => (String(k).length === 1 ? Number(k) : String(k)),
            ({ k }) => k as number | string,
          )
          .window(session(10))
          .apply((lefts, rights) => [`${lefts.map(({ n }) => n)} | ${rights.map(({ n }) => n)}`]),
      { parallelism },
    );
    const pushed = (side: 'pushFirst' | 'pushSecond', k: unknown, n: number): void => {
      h[side]({ k, n }, n);
      h.take();
    };
    pushed('pushFirst', 7, 1);
    pushed('pushSecond', 'seven', 2);
    pushed('pushFirst', 7, 3);
    pushed('pushFirst', 'seven', 4);
    pushed('pushSecond', 7, 5);
    await h.restart({ parallelism: 2 });
    pushed('pushSecond', 7, 6);
    pushed('pushFirst', 8, 7);
    await h.end();
    assert.deepEqual(h.takeRecords().sort(), ['1,3 | 5,6', '4 | 2', '7 | ']);
  }
});

for (const fires of ['at its end', 'for each row'] as const) {
  test(`many pairs of a window that fires ${fires} come in slices, in order`, async () => {
    const h = await harness2<Left, Right, string>(
      (a, b) => {
        const windowed = a.join(b).on('id', 'key').window(session(10));
        const fired = fires === 'at its end' ? windowed : windowed.trigger(countTrigger(1));
        return fired.apply(({ l }, { r }) => `${l}-${r}`);
      },
      { outputCapacity: 1, batchSize: 'all' },
    );
    for (let l = 0; l < 300; l++) h.pushFirst({ id: 'a', l }, 1);
    assert.deepEqual(h.take(), []);
    for (let r = 0; r < 100; r++) h.pushSecond({ key: 'a', r }, 1);
    const early = recordsOf(h.take());
    await h.end();
    const all = [...early, ...h.take()];
    const ofRights = (count: number): string[] =>
      Array.from({ length: 300 * count }, (_, n) => `${Math.floor(n / count)}-${n % count}`);
    const isAtEnd = fires === 'at its end';
    const pairs = isAtEnd
      ? ofRights(100)
      : Array.from({ length: 100 }, (_, n) => ofRights(n + 1)).flat();
    assert.equal(early.length, isAtEnd ? 0 : pairs.length);
    assert.deepEqual(all.slice(-2), [{ watermark: Infinity }, { end: true }]);
    assert.equal(all.length, pairs.length + 2);
    assert.ok(pairs.every((pair, n) => (all[n] as { record: string }).record === pair));
  });
}

test('what waits is as it was when the window fired', async () => {
  const h = await harness2<Left, Right, string>(
    (a, b) =>
      a
        .join(b)
        .on('id', 'key')
        .window(session(10))
        .trigger(purging(countTrigger(200)))
        .apply(({ l }, { r }) => `${l}-${r}`),
    { outputCapacity: 1, batchSize: 'all' },
  );
  for (let l = 0; l < 100; l++) h.pushFirst({ id: 'a', l }, 1);
  h.take();
  for (let r = 0; r < 150; r++) h.pushSecond({ key: 'a', r }, 1);
  await h.end();
  const pairs = h.takeRecords();
  assert.equal(pairs.length, 100 * 100);
  assert.ok(pairs.every((pair) => Number(pair.split('-')[1]) < 100));
});

test('an error of the function, of a trigger and of a gap names the operator', async () => {
  const fail = (): never => {
    throw new TypeError('no');
  };
  const builds: ((a: Stream<Left>, b: Stream<Right>) => Stream<unknown>)[] = [
    (a, b) => grouping(a, b).window(session(10)).apply(fail),
    (a, b) => shown(grouping(a, b).window(session(fail))),
    (a, b) =>
      shown(
        grouping(a, b)
          .window(tumbling(10))
          .trigger(customTrigger({ onRecord: fail })),
      ),
  ];
  for (const build of builds) {
    const h = await harness2<Left, Right>((a, b) => build(a, b).name('meeting'));
    await assert.rejects(
      async () => {
        h.pushSecond({ key: 'a', r: 1 }, 1);
        await h.end();
        h.take();
      },
      (error) =>
        error instanceof UserFunctionError && /'meeting' \(subtask 0.*no/.test(error.message),
    );
  }
});

test('what joins cannot have is refused where it is said', async () => {
  const refused = async (
    build: (a: Stream<Left>, b: Stream<Right>) => unknown,
    message: RegExp,
  ): Promise<void> => {
    const wrong = harness2<Left, Right>((a, b) => {
      build(a, b);
      return a;
    });
    await assert.rejects(wrong, { code: 'JOB_DEFINITION', message });
  };
  await refused(
    (a, b) => grouping(a, b).window(tumblingCount(3) as never),
    /window of a join takes .* those of counts/,
  );
  await refused((a, b) => grouping(a, b).window(undefined as never), /window of a join takes/);
  await refused(
    (a, b) =>
      grouping(a, b)
        .window(session(1))
        .trigger(countEvictor(1) as never),
    /trigger takes a trigger/,
  );
  await refused(
    (a, b) =>
      grouping(a, b)
        .window(session(1))
        .evictor(countTrigger(1) as never),
    /evictor takes an evictor/,
  );
  await refused(
    (a, b) =>
      shown(
        grouping(a, b)
          .window(session(1))
          .trigger(deltaTrigger(1, () => 2)),
      ),
    /these windows merge, and this trigger does not know how/,
  );
  for (const window of [globalWindow(), session(1, { time: 'processing' })]) {
    const windowed = (a: Stream<Left>, b: Stream<Right>) => grouping(a, b).window(window);
    await refused((a, b) => windowed(a, b).allowedLateness(1), /allowedLateness: only for windows/);
    await refused((a, b) => windowed(a, b).lateLeftTo(lateLeft), /lateLeftTo: only for windows/);
    await refused((a, b) => windowed(a, b).lateRightTo(lateRight), /lateRightTo: only for windows/);
  }
});

/** One subtask of pairs in sessions with a gap of 10. */
function rigOf(trigger: TriggerSpec): OneSubtask<GeneralWindowOperator, string> {
  const operator = createGeneralJoin({
    keys: [
      { kind: 'fields', fields: ['id'] },
      { kind: 'fields', fields: ['key'] },
    ],
    lateTo: [null, null],
    window: {
      assigner: { kind: 'session', time: 'event', gapMs: 10 },
      assignBy: null,
      trigger,
      evictor: null,
      latenessMs: 0,
      work: { kind: 'joined', takes: 'pairs', by: 0, process: null },
      states: [],
    },
    schemas: [Left, Right],
    functions: [({ l }: Left, { r }: Right) => `${l}-${r}`],
  });
  return new OneSubtask(operator, ALONE, []);
}

test('a window that fires at a record gives no more than the output takes, and goes on when it does', () => {
  const rig = rigOf({ kind: 'count', count: 101 });
  const [lefts, right] = [new BatchBuilder(Left), new BatchBuilder(Right)];
  for (let l = 0; l < 100; l++) lefts.appendRow({ id: 'a', l }, 1);
  rig.operator.processBatch(lefts.seal(), 0);
  for (let r = 0; r < 102; r++) right.appendRow({ key: 'a', r }, 1);
  rig.room = 1;
  rig.operator.processBatch(right.seal(), 1);
  // With the first right row, and with 101 more.
  const total = 100 + 100 * 102;
  for (const rows of [FIRE_SLICE_ROWS, 2 * FIRE_SLICE_ROWS]) {
    assert.equal(rig.results.length, rows);
    assert.ok(rig.operator.hasPendingWork);
    rig.room = 1;
    rig.operator.resume();
  }
  assert.equal(rig.results.length, total);
  assert.ok(!rig.operator.hasPendingWork);
});

test('who watches the job sees the windows of a key, with the rows of both sides', () => {
  const rig = rigOf({ kind: 'eventTime' });
  const [left, right] = [new BatchBuilder(Left), new BatchBuilder(Right)];
  left.appendRow({ id: 'a', l: 1 }, 5);
  right.appendRow({ key: 'a', r: 2 }, 7);
  rig.operator.processBatch(left.seal(), 0);
  rig.operator.processBatch(right.seal(), 1);
  const look = rig.operator.look();
  assert.deepEqual(look.sizes(), [{ name: 'windows', kind: 'windows', keys: 1, windows: 1 }]);
  assert.deepEqual(look.valueOf('windows', 'a'), [
    {
      start: 5,
      end: 17,
      values: {
        rows: [
          { id: 'a', l: 1 },
          { key: 'a', r: 2 },
        ],
        times: [5, 7],
        sides: [0, 1],
      },
    },
  ]);
  assert.equal(look.valueOf('windows', 'b'), undefined);
});
