import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Batch } from '../../src/data/batch.ts';
import { record, t } from '../../src/data/schema.ts';
import { EventTimeOperator } from '../../src/operator/event-time.ts';
import type { OperatorContext } from '../../src/operator/operator.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';
import { harness } from '../../src/testing/harness.ts';
import { boundedOutOfOrderness, monotonous, strategySpec } from '../../src/time/strategies.ts';

test('event time from a field: timestamps, watermarks by the clock, idleness and return', async () => {
  const Row = record({ at: t.timestamp });
  const h = await harness<{ at: number }, { at: number }>(
    (stream) => stream.eventTime('at', boundedOutOfOrderness(5).withIdleness('1 s')),
    { schema: Row },
  );
  h.push({ at: 100 });
  h.push({ at: 90 });
  assert.deepEqual(h.take(), [
    { record: { at: 100 }, timestamp: 100 },
    { record: { at: 90 }, timestamp: 90 },
  ]);
  h.processingTime(10);
  assert.deepEqual(h.take(), [{ watermark: 94 }]);
  h.push({ at: 200 });
  h.processingTime(20);
  assert.deepEqual(h.take(), [{ record: { at: 200 }, timestamp: 200 }, { watermark: 194 }]);
  h.processingTime(2000);
  assert.deepEqual(h.take(), [{ idle: true }]);
  h.push({ at: 210 });
  h.processingTime(2010);
  assert.deepEqual(h.take(), [
    { active: true },
    { record: { at: 210 }, timestamp: 210 },
    { watermark: 204 },
  ]);
  await h.end();
  assert.deepEqual(h.take(), [{ watermark: Infinity }, { end: true }]);
});

test('event time given anew is idle by its own strategy alone, whatever the one before it says', async () => {
  const Row = record({ at: t.timestamp });
  const h = await harness<{ at: number }, { at: number }>(
    (stream) =>
      stream
        .eventTime('at', monotonous().withIdleness('1 s'))
        .filter(() => true)
        .eventTime('at', monotonous().withIdleness('5 s')),
    { schema: Row },
  );
  const status = () => h.take().filter((element) => 'idle' in element || 'active' in element);
  h.push({ at: 100 });
  h.processingTime(10);
  h.processingTime(3000);
  assert.deepEqual(status(), []);
  h.processingTime(6000);
  assert.deepEqual(status(), [{ idle: true }]);
  h.push({ at: 200 });
  h.processingTime(6010);
  assert.deepEqual(status(), [{ active: true }]);
  h.processingTime(8000);
  assert.deepEqual(status(), []);
  await h.end();
  assert.deepEqual(h.take(), [{ watermark: Infinity }, { end: true }]);
});

test('event time from a function, a Date and a bigint; anything else is refused', async () => {
  type Row = { at: number | Date | bigint };
  const h = await harness<Row, Row>((stream) => stream.eventTime('at', monotonous()));
  h.push({ at: new Date(5) });
  h.push({ at: 7n });
  assert.deepEqual(
    h.take().flatMap((e) => ('record' in e ? [e.timestamp] : [])),
    [5, 7],
  );
  const byFunction = await harness<{ t: number }>((stream) =>
    stream.eventTime((row) => row.t * 2, monotonous()),
  );
  byFunction.push({ t: 4 });
  assert.deepEqual(byFunction.take(), [{ record: { t: 4 }, timestamp: 8 }]);
  byFunction.processingTime(10);
  assert.deepEqual(byFunction.take(), [{ watermark: 7 }]);
  h.push({ at: 'soon' as never });
  assert.throws(() => h.take(), {
    code: 'TIMESTAMP_INVALID',
    message: `operator 'eventTime' (subtask 0, record 2): eventTime 'at': wants milliseconds or a Date, got "soon"`,
  });
});

test('event time from a function that only reads a field is that of this field; one that is absent is refused', async () => {
  type Row = { a: number; b: number; c: number | null };
  const Row = record({ a: t.float64, b: t.timestamp, c: t.nullable(t.float64) });
  const timesBy = async (of: (row: Row) => number, ...rows: Row[]): Promise<number[]> => {
    const h = await harness<Row, Row>((stream) => stream.eventTime(of, monotonous()), {
      schema: Row,
      batchSize: 'all',
    });
    for (const row of rows) h.push(row);
    return h.take().flatMap((e) => ('record' in e ? [e.timestamp!] : []));
  };
  const rows = [
    { a: 1.5, b: 20, c: 300 },
    { a: 2.5, b: 30, c: 400 },
  ];
  assert.deepEqual(await timesBy(({ a }) => a, ...rows), [1.5, 2.5]);
  assert.deepEqual(await timesBy((row) => row.b, ...rows), [20, 30]);
  assert.deepEqual(await timesBy(({ c: time }) => time!, ...rows), [300, 400]);
  await assert.rejects(
    timesBy((row) => row.c!, ...rows, { a: 3, b: 40, c: null }),
    {
      code: 'TIMESTAMP_INVALID',
      message: /record 2\): eventTime function: wants milliseconds or a Date, got null/,
    },
  );
});

test('event times in nanoseconds are refused with the first record that has one', async () => {
  type Row = { at: number };
  const Row = record({ at: t.float64 });
  const times = [1.7e12, 1.7e18];
  const h = await harness<Row, Row>((stream) => stream.eventTime('at', monotonous()), {
    schema: Row,
    batchSize: 'all',
  });
  for (const at of times) h.push({ at });
  const reason = 'the event time of row 1 of a batch is 1700000000000000000; event times are .*';
  assert.throws(() => h.take(), {
    code: 'TIMESTAMP_INVALID',
    message: new RegExp(`^operator 'eventTime' \\(subtask 0, record 1\\): ${reason}`),
  });
});

test('idleness is told when the subtask has looked for what waits in front of it, and only where there is room', () => {
  const clock = new VirtualClock(0);
  const idle: boolean[] = [];
  const output = {
    isReady: true,
    emit() {},
    watermark() {},
    idle: (isIdle: boolean) => void idle.push(isIdle),
    barrier() {},
    end() {},
  };
  const watermark = { ...strategySpec(monotonous()), idlenessMs: 100 };
  const timestamp = { kind: 'field', field: 'at' } as const;
  const operator = new EventTimeOperator({ timestamp, watermark }, null, []);
  const context = {
    clock,
    watermarkIntervalMs: 10,
    metrics: { recordsIn: 0, recordsOut: 0 },
    restored: NO_STATE,
  };
  operator.open(context as unknown as OperatorContext, output);
  const push = (at: number): void =>
    operator.processBatch(new Batch({ rowCount: 1, schema: null, rows: [{ at }] }));
  /** As a subtask does it: the clock, then what waits. */
  const step = (ms: number, waiting?: number): void => {
    clock.advanceTo(clock.now() + ms);
    if (operator.wakeAtMs <= clock.now()) operator.advanceTime(clock.now());
    if (waiting !== undefined) push(waiting);
  };
  push(1);
  // The thread was busy with something else.
  step(500, 2);
  step(1);
  assert.deepEqual(idle, []);
  // There is no room.
  output.isReady = false;
  step(500);
  step(1);
  output.isReady = true;
  step(10, 3);
  step(1);
  assert.deepEqual(idle, []);
  step(500);
  assert.deepEqual(idle, []);
  assert.equal(operator.wakeAtMs, clock.now());
  step(0);
  assert.deepEqual(idle, [true]);
  push(4);
  assert.deepEqual(idle, [true, false]);
});
