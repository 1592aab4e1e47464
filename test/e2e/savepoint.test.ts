/** Savepoints and stops of a running job: what has ended, what goes on, and what a job that starts from one makes. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type JobClient, job } from 'millrace';
import { inFolder } from '../connector/read-all.ts';
import { counting } from './jobs/counting.ts';

const RATE = 40_000;
/** However late a job is stopped, it has not read more. */
const HELD = { rate: RATE, holdAt: 20_000 };

/** The alarm for what hangs. */
const HANGS = { timeout: 600_000 };

/** All rows of the finished files of an output, sorted. */
function rowsOf(out: string): Record<string, readonly string[]> {
  const read = (folder: string, heads: number): string[] =>
    !existsSync(join(out, folder))
      ? []
      : readdirSync(join(out, folder))
          .filter((name) => name.startsWith('part-'))
          .flatMap((name) =>
            readFileSync(join(out, folder, name), 'utf8')
              .trim()
              .split('\n')
              .slice(heads),
          )
          .sort();
  return { windows: read('windows', 1), sums: read('sums', 0) };
}

let expected: ReturnType<typeof rowsOf>;
before(async () => {
  await inFolder(async (out) => {
    await counting.run({ threads: 0, params: { out } });
    expected = rowsOf(out);
  });
  assert.equal(expected.sums!.length, 40_000);
  assert.ok(expected.windows!.length > 10_000);
});

async function untilRecords(client: JobClient, records: number): Promise<void> {
  while (client.status().records < records) await delay(5);
}

for (const [threads, then] of [
  [2, { threads: 1, parallelism: 3 }],
  [0, { threads: 2 }],
] as const) {
  test(`stopped with a savepoint on ${threads} threads, a job goes on with ${JSON.stringify(then)}`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const savepoint = join(folder, 'savepoint');
      const checkpoints = { dir: join(folder, 'state'), every: '50 ms' } as const;
      const client = await counting.start({ threads, params: { out, ...HELD }, checkpoints });
      await untilRecords(client, 10_000);
      const result = await client.stop({ savepoint });
      assert.equal(result.state, 'stopped');
      const rest = await counting.run({ ...then, params: { out }, restoreFrom: savepoint });
      assert.equal(rest.state, 'finished');
      assert.deepEqual(rowsOf(out), expected);
    });
  });
}

test('a savepoint changes nothing: the job goes on, and so does another one from it', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const until = join(folder, 'goes-on');
    const client = await counting.start({ threads: 1, params: { out, ...HELD, until } });
    await untilRecords(client, 10_000);
    const path = await client.savepoint(join(folder, 'savepoint'));
    assert.ok(existsSync(join(path, 'manifest.json')));
    writeFileSync(until, '');
    await client.result();
    assert.deepEqual(rowsOf(out), expected);
    await assert.rejects(client.savepoint(join(folder, 'late')), { code: 'JOB_CANCELLED' });
  });
});

test('drained, a job fires all windows of what it has read, and finishes', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const savepoint = join(folder, 'savepoint');
    const client = await counting.start({ threads: 1, params: { out, ...HELD } });
    await untilRecords(client, 10_000);
    const { state, operators } = await client.stop({ drain: true, savepoint });
    assert.equal(state, 'finished');
    const read = operators[0]!.recordsOut;
    assert.ok(read >= 10_000 && read <= 20_000);
    const { sums, windows } = rowsOf(out);
    assert.equal(sums!.length, read);
    // Each row is in three windows.
    const inWindows = windows!.map((row) => Number(row.split(',')[3]));
    assert.equal(
      inWindows.reduce((total, rows) => total + rows, 0),
      3 * read,
    );
    const again = await counting.run({ threads: 1, params: { out }, restoreFrom: savepoint });
    assert.equal(again.state, 'finished');
    assert.equal(rowsOf(out).sums!.length, read);
  });
});

for (const [what, code, name] of [
  ['is not empty', 'OUTPUT_EXISTS', 'busy'],
  ['has a name for which there is no draft', 'CHECKPOINT_WRITE', 'x'.repeat(250)],
] as const) {
  test(`a stop whose savepoint cannot be written, as its directory ${what}, stops nothing`, async () => {
    await inFolder(async (folder) => {
      const out = join(folder, 'out');
      const dir = join(folder, 'state');
      const savepoint = join(folder, name);
      if (name === 'busy') mkdirSync(join(savepoint, 'what is there'), { recursive: true });
      const until = join(folder, 'goes-on');
      const params = { out, ...HELD, until };
      const checkpoints = { dir, every: '20 ms' } as const;
      const client = await counting.start({ threads: 1, params, checkpoints });
      await untilRecords(client, 4000);
      await assert.rejects(client.stop({ savepoint }), { code });
      const completed = (): number => client.metrics().checkpoints.completed;
      const before = completed();
      // They are taken again.
      while (completed() < before + 2) await delay(5);
      writeFileSync(until, '');
      const { state } = await client.result();
      assert.equal(state, 'finished');
      assert.deepEqual(rowsOf(out), expected);
    });
  });
}

