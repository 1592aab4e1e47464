/** Windows of processing time that begin at another time in each subtask. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Stream } from '../../src/api/stream.ts';
import { type StaggeredWindowOptions, sliding, tumbling } from '../../src/api/windows.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { harness2 } from '../../src/testing/harness2.ts';
import { inEveryMode, sorted, WITHOUT_RESTARTS } from '../modes.ts';

const Row = record({ key: t.int32, n: t.int32 });
type Row = RowOf<typeof Row>;

const staggered = (
  stagger: NonNullable<StaggeredWindowOptions['stagger']>,
  size = 1000,
  offset = 0,
) => tumbling(size, { time: 'processing', stagger, offset });

const sums = (window: ReturnType<typeof tumbling>) => (stream: Stream<Row>) =>
  stream
    .keyBy('key')
    .window(window)
    .aggregate(({ sum }) => ({ sum: sum('n') }));

const window = (key: number, windowStart: number, windowEnd: number, sum: number) => ({
  record: { key, windowStart, windowEnd, sum },
  timestamp: windowEnd - 1,
});

inEveryMode(
  'natural: windows of a subtask begin at its first record',
  Row,
  sums(staggered('natural')),
  (h) => {
    h.processingTime(10_300);
    h.push({ key: 1, n: 1 });
    h.processingTime(11_299);
    h.push({ key: 1, n: 2 });
    assert.deepEqual(h.take(), []);
    h.processingTime(11_300);
    assert.deepEqual(h.take(), [window(1, 10_300, 11_300, 3)]);
    h.processingTime(14_000);
    h.push({ key: 1, n: 4 });
    h.processingTime(15_000);
    assert.deepEqual(h.take(), [window(1, 13_300, 14_300, 4)]);
  },
  WITHOUT_RESTARTS,
);

inEveryMode(
  'natural: sliding windows have one such time for all of them',
  Row,
  sums(sliding(30, 10, { time: 'processing', stagger: 'natural' })),
  (h) => {
    h.processingTime(1007);
    h.push({ key: 1, n: 1 });
    h.processingTime(1016);
    h.push({ key: 1, n: 2 });
    h.processingTime(1018);
    h.push({ key: 1, n: 4 });
    h.processingTime(1100);
    assert.deepEqual(h.take(), [
      window(1, 987, 1017, 3),
      window(1, 997, 1027, 7),
      window(1, 1007, 1037, 7),
      window(1, 1017, 1047, 4),
    ]);
  },
  WITHOUT_RESTARTS,
);

test('natural: a window that was open in a snapshot keeps its bounds, and new ones begin anew', async () => {
  const h = await harness<Row, unknown>(sums(staggered('natural')));
  h.processingTime(300);
  h.push({ key: 1, n: 1 });
  await h.restart();
  h.processingTime(800);
  h.push({ key: 1, n: 2 });
  h.processingTime(1300);
  assert.deepEqual(h.take(), [window(1, 300, 1300, 1)]);
  h.processingTime(1800);
  assert.deepEqual(h.take(), [window(1, 800, 1800, 2)]);
});

inEveryMode(
  'random: the windows of a subtask begin where they do, also behind a restart, each at a time of its own',
  Row,
  sums(staggered('random', 1_000_000, 17)),
  (h, { parallelism, restartEach }) => {
    h.processingTime(10_000_000);
    for (let key = 0; key < 50; key++) h.push({ key, n: 1 });
    for (let key = 0; key < 50; key++) h.push({ key, n: 2 });
    h.processingTime(20_000_000);
    const rows = h.takeRecords() as unknown as { key: number; windowStart: number; sum: number }[];
    const total = rows.reduce((sum, row) => sum + row.sum, 0);
    assert.equal(total, 150);
    const starts = new Set(rows.map(({ windowStart }) => windowStart % 1_000_000));
    const mostSubtasks = Math.max(parallelism, ...(restartEach ?? []));
    assert.ok(starts.size <= mostSubtasks, `${starts.size} of ${mostSubtasks}`);
    if (mostSubtasks > 1) assert.ok(starts.size > 1);
    if (restartEach === undefined) assert.equal(rows.length, 50);
  },
);

test('random: another step has other times', async () => {
  const startOf = async (name: string): Promise<number> => {
    const h = await harness<Row, { windowStart: number }>((stream) =>
      sums(staggered('random', 1_000_000))(stream).name(name),
    );
    h.push({ key: 1, n: 1 });
    h.processingTime(2_000_000);
    return h.takeRecords()[0]!.windowStart;
  };
  assert.notEqual(await startOf('one'), await startOf('two'));
});

test('both sides of a join have the same windows', async () => {
  const h = await harness2<Row, Row, { a: number; b: number }>((first, second) =>
    first
      .join(second)
      .on('key', 'key')
      .window(staggered('natural'))
      .apply((left, right) => ({ a: left.n, b: right.n })),
  );
  h.processingTime(300);
  h.pushFirst({ key: 1, n: 1 });
  h.processingTime(1100);
  h.pushSecond({ key: 1, n: 2 });
  h.processingTime(1299);
  assert.deepEqual(h.takeRecords(), []);
  h.processingTime(1300);
  assert.deepEqual(h.takeRecords(), [{ a: 1, b: 2 }]);
});

test('aligned is the default, and takes the fast operator', async () => {
  assert.deepEqual(staggered('aligned'), tumbling(1000, { time: 'processing' }));
  const h = await harness<Row, unknown>(sums(staggered('aligned')));
  h.processingTime(300);
  h.push({ key: 1, n: 1 });
  h.push({ key: 2, n: 1 });
  h.processingTime(1000);
  assert.deepEqual(sorted(h.take()), sorted([window(1, 0, 1000, 1), window(2, 0, 1000, 1)]));
});

test('windows by event time cannot be staggered', () => {
  const expected = { code: 'JOB_DEFINITION', message: /tumbling: stagger .*time: 'processing'/ };
  assert.throws(() => tumbling('1 s', { stagger: 'random' }), expected);
  // @ts-expect-error: no such stagger
  const make = () => sliding(2, 1, { time: 'processing', stagger: 'some' });
  assert.throws(make, { code: 'JOB_DEFINITION', message: /stagger/ });
});
