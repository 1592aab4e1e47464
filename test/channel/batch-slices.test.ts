/** How many rows a chain is given at once, by how long it takes for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_ROWS, BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../../src/base/limits.ts';
import { TimedSlices } from '../../src/channel/batch-slices.ts';

/** Nobody waits for what comes behind. */
const AT_WILL = { rowsWanted: Infinity };

/** Hands over batches of so many rows that take so long each; rows of each slice. */
function run(slices: TimedSlices, batches: number, rows: number, msOfRow: number): number[] {
  const given: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    for (let left = rows; left > 0; ) {
      const slice = Math.min(left, slices.rows);
      slices.onSlice(slice, slice * msOfRow);
      given.push(slice);
      left -= slice;
    }
  }
  return given;
}

test('the first slice is small, and quick ones double until a batch is one', () => {
  const slices = new TimedSlices(AT_WILL);
  const given = run(slices, 3, BATCH_ROWS, 1e-5);
  assert.deepEqual(
    given.slice(0, 4),
    [1, 2, 4, 8].map((n) => n * BATCH_SLICE_ROWS_FIRST),
  );
  assert.deepEqual(given.slice(-2), [BATCH_ROWS, BATCH_ROWS]);
});

for (const msOfRow of [0.004, 0.01, 0.3, 1.5]) {
  test(`rows of ${msOfRow} ms come as many at once as are through in time`, () => {
    const given = run(new TimedSlices(AT_WILL), 2, BATCH_ROWS, msOfRow);
    for (const rows of given.slice(1)) assert.ok(rows * msOfRow <= BATCH_SLICE_MS);
    assert.ok((Math.max(...given.slice(1)) + 1) * msOfRow > BATCH_SLICE_MS);
  });
}

test('a row that takes longer than a slice may is a slice', () => {
  const slices = new TimedSlices(AT_WILL);
  assert.equal(slices.rowsPerMs, Infinity, 'nobody knows yet');
  run(slices, 1, 100, 50);
  assert.equal(slices.rows, 1);
  assert.equal(slices.rowsPerMs, 0.02);
});

test('one that took long for another reason is made up for', () => {
  const slices = new TimedSlices(AT_WILL);
  run(slices, 3, BATCH_ROWS, 1e-5);
  slices.onSlice(BATCH_ROWS, 200);
  assert.ok(slices.rows < 100);
  run(slices, 3, BATCH_ROWS, 1e-5);
  assert.ok(slices.rows >= BATCH_ROWS);
});

test('a batch that fits is whole again soon after one that took long for another reason', () => {
  const slices = new TimedSlices(AT_WILL);
  const msOfRow = (0.8 * BATCH_SLICE_MS) / BATCH_ROWS;
  run(slices, 3, BATCH_ROWS, msOfRow);
  slices.onSlice(BATCH_ROWS, 2 * BATCH_SLICE_MS);
  assert.equal(run(slices, 3, BATCH_ROWS, msOfRow).at(-1), BATCH_ROWS);
});

test('fewer rows than there might have been prove nothing', () => {
  const slices = new TimedSlices(AT_WILL);
  slices.onSlice(10, 0);
  assert.equal(slices.rows, BATCH_SLICE_ROWS_FIRST);
});

test('no more rows come at once than may wait behind the chain, and the pace is kept meanwhile', () => {
  const behind = { rowsWanted: Infinity };
  const slices = new TimedSlices(behind);
  run(slices, 3, BATCH_ROWS, 1e-5);
  behind.rowsWanted = 20.5;
  assert.deepEqual(run(slices, 1, 45, 1e-5), [20, 20, 5]);
  behind.rowsWanted = 0.3;
  assert.deepEqual(run(slices, 1, 2, 1e-5), [1, 1], 'one is the least');
  behind.rowsWanted = Infinity;
  assert.deepEqual(run(slices, 1, BATCH_ROWS, 1e-5), [BATCH_ROWS]);
});
