/** The metrics of jobs that run: who is busy and who is held up, rings, checkpoints, failures, threads. */
import assert from 'node:assert/strict';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { JobClient, JobMetrics, RunOptions, TaskMetrics } from 'millrace';
import { prometheusText } from '../../src/server/prometheus.ts';
import { inFolder } from '../connector/read-all.ts';
import { orders } from '../dashboard/jobs/orders.ts';
import { copying } from './jobs/copying.ts';
import { counting } from './jobs/counting.ts';
import { FEW, MANY, tallying } from './jobs/tallying.ts';
import { watched } from './jobs/watched.ts';

async function until(client: JobClient, what: (metrics: JobMetrics) => boolean) {
  // The alarm for a job that hangs.
  for (let tries = 0; tries < 6000; tries++) {
    const metrics = client.metrics();
    if (what(metrics)) return metrics;
    await delay(20);
  }
  throw new Error(`it has not come to it: ${JSON.stringify(client.metrics(), null, 2)}`);
}

async function whileRunning(options: RunOptions, look: (client: JobClient) => Promise<void>) {
  const client = await watched.start(options);
  client.result().catch(() => {});
  try {
    await look(client);
  } finally {
    await client.cancel();
  }
}

test('bytes that a source reads and a sink writes are those of the files', async () => {
  await inFolder(async (folder) => {
    const input = join(folder, 'in');
    const out = join(folder, 'out');
    await mkdir(input);
    const lines = Array.from({ length: 5000 }, (_, n) => `{"n":${n},"label":"row"}\n`);
    const half = lines.slice(0, 2500).join('');
    await writeFile(join(input, 'a.jsonl'), half);
    await writeFile(join(input, 'b.jsonl.gz'), gzipSync(half));
    const { operators } = await copying.run({ threads: 2, params: { input, out } });
    const source = operators[0]!;
    const sink = operators.at(-1)!;
    const sizeOf = async (path: string): Promise<number> => {
      const names = await readdir(path);
      const sizes = await Promise.all(
        names.map(async (name) => (await stat(join(path, name))).size),
      );
      return sizes.reduce((total, size) => total + size, 0);
    };
    // Of a compressed file the checksum at its end is read again.
    assert.equal(source.bytesRead, (await sizeOf(input)) + 8);
    assert.equal(sink.bytesWritten, await sizeOf(out));
    assert.deepEqual([source.bytesWritten, sink.bytesRead], [0, 0]);
  });
});

test('a slow step is busy, and holds up what is before it', async () => {
  const params = { rate: 0, slowMs: 0.02 };
  await whileRunning({ threads: 2, parallelism: 1, params }, async (client) => {
    const { tasks, exchanges, threads } = await until(
      client,
      ({ tasks: [source, totals], exchanges: [exchange] }) => {
        const { busyMs, backPressuredMs } = source!.subtasks[0]!;
        const slowMs = totals!.subtasks[0]!.busyMs;
        return backPressuredMs > 2 * busyMs && slowMs > 2 * busyMs && exchange!.fullest > 0.5;
      },
    );
    const [source, totals] = tasks as readonly [TaskMetrics, TaskMetrics];
    assert.deepEqual([source.isSource, totals.isSource], [true, false]);
    const before = source.subtasks[0]!;
    const slow = totals.subtasks[0]!;
    assert.deepEqual([before.state, slow.state], ['running', 'running']);
    assert.ok(slow.backPressuredMs < slow.busyMs);
    // Looked at later: of one look, the numbers of the source may be older than those of the step behind it.
    const later = client.metrics().tasks[0]!.subtasks[0]!.watermark!;
    assert.ok(later >= slow.watermark!);
    const [exchange] = exchanges;
    assert.deepEqual(
      [exchange!.partitioning, exchange!.rings, exchange!.localChannels],
      ['hash', 1, 0],
    );
    // Two numbers of four bytes and one of eight are a row.
    assert.ok(exchange!.bytes >= 16 * slow.recordsIn);
    assert.ok(exchange!.usedBytes > 0 && exchange!.usedBytes <= exchange!.capacityBytes);
    assert.deepEqual(
      threads.map(({ worker }) => worker),
      ['caller', 0, 1],
    );
    for (const { elapsedMs, busyMs, heapUsedBytes } of threads.slice(1)) {
      assert.ok(heapUsedBytes > 1e6 && busyMs <= elapsedMs);
    }
  });
});

