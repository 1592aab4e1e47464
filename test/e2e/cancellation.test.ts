/** Jobs that are told to stop: by cancel, by an AbortSignal, at any moment, whatever their functions do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortsItself, arrivalOf, endless, neverReturns } from './jobs/pace.ts';

test('cancel stops an endless job, and its result says so', async () => {
  for (const threads of [0, 2]) {
    const client = await endless.start({ threads });
    while (client.status().records === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await client.cancel();
    assert.equal(client.status().state, 'cancelled');
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    await client.cancel();
  }
});

test('an AbortSignal cancels the job, before its start too', async () => {
  const controller = new AbortController();
  const client = await endless.start({ threads: 1, signal: controller.signal });
  controller.abort();
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  await assert.rejects(endless.start({ signal: controller.signal }), { name: 'AbortError' });
});

test('an abort while the job starts is not lost', async () => {
  for (const threads of [0, 1]) {
    const controller = new AbortController();
    const start = abortsItself(controller).start({ threads, signal: controller.signal });
    await assert.rejects(start, { name: 'AbortError' });
  }
});

test('a function that never returns does not keep its job from being cancelled', async () => {
  const isReached = arrivalOf(1);
  const client = await neverReturns.start({ threads: 1 });
  await isReached;
  await client.cancel();
  assert.equal(client.status().state, 'cancelled');
  await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
});
