/** Connected streams, broadcast state, operator state and counters on threads: what plain loops give. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { JobResult, JobStatus, RunOptions } from 'millrace';
import { exportState } from '../../src/checkpoint/export-state.ts';
import { loadCheckpoint } from '../../src/checkpoint/load-checkpoint.ts';
import { inFolder } from '../connector/read-all.ts';
import { connected, connecting, expected, MANY } from './jobs/connected.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5, maxParallelism: 7 },
];

const sorted = (rows: readonly unknown[]): string[] =>
  rows.map((row) => JSON.stringify(row)).sort();

/** Each once; some may still wait, two in each subtask at most. */
function checkThrees(rows: readonly { readonly id: number }[], orders: number, left: number): void {
  const ids = new Set(rows.map(({ id }) => id));
  assert.equal(ids.size, rows.length);
  assert.ok(ids.size <= orders && ids.size >= orders - left, `${ids.size} of ${orders}`);
}

test('connected and broadcast streams on threads', async () => {
  const { due, ruled, orders, texts } = expected();
  for (const place of PLACES) {
    const got = await connected.collect(place);
    assert.deepEqual(sorted(got.due), sorted(due), inspect(place));
    assert.deepEqual(sorted(got.ruled), sorted(ruled), inspect(place));
    assert.deepEqual(sorted(got.texts), sorted(texts), inspect(place));
    checkThrees(got.threes, orders, 2 * (place.parallelism ?? 2));
  }
});

/** Orders and rules are read by subtasks of their own: that the one has come says nothing of the other. */
function hasSome({ operators, records }: JobStatus): boolean {
  const isCounted = (name: string): boolean =>
    operators.some(({ counters }) => (counters[name] ?? 0) > 0);
  return records >= 6000 && isCounted('orders') && isCounted('rules');
}

function operator({ operators }: JobResult, name: string) {
  const found = operators.find((one) => one.name === name);
  assert.ok(found, `an operator '${name}'`);
  return found;
}

test('counters and gauges of functions are in the result, whichever threads they were on', async () => {
  const { orders, rules, paid } = expected();
  for (const place of PLACES) {
    const result = await connected.run(place);
    assert.deepEqual(operator(result, 'due').counters, { orders, paid }, inspect(place));
    const { counters, gauges, parallelism } = operator(result, 'ruled');
    assert.deepEqual(counters, { rules: rules * parallelism });
    const subtasks = Array.from({ length: parallelism }, (_, subtask) => subtask);
    assert.deepEqual(gauges.subtask!.toSorted(), subtasks);
    assert.deepEqual(operator(result, 'process').counters, {});
  }
});

function rowsOf<Row>(out: string, folder: string): Row[] {
  return readdirSync(join(out, folder))
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) =>
      readFileSync(join(out, folder, name), 'utf8')
        .trim()
        .split('\n'),
    )
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

test('stopped with a savepoint on 2 threads, all of it goes on, on any number of subtasks', async () => {
  const { due, ruled, orders } = expected(MANY);
  await inFolder(async (folder) => {
    for (const [n, then] of [{ threads: 1, parallelism: 3 }, { threads: 2 }].entries()) {
      const out = join(folder, `out ${n}`);
      const savepoint = join(folder, `savepoint ${n}`);
      const checkpoints = { dir: join(folder, `state ${n}`), every: '50 ms' } as const;
      const client = await connecting.start({
        threads: 2,
        params: { out, rate: 4000, holdAt: 6000 },
        checkpoints,
      });
      while (!hasSome(client.status())) await delay(5);
      const counted = operator({ ...(await client.stop({ savepoint })) }, 'process').counters;
      assert.ok(counted.orders! > 0 && counted.orders! < orders);
      const stored = await loadCheckpoint(savepoint);
      const limits: unknown[] = [];
      exportState(stored, 'process-2', 'broadcast state/rules', (row) => limits.push(row));
      assert.ok(limits.length > 0);
      for (const row of limits as Record<string, number>[]) {
        assert.deepEqual(Object.keys(row), ['#key', '#value.name', '#value.factor']);
        assert.equal(row['#key'], row['#value.factor']! % 20);
      }
      await connecting.run({ ...then, params: { out }, restoreFrom: savepoint });
      assert.deepEqual(sorted(rowsOf(out, 'due')), sorted(due));
      assert.deepEqual(sorted(rowsOf(out, 'ruled')), sorted(ruled));
      checkThrees(rowsOf(out, 'threes'), orders, 12);
    }
  });
});
