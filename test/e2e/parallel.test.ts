/** Functions run by threads of their own: each record once, in order, through failures, time-outs and restarts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { threadId } from 'node:worker_threads';
import { collection, job, type RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import {
  echo,
  endless,
  expectedBlocks,
  expectedCount,
  failing,
  leaving,
  places,
  stuck,
  values,
  working,
} from './jobs/parallel.ts';

type Worked = ReturnType<typeof expectedBlocks>[number];

function workedIn(folder: string): Worked[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Worked);
}

const byId = (a: Worked, b: Worked): number => a.id - b.id;

const PLACES: readonly RunOptions[] = [
  { threads: 0, parallelism: 1 },
  { threads: 2 },
  { threads: 1, parallelism: 3 },
];

for (const ordered of [true, false]) {
  test(`${ordered ? 'in order' : 'as they come'}: each record once, and in its window`, async () => {
    for (const place of PLACES) {
      await inFolder(async (folder) => {
        const out = join(folder, 'out');
        const { counts } = await working.collect({ ...place, params: { out, ordered } });
        const worked = workedIn(out);
        if (ordered && place.parallelism === 1) assert.deepEqual(worked, expectedBlocks());
        assert.deepEqual(worked.sort(byId), expectedBlocks(), inspect(place));
        const blocks = counts.reduce((sum, count) => sum + count.blocks, 0);
        assert.equal(blocks, expectedCount, 'none is late');
      });
    }
  });
}

test('the function runs beside the workers, in so many threads', async () => {
  for (const threads of [0, 1]) {
    const { seen } = await places.collect({ threads, parallelism: 1 });
    const ids = new Set(seen.map((place) => place.threadId));
    assert.equal(seen.length, 200);
    assert.equal(ids.size, 1);
    assert.ok(!ids.has(threadId));
    assert.ok(seen.every((place) => !place.isMainThread));
  }
});

test('rows come back as they were', async () => {
  for (const threads of [0, 1]) {
    const { echoed } = await echo.collect({ threads });
    assert.deepEqual(
      echoed,
      values.map((value) =>
        value?.constructor.name === 'Temperature' ? { ...(value as object) } : value,
      ),
    );
  }
});

test('what threads are at in a savepoint is given to threads again', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const savepoint = join(folder, 'savepoint');
    const checkpoints = { dir: join(folder, 'state'), every: '20 ms' } as const;
    const params = { out, rate: 2000, holdAt: 2000 };
    const client = await working.start({ threads: 2, params, checkpoints });
    while (client.status().records < 1000) await delay(5);
    assert.equal((await client.stop({ savepoint })).state, 'stopped');
    await working.run({ threads: 1, parallelism: 3, params: { out }, restoreFrom: savepoint });
    assert.deepEqual(workedIn(out).sort(byId), expectedBlocks());
  });
});

test('what the function throws is told with the record, file and line', async () => {
  for (const threads of [0, 1]) {
    await assert.rejects(failing.collect({ threads }), {
      code: 'USER_FUNCTION',
      message:
        /^operator 'mapParallel' \(subtask 0, record 1234\): no such block\n {4}at .*jobs[/\\]parallel\.ts:\d+:\d+/,
    });
  }
});

test('a function that does not return is ended by the time-out', async () => {
  await assert.rejects(stuck.collect({ threads: 1 }), { code: 'ASYNC_TIMEOUT' });
  const { answers } = await stuck.collect({ threads: 1, params: { isHandled: true } });
  assert.deepEqual(
    answers,
    Array.from({ length: 40 }, (_, id) => (id === 20 ? -1 : id)),
  );
});

test('a thread that leaves fails the job', async () => {
  await assert.rejects(leaving.collect({ threads: 0 }), {
    code: 'USER_FUNCTION',
    message: /^operator 'mapParallel' \(subtask 0, record \d+\): .*exit/,
  });
});

test('cancel ends threads that do not return', async () => {
  for (const threads of [0, 1]) {
    const client = await endless.start({ threads });
    while (client.status().records === 0) await delay(5);
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  }
});

test('cancel ends threads that load what they run', async () => {
  const TRIALS = 60;
  for (let trial = 0; trial < TRIALS; trial++) {
    const client = await endless.start({ threads: 0 });
    await delay((150 * trial) / TRIALS);
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
  }
});

test('a job that is made within a function has none for other threads', async () => {
  const hidden = job(import.meta, 'hidden', (flow) => {
    const answers = flow.from(collection([1])).mapParallel((n) => n);
    return { answers };
  });
  await assert.rejects(hidden.collect({ threads: 0 }), { code: 'JOB_NOT_FOUND' });
});
