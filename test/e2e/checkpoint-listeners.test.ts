/** Process functions are told of the checkpoints of a job that runs on threads. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobClient, OperatorResult, RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { listening } from './jobs/listening.ts';

const NEVER = '10 min';
const STEPS = ['keyed', 'unkeyed', 'connected', 'broadcast'];

/** What all subtasks of all steps show under a name; once for each that has been told. */
function shown(operators: readonly OperatorResult[], name: string): number[] {
  return operators.flatMap(({ gauges }) => gauges[name] ?? []);
}

async function untilShown(client: JobClient, name: string, id: number): Promise<void> {
  const subtasks = STEPS.length * 2;
  for (;;) {
    const { operators, state } = client.status();
    const values = shown(operators, name);
    if (values.length === subtasks && values.every((value) => value === id)) return;
    assert.equal(state, 'running');
    assert.ok(
      values.every((value) => value <= id),
      `${values}`,
    );
    await delay(5);
  }
}

async function whileListening(
  options: RunOptions,
  look: (client: JobClient) => Promise<void>,
): Promise<void> {
  const client = await listening.start({ parallelism: 2, ...options });
  client.result().catch(() => {});
  try {
    await look(client);
  } finally {
    await client.cancel();
  }
}

for (const threads of [0, 2]) {
  test(`on ${threads} threads each subtask is told; of a savepoint none is`, async () => {
    await inFolder(async (folder) => {
      const checkpoints = { dir: join(folder, 'state'), every: NEVER } as const;
      await whileListening({ threads, checkpoints }, async (client) => {
        while (client.status().records < 100) await delay(5);
        const first = await client.checkpoint();
        await untilShown(client, 'complete', first.id);
        await client.savepoint(join(folder, 'saved'));
        await delay(50);
        await untilShown(client, 'complete', first.id);
        const next = await client.checkpoint();
        assert.equal(next.id, first.id + 2);
        await untilShown(client, 'complete', next.id);
        const { operators, lastCheckpoint } = await client.stop();
        const last = next.id + 1;
        assert.equal(lastCheckpoint, join(folder, 'state', `checkpoint-${last}`));
        assert.deepEqual([...new Set(shown(operators, 'complete'))], [last], 'of the last one too');
        assert.deepEqual(shown(operators, 'aborted'), []);
      });
    });
  });
}

test('of the savepoint that a job without checkpoints is stopped behind', async () => {
  await inFolder(async (folder) => {
    await whileListening({ threads: 2 }, async (client) => {
      while (client.status().records < 100) await delay(5);
      await client.savepoint(join(folder, 'first'));
      const { operators } = await client.stop({ savepoint: join(folder, 'second') });
      assert.deepEqual([...new Set(shown(operators, 'complete'))], [2]);
    });
  });
});

test('one that is given up is told, and so are those of the next attempt', async () => {
  await inFolder(async (folder) => {
    const dir = join(folder, 'state');
    const slow = { dir, every: NEVER, timeout: 1, tolerableFailures: 10 } as const;
    await whileListening(
      { checkpoints: slow, params: { slowMs: 5 }, threads: 2 },
      async (client) => {
        while (client.status().records < 100) await delay(5);
        await assert.rejects(client.checkpoint(), { code: 'CHECKPOINT_TIMEOUT' });
        await untilShown(client, 'aborted', 1);
      },
    );
    const params = { failing: join(folder, 'failing') };
    const restart = { strategy: 'fixedDelay', delay: 0 } as const;
    const checkpoints = { dir, every: NEVER } as const;
    await whileListening({ threads: 2, checkpoints, params, restart }, async (client) => {
      while (client.status().records < 100) await delay(5);
      const { id } = await client.checkpoint();
      writeFileSync(params.failing, '');
      while (client.metrics().restarts === 0) await delay(5);
      const next = await client.checkpoint();
      assert.ok(next.id > id);
      await untilShown(client, 'complete', next.id);
    });
  });
});
