/** Process functions on threads: the same as plain loops, wherever the keys are. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import {
  expectedSights,
  expectedVisits,
  firstSights,
  storedVisits,
  visits,
} from './jobs/process.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0 },
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5 },
];

/** Rows as text, in an order of their own. */
function textOf(rows: readonly unknown[]): string[] {
  return rows.map((row) => inspect(row, { maxArrayLength: 99 })).sort();
}

test('visits that end by timers', async () => {
  const expected = textOf(expectedVisits());
  assert.ok(expected.length > 1000, `${expected.length}`);
  for (const place of PLACES) {
    const got = await visits.collect(place);
    assert.deepEqual(textOf(got.visits), expected, inspect(place));
  }
});

test('maps and lists by key, and a side output', async () => {
  const expected = expectedSights();
  assert.ok(expected.sights.length > 30 && expected.repeated.length > 1000);
  for (const place of PLACES) {
    const got = await firstSights.collect(place);
    assert.deepEqual(textOf(got.sights), textOf(expected.sights), inspect(place));
    assert.deepEqual(textOf(got.repeated), textOf(expected.repeated), inspect(place));
  }
});

function rowsIn(folder: string): unknown[] {
  const parts = readdirSync(folder).filter((name) => name.startsWith('part-'));
  const lines = parts.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8').trim().split('\n'),
  );
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown);
}

for (const [threads, then] of [
  [2, { threads: 1, parallelism: 3 }],
  [0, { threads: 2, parallelism: 5 }],
] as const) {
  test(`state and timers of a job that was stopped go on, from ${threads} threads to ${inspect(then)}`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const savepoint = join(folder, 'savepoint');
      const checkpoints = { dir: join(folder, 'state'), every: '50 ms' } as const;
      const params = { out, rate: 60_000, holdAt: 40_000 };
      const client = await storedVisits.start({ threads, params, checkpoints });
      while (client.status().records < 20_000) await delay(5);
      assert.equal((await client.stop({ savepoint })).state, 'stopped');
      const rest = await storedVisits.run({ ...then, params: { out }, restoreFrom: savepoint });
      assert.equal(rest.state, 'finished');
      assert.deepEqual(textOf(rowsIn(out)), textOf(expectedVisits()));
    });
  });
}
