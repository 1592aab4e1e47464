/** Threads that are started before there is a pool. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { startThreadsAhead, takeThreads } from '../../src/job/worker-threads.ts';

test('a pool takes threads that were started ahead, and more where there are too few', async () => {
  startThreadsAhead(1);
  const taken = takeThreads(2, null);
  assert.equal(new Set(taken).size, 2);
  const more = takeThreads(1, null);
  assert.ok(!taken.includes(more[0]!), 'a thread is taken once');
  await Promise.all([...taken, ...more].map((thread) => thread.terminate()));
});

test('threads that are too many, or have another heap, are ended', async () => {
  for (const [wanted, heapMb, kept] of [
    [1, null, 1],
    [2, 64, 0],
  ] as const) {
    startThreadsAhead(2);
    const taken = takeThreads(wanted, heapMb);
    assert.equal(taken.length, wanted);
    const heaps = taken.map((thread) => thread.resourceLimits?.maxOldGenerationSizeMb);
    assert.equal(heaps.filter((heap) => heap === 64).length, wanted - kept);
    await Promise.all(taken.map((thread) => [once(thread, 'exit'), thread.terminate()][0]));
  }
});
