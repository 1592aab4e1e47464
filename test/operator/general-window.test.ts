/** Windows in general, case by case: shared/SEMANTICS cases 2 to 4, sessions, global windows, processing time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countEvictor } from '../../src/api/evictors.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import {
  continuousEventTimeTrigger,
  countTrigger,
  customTrigger,
  deltaTrigger,
  endOfStreamTrigger,
  eventTimeTrigger,
  purging,
  timeoutTrigger,
} from '../../src/api/triggers.ts';
import {
  cumulating,
  globalWindow,
  session,
  sliding,
  tumbling,
  tumblingCount,
  type WindowKind,
} from '../../src/api/windows.ts';
import { EVENT_TIME_MAX } from '../../src/base/limits.ts';
import { record, t } from '../../src/data/schema.ts';
import type { Harness } from '../../src/testing/harness.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, sorted } from '../modes.ts';
import { push, Row } from './window-records.ts';

const late = sideOutput<Row>('late');

/** What came out, in the order of its text: rows as `k value [start,end) @time`. */
function taken(h: Harness<Row, unknown>): string[] {
  return h
    .take()
    .flatMap((element) => {
      if (!('record' in element)) return [];
      const { k, windowStart, windowEnd, ...values } = element.record as Record<string, unknown>;
      const bounds = windowStart === undefined ? '' : ` [${windowStart},${windowEnd})`;
      return [`${k} ${Object.values(values).join(' ')}${bounds} @${element.timestamp}`];
    })
    .sort();
}

function lateOnes(h: Harness<Row, unknown>): string[] {
  return sorted(h.take(late).filter((element) => 'record' in element));
}

inEveryMode(
  'SEMANTICS case 2: session windows, gap 3000, lateness 0',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(3000))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  async (h) => {
    push(h, 'k2 1@0, k2 2@1000, k2 3@2500, k1 1@10, k1 2@1000');
    await h.restart();
    push(h, 'k1 3@2500, k2 4@5501, k2 5@6000, k2 5@6000, k2 6@6050');
    assert.deepEqual(taken(h), []);
    h.watermark(12_000);
    assert.deepEqual(taken(h), [
      'k1 6 [10,5500) @5499',
      'k2 20 [5501,9050) @9049',
      'k2 6 [0,5500) @5499',
    ]);
    push(h, 'k2 10@15000, k2 20@15000');
    h.watermark(17_999);
    assert.deepEqual(taken(h), ['k2 30 [15000,18000) @17999']);
  },
);

inEveryMode(
  'sessions that touch are one',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(3000))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@0, k 2@3000, k 4@6001');
    h.watermark(20_000);
    assert.deepEqual(taken(h), ['k 3 [0,6000) @5999', 'k 4 [6001,9001) @9000']);
  },
);

const LATE_CASES = [
  [true, 1],
  [false, 3],
] as const;
for (const [isPurging, again] of LATE_CASES) {
  const trigger = isPurging ? purging(eventTimeTrigger()) : eventTimeTrigger();
  inEveryMode(
    `SEMANTICS case 3: lateness 500, tumbling 2000, ${isPurging ? 'purging' : 'keeping'}`,
    Row,
    (rows) =>
      rows
        .keyBy('k')
        .window(tumbling(2000))
        .trigger(trigger)
        .allowedLateness(500)
        .lateTo(late)
        .aggregate(({ count }) => ({ n: count() })),
    (h) => {
      push(h, 'k 1@500');
      h.watermark(1500);
      push(h, 'k 1@1300');
      h.watermark(2300);
      assert.deepEqual(taken(h), ['k 2 [0,2000) @1999']);
      push(h, 'k 1@1997');
      assert.deepEqual(taken(h), [`k ${again} [0,2000) @1999`]);
      h.watermark(6000);
      push(h, 'k 1@1998');
      h.watermark(7000);
      assert.deepEqual(taken(h), []);
      assert.deepEqual(lateOnes(h), ['{"record":{"k":"k","v":1},"timestamp":1998}']);
    },
  );
}

inEveryMode(
  'SEMANTICS case 3 without lateness',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(2000))
      .trigger(purging(eventTimeTrigger()))
      .lateTo(late)
      .aggregate(({ count }) => ({ n: count() })),
  (h) => {
    push(h, 'k 1@1000');
    h.watermark(1985);
    push(h, 'k 1@1980');
    h.watermark(1999);
    assert.deepEqual(taken(h), ['k 2 [0,2000) @1999']);
    push(h, 'k 1@1998, k 1@2001');
    h.watermark(2999);
    h.watermark(3999);
    assert.deepEqual(taken(h), ['k 1 [2000,4000) @3999']);
    assert.deepEqual(lateOnes(h), ['{"record":{"k":"k","v":1},"timestamp":1998}']);
  },
);

