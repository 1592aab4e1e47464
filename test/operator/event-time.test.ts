import assert from 'node:assert/strict';
import { test } from 'node:test';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { boundedOutOfOrderness, monotonous } from '../../src/time/strategies.ts';

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
