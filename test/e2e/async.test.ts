/** Asynchronous functions on threads: each record once, through time, failures and restarts. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { expectedCalls, expectedRates, rating, refusing, waiting } from './jobs/async.ts';

type Rated = ReturnType<typeof expectedRates>[number];

function ratedIn(folder: string): Rated[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Rated);
}

const byId = (a: Rated, b: Rated): number => a.id - b.id;

const PLACES: readonly RunOptions[] = [
  { threads: 0, parallelism: 1 },
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5 },
];

for (const ordered of [true, false]) {
  test(`${ordered ? 'in order' : 'as they come'}: each record once, and in its window`, async () => {
    for (const place of PLACES) {
      await inFolder(async (folder) => {
        const out = join(folder, 'out');
        const { counts } = await rating.collect({ ...place, params: { out, ordered } });
        const rated = ratedIn(out);
        if (ordered && place.parallelism === 1) assert.deepEqual(rated, expectedRates());
        assert.deepEqual(rated.sort(byId), expectedRates(), inspect(place));
        const calls = counts.reduce((sum, count) => sum + count.calls, 0);
        assert.equal(calls, expectedCalls, 'none is late');
      });
    }
  });
}

for (const [threads, then] of [
  [2, { threads: 1, parallelism: 3 }],
  [0, { threads: 2, parallelism: 5 }],
] as const) {
  test(`what is under way in a savepoint is asked for again, from ${threads} threads to ${inspect(then)}`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const savepoint = join(folder, 'savepoint');
      const checkpoints = { dir: join(folder, 'state'), every: '20 ms' } as const;
      const params = { out, rate: 4000, holdAt: 4000 };
      const client = await rating.start({ threads, params, checkpoints });
      while (client.status().records < 2000) await delay(5);
      assert.equal((await client.stop({ savepoint })).state, 'stopped');
      const rest = await rating.run({ ...then, params: { out }, restoreFrom: savepoint });
      assert.equal(rest.state, 'finished');
      assert.deepEqual(ratedIn(out).sort(byId), expectedRates());
    });
  });
}

test('a checkpoint does not wait for what is under way, and neither does the end by cancel', async () => {
  for (const threads of [0, 2]) {
    await inFolder(async (folder) => {
      const notes = join(folder, 'notes');
      mkdirSync(notes);
      const places = (what: string): string[] =>
        readdirSync(notes)
          .filter((name) => name.startsWith(what))
          .map((name) => name.slice(what.length))
          .sort();
      const checkpoints = { dir: join(folder, 'state'), every: '1 h' } as const;
      const client = await waiting.start({ threads, checkpoints, params: { notes } });
      while (places('called').length < Math.max(1, threads)) await delay(5);
      await client.savepoint(join(folder, 'savepoint'));
      await client.cancel();
      await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
      assert.deepEqual(places('closed'), places('called'), 'no thread had to be ended');
    });
  }
});

test('a call that is refused later fails the job, with its place', async () => {
  for (const threads of [0, 2]) {
    await assert.rejects(refusing.collect({ threads, parallelism: 1 }), {
      code: 'USER_FUNCTION',
      message:
        /^operator 'mapAsync' \(subtask 0, record 700\): refused 700\n {4}at .*jobs[/\\]async\.ts:\d+:\d+/,
    });
  }
});
