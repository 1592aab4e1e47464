/** Rows go to the subtask that owns their key group, in their order, in each of the dealer's loops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowDealer } from '../../src/channel/row-dealer.ts';
import { keyGroupOf, subtaskOf } from '../../src/data/key-group.ts';
import { hashKeyValue } from '../../src/data/key-hash.ts';

const MANY_TIMES = 21;

for (const [channels, maxParallelism, rows] of [
  [1, 128, 5000],
  [2, 128, 5000],
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((few) => [2, 128, few] as const),
  [3, 128, 5000],
  [2, 10, 5000],
  [4, 10, 5000],
  [300, 1024, 5000],
] as const) {
  test(`${channels} channels, ${maxParallelism} key groups, ${rows} rows`, () => {
    // Below 0, among those whose channels are looked up by key before long, and above.
    const keys = Int32Array.from({ length: rows }, (_, row) => row * 31 - 9000);
    const hashes = keys.map((key) => hashKeyValue(key));
    const expected = Array.from({ length: channels }, (_, channel) =>
      [...hashes.keys()].filter((row) => {
        const group = keyGroupOf(hashes[row]!, maxParallelism);
        return subtaskOf(group, channels, maxParallelism) === channel;
      }),
    );
    const dealer = new RowDealer(channels, maxParallelism);
    const dealt = (): number[][] =>
      Array.from({ length: channels }, (_, channel) => {
        const { order, starts, ends } = dealer.rows;
        return [...order.subarray(starts[channel], ends[channel])];
      });
    dealer.deal(hashes, hashes.length);
    assert.deepEqual(dealt(), expected);
    for (let n = 0; n < MANY_TIMES; n++) {
      dealer.dealInts(keys, keys.length);
      if (n % 10 === 0) assert.deepEqual(dealt(), expected);
    }
  });
}