inEveryMode(
  'SEMANTICS case 3: lateness behind the greatest time keeps the window',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(1000))
      .allowedLateness(Number.MAX_VALUE)
      .lateTo(late)
      .aggregate(({ count }) => ({ n: count() })),
  (h) => {
    const time = EVENT_TIME_MAX - 1000;
    h.push({ k: 'k', v: 1 }, time);
    h.watermark(Number.MAX_SAFE_INTEGER);
    assert.equal(taken(h).length, 1);
    h.push({ k: 'k', v: 1 }, time);
    assert.equal(taken(h).length, 1);
    assert.deepEqual(lateOnes(h), []);
  },
);

inEveryMode(
  'SEMANTICS case 4: late for some sliding windows only',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(sliding(3000, 1000))
      .trigger(eventTimeTrigger())
      .lateTo(late)
      .aggregate(({ count }) => ({ n: count() })),
  (h) => {
    push(h, 'k2 1@1000');
    h.watermark(1999);
    assert.deepEqual(taken(h), ['k2 1 [-1000,2000) @1999']);
    push(h, 'k2 1@2000');
    h.watermark(3000);
    assert.deepEqual(taken(h), ['k2 2 [0,3000) @2999']);
    push(h, 'k1 1@3001, k2 1@2400, k2 1@2400, k1 1@3001, k2 1@3900');
    h.watermark(6000);
    assert.deepEqual(taken(h), [
      'k1 2 [1000,4000) @3999',
      'k1 2 [2000,5000) @4999',
      'k1 2 [3000,6000) @5999',
      'k2 1 [3000,6000) @5999',
      'k2 4 [2000,5000) @4999',
      'k2 5 [1000,4000) @3999',
    ]);
    push(h, 'k1 1@3001');
    assert.deepEqual(lateOnes(h), ['{"record":{"k":"k1","v":1},"timestamp":3001}']);
    h.watermark(25_000);
    assert.deepEqual(taken(h), []);
  },
);

inEveryMode(
  'a late record bridges sessions, revives one that fired, and fires what they have become',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(10))
      .allowedLateness(100)
      .aggregate(({ sum, collect }) => ({ sum: sum('v'), all: collect('v') })),
  (h) => {
    push(h, 'k 1@0, k 2@15');
    h.watermark(30);
    assert.deepEqual(taken(h), ['k 1 1 [0,10) @9', 'k 2 2 [15,25) @24']);
    push(h, 'k 4@8');
    assert.deepEqual(taken(h), ['k 7 1,2,4 [0,25) @24']);
    // Reaches beyond the watermark: fires with it.
    push(h, 'k 8@25');
    assert.deepEqual(taken(h), []);
    h.watermark(34);
    assert.deepEqual(taken(h), ['k 15 1,2,4,8 [0,35) @34']);
  },
);

inEveryMode(
  'counts of a trigger are added where sessions merge',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(10))
      .trigger(purging(countTrigger(4)))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@0, k 2@15, k 4@30, k 8@8');
    // Three windows of one record each, and the one of 0 to 25 with three.
    assert.deepEqual(taken(h), []);
    push(h, 'k 16@22');
    assert.deepEqual(taken(h), ['k 31 [0,40) @39']);
    h.watermark(100);
    assert.deepEqual(taken(h), []);
  },
);

inEveryMode(
  'the gap of a session by the record',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(({ v }) => v))
      .aggregate(({ count }) => ({ n: count() })),
  (h) => {
    push(h, 'k 10@0, k 100@5, k 1@60, k 5@200, k 5@206');
    h.watermark(1000);
    assert.deepEqual(taken(h), ['k 1 [200,205) @204', 'k 1 [206,211) @210', 'k 3 [0,105) @104']);
  },
);

inEveryMode(
  'cumulating windows',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(cumulating(30, 10))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@-1, k 2@5, k 4@10, k 8@29');
    h.watermark(9);
    assert.deepEqual(taken(h), ['k 1 [-30,0) @-1', 'k 2 [0,10) @9']);
    push(h, 'k 16@9');
    h.watermark(100);
    assert.deepEqual(taken(h), ['k 22 [0,20) @19', 'k 30 [0,30) @29']);
  },
);

inEveryMode(
  'a global window has no bounds, and the time of the record that fires it',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(countTrigger(2))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@1, j 1@2, k 2@3, k 4@4, k 8@5');
    assert.deepEqual(taken(h), ['k 15 @5', 'k 3 @3']);
  },
);

inEveryMode(
  'a global window that fires with the end of the stream',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(endOfStreamTrigger())
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  async (h) => {
    push(h, 'k 1@1, j 1@2, k 2@3');
    h.watermark(1e15);
    assert.deepEqual(taken(h), []);
    await h.end();
    assert.deepEqual(taken(h), ['j 1 @null', 'k 3 @null']);
  },
);

