/** What attempts that have failed leave behind: nothing that grows with their number. */
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { test } from 'node:test';
import { collection, job, type ProcessPlace, type } from '../../src/index.ts';
import { Restarts } from '../../src/job/restart-strategy.ts';
import { collector } from '../collector.ts';

const ATTEMPTS = 8;

test('a failed attempt leaves no timer', async () => {
  const timers = new Set<number>();
  const hook = createHook({
    init(id, type) {
      if (type === 'Timeout') timers.add(id);
    },
    destroy(id) {
      timers.delete(id);
    },
  });
  const failing = job(import.meta, 'failing', (flow) => {
    flow
      .from(collection([1]))
      .map((): number => {
        throw new Error('no');
      })
      .print('none');
  });
  hook.enable();
  const restart = { strategy: 'fixedDelay', attempts: ATTEMPTS, delay: 0 } as const;
  await assert.rejects(failing.run({ threads: 0, restart }), { code: 'USER_FUNCTION' });
  // A timer is told to be gone in a later turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  hook.disable();
  assert.ok(timers.size < ATTEMPTS, `${timers.size} timers are left of ${ATTEMPTS + 1} attempts`);
});

test('a strategy without an end remembers no failure by itself', async () => {
  const collect = collector();
  const restarts = new Restarts({ strategy: 'exponential' });
  restarts.onFailure(0);
  await collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 1; n <= 500_000; n++) restarts.onFailure(n);
  await collect();
  const grownBytes = process.memoryUsage().heapUsed - before;
  assert.equal(restarts.onFailure(500_001), 60_000);
  assert.ok(grownBytes < 1_000_000, `it has grown by ${grownBytes} bytes`);
});

test('functions are told of the job and of the attempt', async () => {
  const places: ProcessPlace[] = [];
  const twice = job(import.meta, 'twice', (flow) => {
    flow
      .from(collection([1, 2]), { parallelism: 1 })
      .keyBy((n) => n)
      .process({
        emits: type<number>(),
        open(place) {
          places.push(place);
        },
        onRecord() {
          if (places.length < 3) throw new Error('no');
        },
      })
      .maxParallelism(256)
      .print('none');
  });
  const restart = { strategy: 'fixedDelay', attempts: 5, delay: 0 } as const;
  await twice.run({ threads: 0, restart });
  assert.deepEqual(
    places.map(({ job: { name, attempt }, subtask, parallelism, maxParallelism }) => {
      return [name, attempt, subtask, parallelism, maxParallelism];
    }),
    [0, 1, 2].map((attempt) => ['twice', attempt, 0, 1, 256]),
  );
  assert.equal(new Set(places.map((place) => place.job.id)).size, 1);
  assert.notEqual(places[0]!.job.id, '');
});
