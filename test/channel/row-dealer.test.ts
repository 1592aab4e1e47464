/** Rows go to the subtask that owns their key group, in their order, in each of the dealer's loops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RowDealer } from '../../src/channel/row-dealer.ts';
import { keyGroupOf, subtaskOf } from '../../src/data/key-group.ts';
import { hashKeyValue } from '../../src/data/key-hash.ts';

for (const [channels, maxParallelism] of [
  [1, 128],
  [2, 128],
  [3, 128],
  [2, 10],
  [4, 10],
] as const) {
  test(`${channels} channels, ${maxParallelism} key groups`, () => {
    const hashes = Int32Array.from({ length: 5000 }, (_, key) => hashKeyValue(key));
    const dealer = new RowDealer(channels, maxParallelism);
    dealer.deal(hashes, hashes.length);
    for (let channel = 0; channel < channels; channel++) {
      const expected = [...hashes.keys()].filter((row) => {
        const group = keyGroupOf(hashes[row]!, maxParallelism);
        return subtaskOf(group, channels, maxParallelism) === channel;
      });
      const dealt = dealer.rows[channel]!.subarray(0, dealer.counts[channel]);
      assert.deepEqual([...dealt], expected);
    }
  });
}
