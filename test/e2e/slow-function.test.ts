/** A function that is slow: its results leave while others of the same batch still wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_SLICE_ROWS_FIRST } from '../../src/base/limits.ts';
import { behindExchange, behindSource, ROWS, written } from './jobs/slow-function.ts';

for (const slow of [behindSource, behindExchange]) {
  test(`${slow.name}, a slow function is given few records at a time`, async () => {
    written.length = 0;
    await slow.run({ threads: 0 });
    assert.deepEqual(
      written.flat(),
      Array.from({ length: ROWS }, (_, n) => n),
    );
    const [first, ...others] = written.map((rows) => rows.length);
    assert.ok(first! <= BATCH_SLICE_ROWS_FIRST, `${first} at first`);
    // Half a millisecond each: no more than four are through in time.
    assert.ok(Math.max(...others) <= 4, `${Math.max(...others)} later`);
  });
}
