/** How many rows a chain is given at once, by how long it takes for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_ROWS, BATCH_SLICE_MS, BATCH_SLICE_ROWS_FIRST } from '../../src/base/limits.ts';
import { TimedSlices } from '../../src/channel/batch-slices.ts';
import type { BoundedGate } from '../../src/channel/rows-wanted.ts';

/** A chain that leads nowhere. */
const AT_WILL: readonly BoundedGate[] = [];

/** Hands over batches of so many rows that take so long each; rows of each slice. */
function run(slices: TimedSlices, batches: number, rows: number, msOfRow: number): number[] {
  const given: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    for (let left = rows; left > 0; ) {
      const slice = Math.min(left, slices.rows);
      slices.end(slice, slice * msOfRow);
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
  slices.end(BATCH_ROWS, 200);
  assert.ok(slices.rows < 100);
  run(slices, 3, BATCH_ROWS, 1e-5);
  assert.ok(slices.rows >= BATCH_ROWS);
});

test('a batch that fits is whole again soon after one that took long for another reason', () => {
  const slices = new TimedSlices(AT_WILL);
  const msOfRow = (0.8 * BATCH_SLICE_MS) / BATCH_ROWS;
  run(slices, 3, BATCH_ROWS, msOfRow);
  slices.end(BATCH_ROWS, 2 * BATCH_SLICE_MS);
  assert.equal(run(slices, 3, BATCH_ROWS, msOfRow).at(-1), BATCH_ROWS);
});

test('fewer rows than there might have been prove nothing', () => {
  const slices = new TimedSlices(AT_WILL);
  slices.end(10, 0);
  assert.equal(slices.rows, BATCH_SLICE_ROWS_FIRST);
});

test('small batches of slow rows are cut too, from the second one on', () => {
  const slices = new TimedSlices(AT_WILL);
  const given: number[] = [];
  for (let batch = 0; batch < 3; batch++) {
    for (let left = 20; left > 0; ) {
      const slice = Math.min(left, slices.rows);
      if (slices.begin(slice)) slices.end(slice, slice);
      given.push(slice);
      left -= slice;
    }
  }
  assert.equal(given[0], 20);
  assert.deepEqual([...new Set(given.slice(1))], [BATCH_SLICE_MS]);
});

test('batches of a row each are timed now and then, and a quick one says nothing of its pace', () => {
  const slices = new TimedSlices(AT_WILL);
  let timed = 0;
  for (let row = 0; row < 10 * BATCH_SLICE_ROWS_FIRST; row++) {
    if (!slices.begin(1)) continue;
    timed++;
    slices.end(1, 0.5);
  }
  assert.equal(timed, 10);
  assert.equal(slices.rowsPerMs, Infinity);
  assert.equal(slices.rows, BATCH_SLICE_ROWS_FIRST);
});

test('no more rows come at once than may wait behind the chain, and the pace is kept meanwhile', () => {
  const gate = { rowsMax: Infinity, sentRows: 0 };
  const slices = new TimedSlices([gate]);
  const through = (rows: number) =>
    run(slices, 1, rows, 1e-5).map((slice) => {
      slices.begin(slice);
      gate.sentRows += slice;
      return slice;
    });
  through(2 * BATCH_ROWS);
  gate.rowsMax = 20.5;
  assert.deepEqual(through(45), [20, 20, 5]);
  gate.rowsMax = Infinity;
  assert.deepEqual(through(BATCH_ROWS), [BATCH_ROWS]);
});
