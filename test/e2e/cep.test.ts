/** Patterns on threads: the same as plain loops, wherever the keys are, also when the job is stopped and goes on. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { expectedRises, found, storedRises } from './jobs/cep.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0 },
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5 },
];

/** Rows as text, in an order of their own. */
function textOf(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

test('matches of three steps', async () => {
  const expected = textOf(expectedRises());
  assert.ok(expected.length > 1000, `${expected.length}`);
  for (const place of PLACES) {
    const { rises } = await found.collect(place);
    assert.deepEqual(textOf(rises), expected, inspect(place));
  }
});

test('partial matches of a job that was stopped go on, with other threads', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const savepoint = join(folder, 'savepoint');
    const checkpoints = { dir: join(folder, 'state'), every: '50 ms' } as const;
    const client = await storedRises.start({
      threads: 2,
      params: { out, rate: 10_000, holdAt: 30_000 },
      checkpoints,
    });
    while (client.status().records < 10_000) await delay(5);
    assert.equal((await client.stop({ savepoint })).state, 'stopped');
    const then = { threads: 1, parallelism: 3, params: { out }, restoreFrom: savepoint };
    assert.equal((await storedRises.run(then)).state, 'finished');
    const parts = readdirSync(out).filter((name) => name.startsWith('part-'));
    const lines = parts.flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n'));
    assert.deepEqual(lines.filter((line) => line !== '').sort(), textOf(expectedRises()));
  });
});
