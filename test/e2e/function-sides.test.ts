/** Rows that functions of windows, pairs and matches send aside, and what they count, on threads: the same as plain loops. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { JobResult, RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { expectedSides, sides, storedSides } from './jobs/sides.ts';

const expected = Object.fromEntries(
  Object.entries(expectedSides()).map(([name, rows]) => [name, [...rows].sort()]),
);

function countersOf({ operators }: Pick<JobResult, 'operators'>): Record<string, number> {
  return Object.assign({}, ...operators.map(({ counters }) => counters));
}

const counted = {
  windows: expected.windows!.length + expected.oddWindows!.length,
  pairs: expected.pairs!.length + expected.oddPairs!.length,
  matches: expected.matches!.length + expected.oddMatches!.length,
};

test('in each place the same', async () => {
  for (const rows of Object.values(expected)) assert.ok(rows.length > 100, `${rows.length}`);
  const places: readonly RunOptions[] = [
    { threads: 0 },
    { threads: 2, parallelism: 3 },
    { threads: 2, batch: true },
  ];
  for (const place of places) {
    const client = await sides.start(place);
    const got = await Promise.all(
      Object.entries(client.outputs).map(async ([name, rows]) => [name, await all(rows)] as const),
    );
    assert.deepEqual(Object.fromEntries(got), expected, inspect(place));
    assert.deepEqual(countersOf(await client.result()), counted, inspect(place));
  }
});

async function all(rows: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const row of rows) found.push(row);
  return found.sort();
}

test('a job that was stopped goes on with other threads, and counts each once', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const savepoint = join(folder, 'savepoint');
    const checkpoints = { dir: join(folder, 'state'), every: '50 ms' } as const;
    const params = { out, rate: 15_000, holdAt: 10_000 };
    const client = await storedSides.start({ threads: 2, params, checkpoints });
    while (client.status().records < 5000) await delay(5);
    assert.equal((await client.stop({ savepoint })).state, 'stopped');
    const then = { threads: 1, parallelism: 3, params: { out }, restoreFrom: savepoint };
    const result = await storedSides.run(then);
    assert.deepEqual(countersOf(result), counted);
    for (const [name, rows] of Object.entries(expected)) {
      assert.deepEqual(textsIn(join(out, name)), rows, name);
    }
  });
});

function textsIn(folder: string): string[] {
  const parts = readdirSync(folder).filter((name) => name.startsWith('part-'));
  const lines = parts.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { text: string }).text)
    .sort();
}