inEveryMode(
  'early results at regular times of a long window',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(100))
      .trigger(continuousEventTimeTrigger(20))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@5, k 2@25');
    h.watermark(19);
    assert.deepEqual(taken(h), []);
    h.watermark(20);
    assert.deepEqual(taken(h), ['k 3 [0,100) @99']);
    push(h, 'k 4@50');
    h.watermark(79);
    assert.deepEqual(taken(h), ['k 7 [0,100) @99', 'k 7 [0,100) @99']);
    h.watermark(99);
    assert.deepEqual(taken(h), ['k 7 [0,100) @99', 'k 7 [0,100) @99']);
  },
);

inEveryMode(
  'a trigger that gives up waiting for a count',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(purging(timeoutTrigger(countTrigger(3), 50)))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 1@1, k 2@2');
    h.processingTime(49);
    assert.deepEqual(taken(h), []);
    h.processingTime(50);
    assert.deepEqual(taken(h), ['k 3 @null']);
    push(h, 'k 4@3, k 8@4, k 16@5');
    assert.deepEqual(taken(h), ['k 28 @5']);
    h.processingTime(1000);
    assert.deepEqual(taken(h), []);
  },
);

inEveryMode(
  'behind a timeout the state of a trigger of the user begins anew',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(
        purging(
          timeoutTrigger(
            customTrigger<Row, { total: number }>({
              state: () => ({ total: 0 }),
              onRecord({ v }, { state }) {
                state.total += v;
                return state.total >= 10 ? 'fire' : 'continue';
              },
            }),
            50,
          ),
        ),
      )
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    push(h, 'k 9@1');
    h.processingTime(50);
    assert.deepEqual(taken(h), ['k 9 @null']);
    push(h, 'k 4@2');
    assert.deepEqual(taken(h), []);
    push(h, 'k 6@3');
    assert.deepEqual(taken(h), ['k 10 @3']);
  },
);

inEveryMode(
  'sessions of processing time',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(10, { time: 'processing' }))
      .aggregate(({ sum }) => ({ sum: sum('v') })),
  (h) => {
    h.processingTime(100);
    push(h, 'k 1@0, j 1@0');
    h.processingTime(108);
    push(h, 'k 2@0');
    h.processingTime(110);
    assert.deepEqual(taken(h), ['j 1 [100,110) @109']);
    h.processingTime(117);
    assert.deepEqual(taken(h), []);
    h.processingTime(200);
    assert.deepEqual(taken(h), ['k 3 [100,118) @117']);
  },
);

inEveryMode(
  'a trigger of the user, with state and timers',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(10))
      .trigger(
        customTrigger({
          state: () => ({ total: 0 }),
          onRecord(row, context) {
            context.state.total += row.v;
            context.timers.eventTime(context.windowEnd + 5);
            if (context.state.total < 10) return 'continue';
            context.state = { total: 0 };
            return 'fireAndPurge';
          },
          onEventTime: (time, context) => (time === context.windowEnd + 5 ? 'fire' : 'continue'),
          onMerge(context, others) {
            for (const { total } of others) context.state.total += total;
          },
        }),
      )
      .allowedLateness(50)
      .aggregate(({ collect }) => ({ all: collect('v') })),
  (h) => {
    push(h, 'k 3@0, k 4@15');
    assert.deepEqual(taken(h), []);
    push(h, 'k 5@7');
    assert.deepEqual(taken(h), ['k 3,4,5 [0,25) @24']);
    push(h, 'k 1@20');
    h.watermark(34);
    assert.deepEqual(taken(h), []);
    h.watermark(35);
    assert.deepEqual(taken(h), ['k 1 [0,30) @29']);
  },
);

inEveryMode(
  'what an evictor leaves nothing of has no values, there and behind the step',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .evictor(countEvictor(0))
      .aggregate(({ count, sum, avg, min, max, first, last, quantile }) => ({
        rows: count(),
        sum: sum('v'),
        values: avg('v'),
        least: min('v'),
        most: max('k'),
        first: first('v'),
        last: last('k'),
        middle: quantile('v', 0.5),
      }))
      .keyBy('k')
      .max('rows'),
  async (h) => {
    push(h, 'k1 1@0, k1 2@1');
    await h.end();
    const nothing = {
      values: null,
      least: null,
      most: null,
      first: null,
      last: null,
      middle: null,
    };
    const bounds = { windowStart: 0, windowEnd: 10 };
    assert.deepEqual(h.takeRecords(), [{ k: 'k1', ...bounds, rows: 0, sum: 0, ...nothing }]);
  },
);

