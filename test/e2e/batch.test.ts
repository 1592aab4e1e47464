/** Jobs in batch: what they give against the same jobs as streams, on threads, through checkpoints, from the command line. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobClient, RunOptions } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { jobFile, millrace } from './command-line.ts';
import { endless, partitions, shuffled } from './jobs/batch.ts';
import { counting } from './jobs/counting.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0 },
  { threads: 0, parallelism: 3 },
  { threads: 2 },
  { threads: 2, parallelism: 5 },
];

/** Rows of every window, and the last sum of each sensor. */
function expected() {
  const windows = new Map<string, number[]>();
  const totals = new Map<number, number>();
  for (let n = 0; n < 30_000; n++) {
    const [sensor, value] = [n % 7, n % 10];
    const name = `${sensor} ${Math.floor(((n * 7919) % 30_000) / 1000)}`;
    const [rows = 0, total = 0] = windows.get(name) ?? [];
    windows.set(name, [rows + 1, total + value]);
    totals.set(sensor, (totals.get(sensor) ?? 0) + value);
  }
  return { windows, totals };
}

for (const place of PLACES) {
  for (const batch of [true, 'auto'] as const) {
    test(`batch ${batch}, ${JSON.stringify(place)}: nothing is late, sums come once a key`, async () => {
      const { perSecond, totals } = await shuffled.collect({ ...place, batch });
      const rows = perSecond.map((row): [string, number[]] => [
        `${row.sensor} ${row.windowStart / 1000}`,
        [row.rows, row.total],
      ]);
      assert.equal(rows.length, new Set(rows.map(([name]) => name)).size);
      assert.deepEqual(new Map(rows), new Map([...expected().windows].map((one) => one)));
      assert.equal(totals.length, 7);
      const sums = totals.map(({ sensor, value }): [number, number] => [sensor, value]);
      assert.deepEqual(new Map(sums), expected().totals);
    });
  }
}

for (const place of PLACES) {
  for (const batch of [false, true]) {
    test(`full partitions, batch ${batch}, ${JSON.stringify(place)}`, async () => {
      const { inOrder, sizes, least } = await partitions.collect({ ...place, batch });
      assert.deepEqual(
        inOrder.map(({ value }) => value),
        Array.from({ length: 20_000 }, (_, n) => 19_999 - n),
      );
      assert.equal(
        sizes.reduce((sum, { rows }) => sum + rows, 0),
        20_000,
      );
      assert.ok(sizes.length <= (place.parallelism ?? place.threads ?? 1) || sizes.length === 1);
      assert.equal(
        least.reduce((sum, { rows }) => sum + rows, 0),
        20_000,
      );
      assert.deepEqual(least.map(({ sensor }) => sensor).sort(), [0, 1, 2]);
      assert.ok(least.some((one) => one.least === 0));
    });
  }
}

test('a job runs as a stream where it is not told otherwise', async () => {
  const { totals } = await shuffled.collect({ threads: 0 });
  assert.equal(totals.length, 30_000);
  const result = await shuffled.run({ threads: 0 });
  assert.ok(result.operators.some(({ lateRecords }) => lateRecords > 0));
});

test('a source without an end is refused; batch: auto runs its job as a stream', async () => {
  await assert.rejects(endless.run({ threads: 0, batch: true }), {
    code: 'JOB_DEFINITION',
    message: /batch: source 'more' has no end/,
  });
  const client = await endless.start({ threads: 0, batch: 'auto' });
  for await (const row of client.outputs.all) {
    assert.ok(row);
    break;
  }
  await client.cancel();
});

function partsOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('part-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .sort();
}

async function untilRecords(client: JobClient, records: number): Promise<void> {
  while (client.status().records < records) await delay(5);
}

for (const [threads, then] of [
  [2, { threads: 0, parallelism: 3 }],
  [0, { threads: 2 }],
] as const) {
  test(`stopped on ${threads} threads, a job in batch goes on with ${JSON.stringify(then)}`, async () => {
    await inFolder(async (folder) => {
      const [plain, out, dir] = ['plain', 'out', 'state'].map((name) => join(folder, name));
      await counting.run({ threads: 0, batch: true, params: { out: plain! } });
      const options = { batch: true, checkpoints: { dir: dir!, every: '50 ms' } } as const;
      const client = await counting.start({
        ...options,
        threads,
        params: { out: out!, rate: 10_000, holdAt: 8000 },
      });
      await untilRecords(client, 3_000);
      await client.stop();
      await assert.rejects(
        counting.run({ threads: 0, params: { out: out! }, checkpoints: { dir: dir! } }),
        { code: 'STATE_INCOMPATIBLE', message: /ran in batch, and now it would run as a stream/ },
      );
      const rest = await counting.run({ ...options, ...then, params: { out: out! } });
      assert.equal(rest.state, 'finished');
      assert.equal(partsOf(join(out!, 'sums')).length, 97);
      assert.deepEqual(partsOf(join(out!, 'sums')), partsOf(join(plain!, 'sums')));
      const rows = (of: string): string[] =>
        partsOf(join(of, 'windows')).filter((line) => !line.startsWith('key'));
      assert.deepEqual(rows(out!), rows(plain!));
    });
  });
}

test('millrace run --batch', async () => {
  await inFolder(async (out) => {
    for (const flag of ['--batch', '--batch-auto']) {
      const of = join(out, flag);
      const { code, stderr } = await millrace(
        ...['run', flag, jobFile('counting'), '--threads', 0, '--no-progress'],
        ...['--param', `out=${of}`],
      );
      assert.equal(code, 0, stderr);
      assert.equal(partsOf(join(of, 'sums')).length, 97);
    }
    const both = await millrace('run', '--batch', '--batch-auto', jobFile('counting'));
    assert.equal(both.code, 2);
    assert.match(both.stderr, /cannot be used with/);
    const refused = await millrace('run', '--batch', jobFile('batch'), '--job', 'endless');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /source 'more' has no end/);
  });
});
