/** Steps with key groups of their own: their state goes on with any parallelism, and with no other number of groups. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobClient, RunOptions } from 'millrace';
import type { Manifest } from '../../src/checkpoint/checkpoint.ts';
import { decodeManifest, encodeManifest } from '../../src/checkpoint/manifest.ts';
import { inFolder } from '../connector/read-all.ts';
import { grouped, TICKS } from './jobs/key-groups.ts';

const RATE = 30_000;

/** All rows of the finished files of an output, sorted. */
function rowsOf(out: string): Record<string, readonly string[]> {
  const read = (name: string, heads: number): string[] => {
    const folder = join(out, name);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((file) => file.startsWith('part-'))
      .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(heads))
      .sort();
  };
  return { windows: read('windows', 1), counts: read('counts', 0), greatest: read('greatest', 0) };
}

function manifestOf(savepoint: string): Manifest {
  const file = join(savepoint, 'manifest.json');
  return decodeManifest(file, readFileSync(file));
}

/** As it was written before operators had numbers of their own. */
function forgetOwn(savepoint: string): void {
  const manifest = manifestOf(savepoint);
  const operators = manifest.operators.map(({ maxParallelism: _, ...operator }) => operator);
  const old = { ...manifest, operators } as unknown as Manifest;
  writeFileSync(join(savepoint, 'manifest.json'), encodeManifest(old));
}

/** Key groups of the steps that have some, and of the job. */
function groupsIn(savepoint: string): Readonly<Record<string, number>> {
  const { operators, maxParallelism } = manifestOf(savepoint);
  const steps = operators.filter(({ states }) => states.some(({ kind }) => kind === 'keyed'));
  const own = steps.map((step) => [step.uid, step.maxParallelism]);
  return { ...Object.fromEntries(own), job: maxParallelism };
}

async function untilRecords(client: JobClient, records: number): Promise<void> {
  while (client.status().records < records) await delay(5);
}

let expected: ReturnType<typeof rowsOf>;
before(async () => {
  await inFolder(async (out) => {
    await grouped.run({ threads: 0, params: { out } });
    expected = rowsOf(out);
  });
  for (const name of ['counts', 'greatest']) assert.equal(expected[name]!.length, TICKS);
  assert.ok(expected.windows!.length > 5_000);
});

/** Runs it until so many records more are read, but not those from number `holdAt` on, and leaves a savepoint. */
async function runFor(
  records: number,
  savepoint: string,
  holdAt: number,
  options: RunOptions,
): Promise<void> {
  const params = { rate: RATE, holdAt, ...options.params };
  const client = await grouped.start({ ...options, params });
  await untilRecords(client, records);
  await client.stop({ savepoint });
}

/** None, for all steps: those of the job. */
const OF_JOB = { windows: 0, sums: 0, counts: 0, greatest: 0 };

for (const threads of [0, 2]) {
  test(`on ${threads} threads steps of different key groups go on with 1, 2, 3 and 1 subtasks`, async () => {
    await inFolder(async (folder) => {
      const params = { out: join(folder, 'out') };
      let restoreFrom: string | undefined;
      for (const parallelism of [1, 2, 3]) {
        const savepoint = join(folder, `savepoint-${parallelism}`);
        const from = restoreFrom === undefined ? {} : { restoreFrom };
        await runFor(5_000, savepoint, 7_000 * parallelism, {
          threads,
          parallelism,
          params,
          ...from,
        });
        const groups = { windows: 4096, sums: 3, counts: 128, greatest: 7, job: 128 };
        assert.deepEqual(groupsIn(savepoint), groups);
        restoreFrom = savepoint;
      }
      // What a step does not say its state does.
      const last = { ...params, windows: 0, greatest: 0 };
      await grouped.run({ threads, parallelism: 1, params: last, restoreFrom: restoreFrom! });
      assert.deepEqual(rowsOf(params.out), expected);
    });
  });
}

test('a snapshot with one number for the job is that of all its steps', async () => {
  await inFolder(async (folder) => {
    const savepoint = join(folder, 'savepoint');
    const again = join(folder, 'again');
    const params = { out: join(folder, 'out'), ...OF_JOB };
    await runFor(8_000, savepoint, 10_000, {
      threads: 0,
      parallelism: 2,
      maxParallelism: 50,
      params,
    });
    forgetOwn(savepoint);
    const restored = { threads: 0, parallelism: 3, restoreFrom: savepoint };
    await assert.rejects(grouped.run({ ...restored, params: { ...params, sums: 3 } }), {
      code: 'STATE_INCOMPATIBLE',
      message:
        /has 50 key groups of 'sum', its maxParallelism is 3: .* give it \.maxParallelism\(50\)/,
    });
    await runFor(8_000, again, 20_000, { ...restored, params: { ...params, sums: 50 } });
    assert.deepEqual(groupsIn(again), {
      windows: 50,
      sums: 50,
      counts: 50,
      greatest: 50,
      job: 50,
    });
    await grouped.run({ threads: 0, parallelism: 1, params, restoreFrom: again });
    assert.deepEqual(rowsOf(params.out), expected);
  });
});

test('a step keeps the key groups of its state, whatever it and the job say later', async () => {
  await inFolder(async (folder) => {
    const savepoint = join(folder, 'savepoint');
    const params = { out: join(folder, 'out') };
    await runFor(4_000, savepoint, 10_000, { threads: 0, parallelism: 2, params });
    const refused = (how: RunOptions, message: RegExp) =>
      assert.rejects(grouped.run({ threads: 0, params, restoreFrom: savepoint, ...how }), {
        code: 'STATE_INCOMPATIBLE',
        message,
      });
    await refused(
      { params: { ...params, windows: 128 } },
      /savepoint has 4096 key groups of 'window', its maxParallelism is 128: it stays for the life/,
    );
    await refused(
      { params: { ...params, counts: 64 } },
      /has 128 key groups of 'process', its maxParallelism is 64/,
    );
    await refused({ maxParallelism: 64 }, /has 128 key groups, maxParallelism is 64/);
    await refused(
      { params: { ...params, sums: 0 }, parallelism: 4 },
      /has 3 key groups of 'sum', fewer than its parallelism of 4: give it \.parallelism\(3\) or less/,
    );
    await assert.rejects(
      grouped.run({ threads: 0, params, restoreFrom: savepoint, parallelism: 4 }),
      {
        code: 'JOB_DEFINITION',
        message:
          "'sum' would have 4 subtasks, and its maxParallelism is 3: give it no more by .parallelism(3), or a greater " +
          'maxParallelism where it has no state yet',
      },
    );
  });
});
