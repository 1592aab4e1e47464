/** Joins give on any number of threads what plain loops give. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import {
  expectedCounts,
  expectedFirst,
  expectedMet,
  expectedNear,
  expectedTogether,
  joining,
  joins,
} from './jobs/joins.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5, maxParallelism: 7 },
];

test('interval joins, window joins and groups, also of sessions and with an evictor, on threads', async () => {
  const near = expectedNear().sort();
  const met = expectedMet().sort();
  const counts = expectedCounts().sort();
  const together = expectedTogether().sort();
  const first = expectedFirst().sort();
  assert.ok(together.length > 1000 && first.length > 100);
  assert.ok(near.length > 1000 && met.length > 1000 && counts.length > 1000);
  for (const place of PLACES) {
    const got = await joins.collect(place);
    assert.deepEqual(got.near.sort(), near, inspect(place));
    assert.deepEqual(got.met.sort(), met, inspect(place));
    assert.deepEqual(got.counts.sort(), counts, inspect(place));
    assert.deepEqual(got.together.sort(), together, inspect(place));
    assert.deepEqual(got.first.sort(), first, inspect(place));
  }
});

/** All rows of the finished files of an output, sorted. */
function rowsOf(out: string): string[][] {
  return ['near', 'groups', 'sessions'].map((folder) =>
    readdirSync(join(out, folder))
      .filter((name) => name.startsWith('part-'))
      .flatMap((name) =>
        readFileSync(join(out, folder, name), 'utf8')
          .trim()
          .split('\n'),
      )
      .filter((line) => line !== '')
      .sort(),
  );
}

test('stopped with a savepoint on 2 threads, joins go on with what they had, on any number of subtasks', async () => {
  await inFolder(async (folder) => {
    const whole = join(folder, 'whole');
    await joining.run({ threads: 0, params: { out: whole } });
    const expected = rowsOf(whole);
    assert.ok(expected.every((rows) => rows.length > 1000));
    for (const [n, then] of [{ threads: 1, parallelism: 3 }, { threads: 2 }].entries()) {
      const out = join(folder, `out ${n}`);
      const savepoint = join(folder, `savepoint ${n}`);
      const checkpoints = { dir: join(folder, `state ${n}`), every: '50 ms' } as const;
      const params = { out, rate: 9000, holdAt: 6000 };
      const client = await joining.start({ threads: 2, params, checkpoints });
      while (client.status().records < 9000) await delay(5);
      const result = await client.stop({ savepoint });
      assert.equal(result.state, 'stopped');
      await joining.run({ ...then, params: { out }, restoreFrom: savepoint });
      assert.deepEqual(rowsOf(out), expected);
    }
  });
});
