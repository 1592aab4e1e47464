/** Process functions on threads: the same as plain loops, wherever the keys are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { RunOptions } from 'millrace';
import { expectedSights, expectedVisits, firstSights, visits } from './jobs/process.ts';

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