test('a job is not drained when the savepoint of its end has no place', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const until = join(folder, 'goes-on');
    const client = await counting.start({ threads: 1, params: { out, ...HELD, until } });
    await untilRecords(client, 4000);
    await assert.rejects(client.stop({ drain: true, savepoint: folder }), {
      code: 'OUTPUT_EXISTS',
    });
    writeFileSync(until, '');
    assert.equal((await client.result()).state, 'finished');
    assert.deepEqual(rowsOf(out), expected);
  });
});

test('where the last savepoint is not complete in time, the job goes on', HANGS, async () => {
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const asking = job(import.meta, 'asking', (flow) => {
    const numbers = flow.input<{ n: number }>();
    // The second record waits for the first, and the barrier behind it too.
    const answers = numbers
      .rebalance()
      .mapAsync((row) => answered.then(() => row), { capacity: 1 });
    return { numbers, answers };
  });
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '10 min', timeout: 100 } as const;
    const client = await asking.start({ threads: 0, checkpoints });
    const { numbers } = client.inputs;
    for (const n of [1, 2, 3]) {
      numbers.write({ n });
      await untilRecords(client, n);
    }
    await assert.rejects(client.stop({ savepoint: join(folder, 'savepoint') }), {
      code: 'CHECKPOINT_TIMEOUT',
    });
    answer();
    numbers.write({ n: 4 });
    numbers.end();
    const read: number[] = [];
    for await (const { n } of client.outputs.answers) read.push(n);
    assert.deepEqual(read, [1, 2, 3, 4]);
    assert.equal((await client.result()).state, 'finished');
  });
});

test('stop needs a place to go on from', async () => {
  await inFolder(async (out) => {
    const client = await counting.start({ threads: 0, params: { out, ...HELD } });
    await assert.rejects(client.stop(), {
      code: 'JOB_DEFINITION',
      message: /takes no checkpoints/,
    });
    await client.cancel();
    await assert.rejects(client.stop({ drain: true }), { code: 'JOB_CANCELLED' });
  });
});

test('who stops a job that is being stopped gets the same result', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '10 min' } as const;
    const params = { out: join(folder, 'out'), ...HELD };
    const client = await counting.start({ threads: 1, params, checkpoints });
    await untilRecords(client, 10_000);
    const [first, ...others] = await Promise.all([
      client.stop({ savepoint: join(folder, 'savepoint') }),
      client.stop(),
      client.stop(),
    ]);
    assert.equal(first.state, 'stopped');
    for (const other of others) assert.equal(other, first);
    await assert.rejects(client.stop(), { code: 'JOB_CANCELLED' });
  });
});

test('a stop that fails leaves the next one to whoever asks', async () => {
  await inFolder(async (folder) => {
    const full = join(folder, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'a file'), '');
    const checkpoints = { dir: join(folder, 'state'), every: '10 min' } as const;
    const params = { out: join(folder, 'out'), ...HELD };
    const client = await counting.start({ threads: 1, params, checkpoints });
    await untilRecords(client, 10_000);
    const failing = client.stop({ savepoint: full });
    const after = client.stop();
    await assert.rejects(failing, { code: 'OUTPUT_EXISTS' });
    assert.equal((await after).state, 'stopped');
  });
});

test('stopped with a savepoint, a job also goes on by the command that it was started with', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const checkpoints = { dir: join(folder, 'state'), every: '10 min' } as const;
    const params = { out, rolls: true };
    const held = { ...params, ...HELD };
    const client = await counting.start({ threads: 1, params: held, checkpoints });
    await untilRecords(client, 10_000);
    await client.stop({ savepoint: join(folder, 'savepoint') });
    assert.ok(rowsOf(out).sums!.length >= 10_000, 'sinks have committed');
    await counting.run({ threads: 2, params, checkpoints });
    assert.deepEqual(rowsOf(out), expected);
  });
});
