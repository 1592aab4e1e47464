/** A function that is slow: its results leave while others of the same batch still wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BATCH_SLICE_ROWS_FIRST } from '../../src/base/limits.ts';
import { behindExchange, behindSource, endless, ROWS, written } from './jobs/slow-function.ts';

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

/** Rings of 1 MiB alone would hold more. */
const WAITING_MAX = 80_000;

test('in front of a slow step wait only as many records as it gets through in some time', async () => {
  const client = await endless.start({ threads: 2 });
  const done = client.result().catch(() => {});
  const counted = () => {
    const operators = client.metrics().tasks.flatMap((task) => task.operators);
    const of = (name: string) => operators.find((one) => one.name === name)!;
    return { read: of('generate').recordsOut, processed: of('map').recordsIn };
  };
  let { read, processed } = counted();
  for (; processed < 1000; { read, processed } = counted()) await delay(20);
  await client.cancel();
  await done;
  assert.ok(read - processed < WAITING_MAX, `${read - processed} records wait`);
});
