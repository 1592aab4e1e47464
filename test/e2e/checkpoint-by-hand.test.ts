/** Checkpoints that somebody asks for: what they are, what goes on from them, and what is told where there can be none. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobClient, RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { counting } from './jobs/counting.ts';
import { watched } from './jobs/watched.ts';

/** None but those by hand. */
const NEVER = '10 min';

async function untilRecords(client: JobClient, records: number): Promise<void> {
  while (client.status().records < records) await delay(2);
}

/** A job without an end, which is cancelled behind the look. */
async function whileWatched(
  options: RunOptions,
  look: (client: JobClient) => Promise<void>,
): Promise<void> {
  const client = await watched.start({ threads: 0, ...options });
  client.result().catch(() => {});
  try {
    await untilRecords(client, 100);
    await look(client);
  } finally {
    await client.cancel();
  }
}

for (const threads of [0, 2]) {
  test(`a job on ${threads} threads goes on from a checkpoint by hand, which has committed`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const checkpoints = { dir: join(folder, 'state'), every: NEVER } as const;
      const params = { out, rolls: true };
      const held = { ...params, rate: 40_000, holdAt: 20_000 };
      const client = await counting.start({ threads, params: held, checkpoints });
      client.result().catch(() => {});
      await untilRecords(client, 5_000);
      const { id, path, type } = await client.checkpoint();
      assert.deepEqual([id, type], [1, 'full']);
      assert.ok(existsSync(join(path, 'manifest.json')));
      assert.ok(readdirSync(join(out, 'sums')).some((name) => name.startsWith('part-')));
      await untilRecords(client, 10_000);
      const second = await client.checkpoint({ type: 'configured' });
      assert.equal(second.id, 2);
      assert.ok(!existsSync(path), 'as others it goes when the next is complete');
      await client.cancel();
      const rest = await counting.run({ threads, params, checkpoints });
      assert.equal(rest.state, 'finished');
      const read = rest.operators.find(({ name }) => name.startsWith('generate'))!.recordsOut;
      assert.ok(read >= 20_000 && read <= 30_000, `read again: ${read}`);
    });
  });
}

test('where checkpoints are incremental, one by hand may be full, and the next are on top of it', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: NEVER, incremental: true } as const;
    await whileWatched({ checkpoints }, async (client) => {
      const types: string[] = [];
      for (const type of ['full', 'configured', 'full', 'incremental'] as const) {
        types.push((await client.checkpoint({ type })).type);
      }
      assert.deepEqual(types, ['full', 'incremental', 'full', 'incremental']);
      const left = readdirSync(checkpoints.dir).filter((name) => name.startsWith('checkpoint-'));
      assert.deepEqual(left.sort(), ['checkpoint-3', 'checkpoint-4']);
    });
  });
});

test('those of the interval go on beside', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '20 ms' } as const;
    await whileWatched({ checkpoints }, async (client) => {
      const taken = await Promise.all(Array.from({ length: 5 }, () => client.checkpoint()));
      assert.equal(new Set(taken.map(({ id }) => id)).size, 5);
      const { id } = taken.at(-1)!;
      while (client.metrics().checkpoints.completed < id + 3) await delay(5);
    });
  });
});

test('where there can be none, that is told at once', async () => {
  await whileWatched({}, async (client) => {
    await assert.rejects(client.checkpoint(), {
      code: 'JOB_DEFINITION',
      message: /^checkpoint: the job takes none: /,
    });
  });
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: NEVER } as const;
    await whileWatched({ checkpoints }, async (client) => {
      await assert.rejects(client.checkpoint({ type: 'incremental' }), {
        code: 'JOB_DEFINITION',
        message: /^checkpoint: type is 'incremental' only where .* got 'incremental'$/,
      });
      await assert.rejects(client.checkpoint({ type: 'whole' as never }), {
        code: 'JOB_DEFINITION',
      });
      await client.cancel();
      await assert.rejects(client.checkpoint(), { code: 'JOB_CANCELLED' });
    });
  });
});

test('one that fails is told to whoever asked, and counts: the job goes on as long as so many may fail', async () => {
  await inFolder(async (folder) => {
    const checkpoints = {
      dir: join(folder, 'state'),
      every: NEVER,
      timeout: 1,
      tolerableFailures: 1,
    } as const;
    const options = { checkpoints, restart: 'none', params: { slowMs: 20 } } as const;
    await whileWatched(options, async (client) => {
      await assert.rejects(client.checkpoint(), { code: 'CHECKPOINT_TIMEOUT' });
      const { records } = client.status();
      await untilRecords(client, records + 10);
      await assert.rejects(client.checkpoint(), { code: 'CHECKPOINT_TIMEOUT' });
      await assert.rejects(client.result(), { code: 'CHECKPOINT_TIMEOUT' });
      assert.equal(client.metrics().checkpoints.failed, 2);
    });
  });
});

test('what is asked for while a job ends is told of the end', async () => {
  for (const threads of [0, 1]) {
    await inFolder(async (folder) => {
      const checkpoints = { dir: join(folder, 'state'), every: NEVER } as const;
      await whileWatched({ threads, checkpoints }, async (client) => {
        const stopped = client.stop();
        const late = client.checkpoint();
        await assert.rejects(late, { code: 'JOB_CANCELLED' });
        assert.equal((await stopped).state, 'stopped');
      });
      await whileWatched({ threads, checkpoints, fresh: true }, async (client) => {
        const cut = client.checkpoint();
        const [told] = await Promise.allSettled([cut, client.cancel()]);
        if (told.status === 'rejected') assert.equal(told.reason.code, 'JOB_CANCELLED');
      });
    });
  }
});
