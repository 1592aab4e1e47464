/** Windows of processing time, by a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliding, tumbling } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, sorted } from '../modes.ts';

const Row = record({ key: t.string, n: t.int32 });

const window = (key: string, windowStart: number, windowEnd: number, sum: number) => ({
  record: { key, windowStart, windowEnd, sum },
  timestamp: windowEnd - 1,
});

inEveryMode(
  'a tumbling window fires when the clock reaches its end, whatever the records say',
  Row,
  (stream) =>
    stream
      .keyBy('key')
      .window(tumbling(1000, { time: 'processing' }))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  async (h) => {
    h.push({ key: 'a', n: 1 }, 99_000);
    h.push({ key: 'b', n: 2 });
    h.processingTime(999);
    h.push({ key: 'a', n: 4 });
    assert.deepEqual(h.take(), []);
    h.processingTime(1000);
    assert.deepEqual(sorted(h.take()), sorted([window('a', 0, 1000, 5), window('b', 0, 1000, 2)]));
    h.push({ key: 'a', n: 8 });
    h.processingTime(2500);
    assert.deepEqual(h.take(), [window('a', 1000, 2000, 8)]);
    h.push({ key: 'a', n: 16 });
    await h.end();
    assert.deepEqual(
      h.takeRecords(),
      [],
      'a window that is open at the end of the input never fires',
    );
  },
);

inEveryMode(
  'sliding windows, and watermarks that pass by',
  Row,
  (stream) =>
    stream
      .keyBy('key')
      .window(sliding(30, 10, { time: 'processing' }))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  (h) => {
    h.processingTime(5);
    h.push({ key: 'a', n: 1 });
    h.watermark(70);
    h.processingTime(15);
    h.push({ key: 'a', n: 2 });
    h.processingTime(100);
    assert.deepEqual(h.take(), [
      { watermark: 70 },
      window('a', -20, 10, 1),
      window('a', -10, 20, 3),
      window('a', 0, 30, 3),
      window('a', 10, 40, 2),
    ]);
  },
);

test('an offset shifts windows of processing time too', async () => {
  const h = await harness<{ key: string; n: number }>((stream) =>
    stream
      .keyBy('key')
      .window(tumbling(1000, { time: 'processing', offset: 300 }))
      .aggregate(({ sum }) => ({ sum: sum('n') })),
  );
  h.push({ key: 'a', n: 1 });
  h.processingTime(299);
  assert.deepEqual(h.take(), []);
  h.processingTime(300);
  assert.deepEqual(h.take(), [window('a', -700, 300, 1)]);
});
