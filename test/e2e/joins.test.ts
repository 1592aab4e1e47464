/** Joins give on any number of threads what plain loops give. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { expectedCounts, expectedMet, expectedNear, joins } from './jobs/joins.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5, maxParallelism: 7 },
];

test('interval joins, window joins and groups, on threads', async () => {
  const near = expectedNear().sort();
  const met = expectedMet().sort();
  const counts = expectedCounts().sort();
  assert.ok(near.length > 1000 && met.length > 1000 && counts.length > 1000);
  for (const place of PLACES) {
    const got = await joins.collect(place);
    assert.deepEqual(got.near.sort(), near, inspect(place));
    assert.deepEqual(got.met.sort(), met, inspect(place));
    assert.deepEqual(got.counts.sort(), counts, inspect(place));
  }
});