test('counts of subtasks add up to those of operators, functions’ counters with them', async () => {
  await whileRunning({ threads: 2 }, async (client) => {
    await until(client, ({ tasks }) => (tasks[1]?.operators[0]?.recordsIn ?? 0) > 5000);
    await client.cancel();
    const { tasks, state, watermark } = client.metrics();
    const [source, totals] = tasks as readonly [TaskMetrics, TaskMetrics];
    const seen = totals.operators[0]!;
    assert.equal(state, 'cancelled');
    assert.equal(source.subtasks[0]!.recordsOut, source.operators[0]!.recordsOut);
    assert.equal(
      totals.subtasks.reduce((sum, { recordsIn }) => sum + recordsIn, 0),
      seen.recordsIn,
    );
    assert.equal(seen.counters.seen, seen.recordsIn);
    assert.deepEqual([source.recordsWritten, totals.recordsWritten], [0, seen.recordsOut]);
    assert.equal(source.subtasks[0]!.watermark, watermark);
    const late = totals.subtasks.map(({ watermarkLagMs }) => watermarkLagMs);
    assert.ok(late.every((ms) => ms !== null && ms >= 0));
  });
});

test('checkpoints with their state, and what has become of a failure', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '30 ms' } as const;
    const params = { failing: join(folder, 'has-failed'), rate: 5000 };
    const restart = { strategy: 'fixedDelay', delay: 0 } as const;
    await whileRunning({ threads: 1, checkpoints, params, restart }, async (client) => {
      const metrics = await until(
        client,
        ({ restarts, checkpoints: { completed, history } }) =>
          restarts === 1 && completed > 3 && (history[1]?.operators.length ?? 0) > 1,
      );
      assert.equal(metrics.isRestarting, false);
      assert.deepEqual(
        metrics.exchanges.map(({ rings, bytes }) => [rings, bytes]),
        [[0, 0]],
      );
      assert.equal(metrics.failures.length, 1);
      assert.equal(metrics.failures[0]!.code, 'USER_FUNCTION');
      assert.match(metrics.failures[0]!.message, /'totals'.*as it was told to/);
      const { lastCompleted } = metrics.checkpoints;
      const totals = lastCompleted!.operators.find(({ name }) => name === 'totals')!;
      assert.deepEqual([totals.rows > 0, totals.bytes > 0], [true, true]);
      assert.equal(lastCompleted!.bytes, lastCompleted!.fullBytes);
      const path = await client.savepoint(join(folder, 'savepoint'));
      assert.equal(client.metrics().checkpoints.lastSavepoint!.path, path);
    });
  });
});

test('what leaves a chain on its way is counted, not only what leaves its end', async () => {
  const client = await orders.start({ threads: 0, parallelism: 2 });
  client.result().catch(() => {});
  await until(client, ({ tasks }) => (tasks[0]?.operators[0]?.recordsOut ?? 0) > 1000);
  await client.cancel();
  const [{ operators, subtasks }] = client.metrics().tasks as readonly [TaskMetrics];
  const counts = operators.map(({ recordsOut }) => recordsOut);
  assert.equal(counts.length, 2);
  assert.equal(subtasks[0]!.recordsOut, counts[0]! + counts[1]!);
});

test('what functions count goes on behind a restart, also in a step whose input has ended', async () => {
  await inFolder(async (folder) => {
    const checkpoints = { dir: join(folder, 'state'), every: '20 ms' } as const;
    const options: RunOptions = { threads: 1, parallelism: 2, checkpoints };
    const params = { holdAt: MANY / 2 };
    const client = await tallying.start({ ...options, params });
    const hasEnded = ({ tasks }: JobMetrics): boolean =>
      tasks
        .find(({ name }) => name.includes('few'))!
        .subtasks.every((one) => one.state === 'finished');
    const { checkpoints: before } = await until(client, hasEnded);
    await until(client, ({ checkpoints: now }) => now.completed > before.completed + 1);
    await client.cancel();
    await assert.rejects(client.result(), { code: 'JOB_CANCELLED' });
    const { operators } = await tallying.run(options);
    const seen = (step: string): number | undefined =>
      operators.find(({ name }) => name === step)?.counters.seen;
    assert.deepEqual([seen('few'), seen('many')], [FEW, MANY]);
  });
});

test('what sinks have committed: each of their part files, at checkpoints and at the end', async () => {
  await inFolder(async (folder) => {
    const out = join(folder, 'out');
    const state = join(folder, 'state');
    const client = await counting.start({
      threads: 1,
      checkpoints: { dir: state, every: '20 ms' },
      params: { out, rolls: true, count: 3000, rate: 10_000, each: 1000, checkpoints: state },
    });
    await client.result();
    const { commits } = client.metrics();
    const files = await Promise.all(['windows', 'sums'].map((sink) => readdir(join(out, sink))));
    assert.ok(files.every(({ length }) => length > 1));
    assert.deepEqual(
      commits.map(({ committed }) => committed).sort(),
      files.map(({ length }) => length).sort(),
    );
    assert.match(
      prometheusText([client.metrics()]),
      /^millrace_sink_commits_total\{.*uid="[^"]+",operator="csv"\} [1-9]\d*$/m,
    );
  });
});
