/** How many keys each state has, as those see it who gather metrics: live, by subtask, whatever its thread is at. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobClient, RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { coming } from '../e2e/jobs/coming.ts';
import { inspected } from '../e2e/jobs/inspected.ts';
import { windowed } from '../e2e/jobs/windowed.ts';
import { type Served, whileServed } from './served.ts';

type Shown = { readonly subtask: string; readonly operator: string; readonly state: string };

/** What `/metrics` has of a family, by operator and state, over all subtasks. */
async function shown({ ask }: Served, family: string): Promise<Record<string, number>> {
  const { text } = await ask('/metrics');
  const sums: Record<string, number> = {};
  for (const [, labels, value] of text.matchAll(
    new RegExp(`^millrace_${family}\\{(.*)\\} (\\S+)$`, 'gm'),
  )) {
    const pairs = [...labels!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, text]) => [name, text]);
    const { operator, state } = Object.fromEntries(pairs) as Shown;
    const of = `${operator} ${state}`;
    sums[of] = (sums[of] ?? 0) + Number(value);
  }
  return sums;
}

/** Waits until a family is what it should be; the last that was seen, where it never is. */
async function until(served: Served, family: string, wanted: Record<string, number>) {
  const isThere = (found: Record<string, number>): boolean =>
    Object.entries(wanted).every(([of, count]) => found[of] === count);
  let found = await shown(served, family);
  for (let tries = 0; tries < 300 && !isThere(found); tries++) {
    await delay(50);
    found = await shown(served, family);
  }
  assert.deepEqual({ ...found, ...wanted }, found);
}

for (const threads of [0, 2]) {
  test(`keys of each state, and windows that are open, threads: ${threads}`, async () => {
    await whileServed(
      { threads, parallelism: 2, params: { rate: 2000 } },
      async (served) => {
        const keys = { first: 5, sum: 5, some: 5, byParity: 5, place: 5, never: 0 };
        const wanted = Object.entries(keys).map(([state, count]) => [`kept ${state}`, count]);
        await until(served, 'state_keys', {
          ...Object.fromEntries(wanted),
          'most values': 5,
          'idle any': 0,
        });
        assert.deepEqual(await shown(served, 'state_windows'), {});
        const { vertices } = (await served.ask(`/jobs/${served.id}`)).body as {
          vertices: { id: string; name: string }[];
        };
        const { id } = vertices.find(({ name }) => name.startsWith('kept'))!;
        const { body } = await served.ask(
          `/jobs/${served.id}/vertices/${id}/metrics?get=0.kept.first.keys,1.kept.first.keys`,
        );
        const counts = (body as { value: string }[]).map(({ value }) => Number(value));
        assert.deepEqual([counts.length, counts[0]! + counts[1]!], [2, 5]);
      },
      inspected,
    );
    await whileServed(
      { threads, parallelism: 2, params: { rate: 2000 } },
      async (served) => {
        await until(served, 'state_windows', {
          'tumbling panes': 2,
          'sessions windows': 2,
          'rows windows': 2,
          'odd or even partial panes': 2,
          'each windows': 20,
          'joined left rows': 2,
          'joined right rows': 2,
          'near left rows': 2,
        });
        await until(served, 'state_keys', {
          'tumbling panes': 2,
          'rows fired': 2,
          'each windows': 20,
          'counted windows': 2,
          'begun matches': 2,
          'joined left rows': 2,
        });
      },
      windowed,
    );
  });
}

test('the numbers are there while the thread that has the state is in a step that does not end', async () => {
  await inFolder(async (folder) => {
    const hold = join(folder, 'hold');
    await whileServed(
      { threads: 1, parallelism: 1, params: { rate: 100, hold } },
      async (served) => {
        await until(served, 'state_keys', { 'kept first': 5 });
        writeFileSync(hold, '');
        while (!existsSync(`${hold}.held`)) await delay(10);
        assert.equal((await shown(served, 'state_keys'))['kept first'], 5);
        rmSync(hold);
      },
      inspected,
    );
  });
});

/** All keys of the states of a step, as its subtasks have them together. */
function keysOf(client: JobClient, step: string): number {
  const states = client
    .metrics()
    .tasks.flatMap(({ subtasks }) => subtasks.flatMap((one) => one.states));
  return states
    .filter(({ operator }) => operator === step)
    .reduce((sum, { keys }) => sum + keys!, 0);
}

test('keys that are cleared or expire go, those that are restored are back, in as many subtasks as there are', async () => {
  await inFolder(async (folder) => {
    const options = (parallelism: number, params: RunOptions['params']): RunOptions => ({
      threads: 2,
      parallelism,
      checkpoints: { dir: join(folder, 'state'), every: '50 ms' },
      params: { ...params },
    });
    const first = await coming.start(options(2, { cleared: 30 }));
    first.result().catch(() => {});
    // Of 100 keys 30 are cleared; of the same those expire that nobody touches any more.
    while (keysOf(first, 'cleared') !== 70) await delay(20);
    while (keysOf(first, 'expired') !== 10) await delay(20);
    const { completed } = first.metrics().checkpoints;
    while (first.metrics().checkpoints.completed < completed + 2) await delay(20);
    await first.cancel();
    for (const parallelism of [3, 1]) {
      const next = await coming.start(options(parallelism, { cleared: 30 }));
      next.result().catch(() => {});
      while (keysOf(next, 'cleared') !== 70) await delay(20);
      const states = next
        .metrics()
        .tasks.flatMap(({ subtasks }) => subtasks.flatMap((one) => one.states))
        .filter(({ operator }) => operator === 'cleared');
      assert.equal(states.length, parallelism);
      await next.cancel();
    }
  });
});