inEveryMode(
  'the last records of a global window, by an evictor',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(globalWindow())
      .trigger(deltaTrigger(10, (before, row) => row.v - before.v))
      .evictor(countEvictor(2))
      .process({
        emits: record({ k: t.string, all: t.string }),
        onWindow: (context, windowRows) =>
          context.emit({ k: context.key.k, all: windowRows.map(({ v }) => v).join() }),
      }),
  (h) => {
    push(h, 'k 1@1, k 5@2, k 11@3, k 12@4, k 22@5, k 23@6');
    assert.deepEqual(taken(h), ['k 11,12 @4', 'k 22,23 @6']);
  },
);

inEveryMode(
  'windows reduced, and processed behind that',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(session(10))
      .reduce((so, row) => ({ k: so.k, v: Math.max(so.v, row.v) }), {
        emits: record({ k: t.string, high: t.int32, until: t.timestamp }),
        onWindow: ({ key, windowEnd, emit }, { v }) =>
          emit({ k: key.k, high: v, until: windowEnd }),
      }),
  (h) => {
    push(h, 'k 1@0, k 5@20, k 3@10');
    h.watermark(50);
    assert.deepEqual(taken(h), ['k 5 30 @29']);
  },
);

const ALL_WINDOWS = { plain: tumbling(10), general: session(5), counts: tumblingCount(2) };
for (const [name, window] of Object.entries(ALL_WINDOWS)) {
  inEveryMode(
    `windows of all records: ${name}`,
    Row,
    (rows) => rows.windowAll<WindowKind>(window).aggregate(({ sum }) => ({ sum: sum('v') })),
    (h) => {
      push(h, 'k 1@0, j 2@3');
      h.watermark(100);
      const records = h.take().flatMap((element) => ('record' in element ? [element.record] : []));
      const end = window.kind === 'session' ? 8 : 10;
      const bounds = window.kind === 'count' ? {} : { windowStart: 0, windowEnd: end };
      assert.deepEqual(records, [{ ...bounds, sum: 3 }]);
    },
  );
}

test('late records are counted where nobody takes them', async () => {
  const h = await harness<Row>((rows) =>
    rows
      .keyBy('k')
      .window(session(10))
      .aggregate(({ count }) => ({ n: count() })),
  );
  push(h, 'k 1@0');
  h.watermark(100);
  push(h, 'k 1@0, k 1@85, k 1@95');
  h.watermark(200);
  assert.deepEqual(taken(h), ['k 1 [0,10) @9', 'k 1 [95,105) @104']);
  assert.equal(h.metrics().lateRecords, 2);
});

/** Values as they came, in a list that grows. */
const LISTED = {
  create: (): number[] => [],
  add(values: number[], { v }: { v: number }): number[] {
    values.push(v);
    return values;
  },
  merge: (a: number[], b: number[]): number[] => [...a, ...b],
  result: (values: number[]): number[] => values,
};

inEveryMode(
  'a result that is the accumulator is a row as it was when the window fired',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(tumbling(10))
      .trigger(countTrigger(1))
      .aggregate(({ aggregate, count }) => ({
        n: count(),
        values: aggregate(LISTED),
      })),
  (h) => {
    push(h, 'a 1@1, b 2@1, a 3@2, a 4@3');
    assert.deepEqual(taken(h), [
      'a 1 1 [0,10) @9',
      'a 2 1,3 [0,10) @9',
      'a 3 1,3,4 [0,10) @9',
      'b 1 2 [0,10) @9',
    ]);
  },
);

inEveryMode(
  'a late record changes no result that its window has given before',
  Row,
  (rows) =>
    rows
      .keyBy('k')
      .window(sliding(10, 5))
      .allowedLateness(100)
      .aggregate(({ aggregate, count }) => ({ n: count(), values: aggregate(LISTED) })),
  (h) => {
    push(h, 'a 1@6');
    h.watermark(15);
    push(h, 'a 2@7');
    h.watermark(20);
    assert.deepEqual(taken(h), [
      'a 1 1 [0,10) @9',
      'a 1 1 [5,15) @14',
      'a 2 1,2 [0,10) @9',
      'a 2 1,2 [5,15) @14',
    ]);
  },
);

for (const answer of ['toString', 'FIRE', undefined, 2]) {
  test(`a trigger that answers ${answer} is told the answers there are`, async () => {
    const h = await harness<Row>((rows) =>
      rows
        .keyBy('k')
        .window(globalWindow())
        .trigger(customTrigger({ onRecord: () => answer as 'fire' }))
        .aggregate(({ count }) => ({ n: count() })),
    );
    push(h, 'a 1@1');
    assert.throws(() => h.take(), {
      code: 'USER_FUNCTION',
      message: /one of continue, fire, purge, fireAndPurge, got /,
    });
  });
}
