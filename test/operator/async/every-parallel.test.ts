/** Functions for threads of their own, where they run in the thread of the test, in every mode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserFunctionError } from '../../../src/base/errors.ts';
import { record, t } from '../../../src/data/schema.ts';
import { harness } from '../../../src/testing/harness.ts';
import { inEveryMode, inOrderOf } from '../../modes.ts';

const Row = record({ id: t.int32 });
type Row = { id: number };

for (const ordered of [true, false]) {
  for (const batchRows of [1, 3, 64]) {
    inEveryMode<Row, number>(
      `${ordered ? 'in order' : 'as they come'}, ${batchRows} rows at a time`,
      Row,
      (rows) => rows.mapParallel(({ id }) => id * 2, { ordered, batchRows, threads: 9 }),
      async (h, mode) => {
        for (let id = 0; id < 30; id++) {
          h.push({ id }, 1000 + id);
          // Behind a full operator a batch has to wait, and a barrier behind the batch.
          if (mode.restartEach !== undefined) await h.settle();
          if (id % 10 !== 9) continue;
          h.watermark(id);
          if (id === 19) await h.settle();
        }
        await h.end();
        const elements = h.take();
        const all: number[] = [];
        for (const element of elements) {
          if ('record' in element) {
            assert.equal(element.timestamp, 1000 + element.record / 2);
            all.push(element.record);
          } else if ('watermark' in element && element.watermark !== Infinity) {
            const before = Array.from({ length: element.watermark + 1 }, (_, id) => id * 2);
            assert.ok(
              before.every((result) => all.includes(result)),
              'no row passes a watermark',
            );
          }
        }
        const expected = Array.from({ length: 30 }, (_, id) => id * 2);
        if (ordered && mode.restartEach === undefined) {
          assert.deepEqual(inOrderOf(mode, all), inOrderOf(mode, expected));
        }
        assert.deepEqual(
          [...all].sort((a, b) => a - b),
          expected,
        );
        assert.deepEqual(elements.slice(-2), [{ watermark: Infinity }, { end: true }]);
      },
    );
  }
}

test('what is given to threads is in a snapshot', async () => {
  const seen: number[] = [];
  const h = await harness<Row, number>((rows) =>
    rows.mapParallel(
      ({ id }) => {
        seen.push(id);
        return id;
      },
      { threads: 1, batchRows: 2 },
    ),
  );
  for (let id = 0; id < 9; id++) h.push({ id }, id);
  await h.restart({ parallelism: 2 });
  assert.deepEqual(seen, []);
  await h.restart({ parallelism: 1 });
  await h.end();
  assert.deepEqual(
    h.takeRecords(),
    Array.from({ length: 9 }, (_, id) => id),
  );
  assert.equal(seen.length, 9);
});

test('another attempt at all rows of a group, and a failure with its own record', async () => {
  const calls: number[] = [];
  const h = await harness<Row, number>((rows) =>
    rows.mapParallel(
      ({ id }) => {
        calls.push(id);
        if (id === 2) throw new RangeError(`failed ${calls.length}`);
        return id;
      },
      {
        threads: 1,
        batchRows: 4,
        retry: {
          strategy: 'fixedDelay',
          attempts: 1,
          delay: 0,
          ifError: (error) => error instanceof RangeError,
        },
      },
    ),
  );
  for (let id = 0; id < 4; id++) h.push({ id }, id);
  await assert.rejects(
    h.settle(),
    (error: unknown) =>
      error instanceof UserFunctionError &&
      /subtask 0, record 2\): failed 6\n {4}at .*every-parallel/.test(error.message),
  );
  assert.deepEqual(calls, [0, 1, 2, 0, 1, 2]);
});

test('a group that takes too long: each of its rows', async () => {
  const h = await harness<Row, number>((rows) =>
    rows.mapParallel(({ id }) => id, {
      threads: 1,
      batchRows: 2,
      timeout: 10,
      onTimeout: ({ id }) => -id,
    }),
  );
  for (let id = 1; id <= 4; id++) h.push({ id }, id);
  h.processingTime(10);
  assert.deepEqual(h.takeRecords(), [-1, -2, -3, -4]);
  await h.end();
  assert.deepEqual(h.takeRecords(), []);
});
