/** Rows in turn: all of them, in their order, as many to each channel whatever the batches are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { TurnDealer } from '../../src/channel/dealer.ts';
import { Batch } from '../../src/data/batch.ts';

const batchOf = (rowCount: number): Batch =>
  new Batch({ rowCount, schema: null, rows: Array.from({ length: rowCount }, (_, i) => i) });

/** The rows of the batch dealt last, by channel. */
function dealt(dealer: TurnDealer, rowCount: number, channels: number): readonly number[][] {
  dealer.deal(batchOf(rowCount));
  const { order, starts, ends } = dealer.rows;
  return Array.from({ length: channels }, (_, c) => [...order.subarray(starts[c], ends[c])]);
}

test('rows of small batches go to one channel after the other, from batch to batch', () => {
  const dealer = new TurnDealer(3);
  assert.deepEqual(dealt(dealer, 4, 3), [[0, 3], [1], [2]]);
  assert.deepEqual(dealt(dealer, 1, 3), [[], [0], []]);
  assert.deepEqual(dealt(dealer, 2, 3), [[1], [], [0]]);
});

test('of a large batch each channel gets a part', () => {
  const dealer = new TurnDealer(2);
  const [first, second] = dealt(dealer, 1001, 2);
  assert.deepEqual(
    first,
    Array.from({ length: 501 }, (_, i) => i),
  );
  assert.deepEqual(
    second,
    Array.from({ length: 500 }, (_, i) => 501 + i),
  );
  assert.deepEqual(dealt(dealer, 1, 2), [[], [0]]);
});

test('after any batches no channel has two rows more than another', () => {
  const random = new Random(11);
  for (const channels of [1, 2, 3, 7, 64]) {
    const dealer = new TurnDealer(channels);
    const counts = new Array<number>(channels).fill(0);
    for (let n = 0; n < 200; n++) {
      const rowCount = random.below(random.below(2) === 0 ? 10 : 5000);
      const rows = dealt(dealer, rowCount, channels);
      for (const [c, of] of rows.entries()) {
        counts[c]! += of.length;
        assert.deepEqual(
          of,
          of.toSorted((a, b) => a - b),
        );
      }
      assert.deepEqual(
        rows.flat().sort((a, b) => a - b),
        Array.from({ length: rowCount }, (_, i) => i),
      );
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    }
  }
});
