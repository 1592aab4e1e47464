/** A function that is slow: its results leave while others of the same batch still wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { BATCH_ROWS, BATCH_SLICE_ROWS_FIRST } from '../../src/base/limits.ts';
import { inFolder } from '../connector/read-all.ts';
import {
  behindBatches,
  behindExchange,
  behindSource,
  besideNothing,
  endless,
  ROWS,
  written,
} from './jobs/slow-function.ts';

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

/** Of endless rows that were read the most may wait at first, before it is known how long they take; batches alone would hold more. */
const WAITING_MAX = 15_000;

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

test('beside a branch that sends nothing, batches are whole', async () => {
  written.length = 0;
  await besideNothing.run({ threads: 0, parallelism: 2 });
  assert.equal(Math.max(...written.map((rows) => rows.length)), BATCH_ROWS);
});

/** A batch of a source takes four seconds, and each checkpoint would wait for one. */
const CHECKPOINT_MS_MAX = 2000;

for (const threads of [2, 0]) {
  test(`a checkpoint in front of a slow step does not wait for the batches of its source: ${threads} threads`, async () => {
    await inFolder(async (dir) => {
      const client = await behindBatches.start({
        threads,
        parallelism: 2,
        checkpoints: { dir, every: 100 },
      });
      const done = client.result().catch(() => {});
      const last = () => client.metrics().checkpoints.lastCompleted;
      while ((last()?.id ?? 0) < 5) await delay(20);
      const { history } = client.metrics().checkpoints;
      await client.cancel();
      await done;
      // One that had the processor when it wanted it.
      const leastMs = Math.min(...history.map(({ durationMs }) => durationMs));
      assert.ok(leastMs < CHECKPOINT_MS_MAX, `${leastMs} ms`);
    });
  });
}
