/**
 * What checkpoints cost a job with a count and a sum for each of many keys (endless-job.mjs), and how long it takes from the start
 * of its process to the first record, when it goes on from one; read-state.mjs reads the bytes of the checkpoint alone.
 *
 *   recovery.ts write <keys> <dir>                    a checkpoint                                    { rows }
 *   recovery.ts recover <dir>                         until every thread has been asked for records   { ms }
 *   recovery.ts run <kind> <keys> <seconds> <dir>     a checkpoint every half a second, of a kind: none, full, incremental
 *                                                     or unaligned      { perSecond, gapMs, checkpointMs, writtenMb, fullMb }
 *
 * `gapMs` is the longest time between two batches of a source. `run` does not measure the first pass over all keys.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CheckpointOptions } from 'millrace';
import { median } from '../harness.ts';
import { endless, takeLongestGap } from './endless-job.mjs';

const THREADS = 2;
/** How often to look whether the first records have come: seldom, for it takes from the cores that are measured. */
const LOOK_MS = 50;

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

async function write(keys: number, dir: string): Promise<{ rows: number }> {
  rmSync(dir, { recursive: true, force: true });
  const checkpoints = { dir, every: '1 h' } as const;
  const client = await endless.start({ threads: THREADS, params: { keys }, checkpoints });
  // Each thread goes through the keys in turn.
  while (client.status().records < keys * THREADS * 1.5) await sleep(10);
  await client.stop();
  await client.result();
  const text = readFileSync(join(checkpointIn(dir), 'manifest.json'), 'utf8');
  const { manifest } = JSON.parse(text) as {
    manifest: {
      operators: { uid: string; states: { parts: { blocks: { rows: number }[] }[] }[] }[];
    };
  };
  const { states } = manifest.operators.find(({ uid }) => uid === 'totals')!;
  const blocks = states.flatMap(({ parts }) => parts.flatMap((part) => part.blocks));
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  if (rows < keys) throw new Error(`the checkpoint has ${rows} rows of ${keys} keys`);
  return { rows };
}

type Kind = 'none' | 'full' | 'incremental' | 'unaligned';

async function run(kind: Kind, keys: number, seconds: number, dir: string) {
  rmSync(dir, { recursive: true, force: true });
  const checkpoints: CheckpointOptions = {
    dir,
    every: kind === 'none' ? '1 h' : '500 ms',
    incremental: kind === 'incremental',
    unaligned: kind === 'unaligned',
  };
  const client = await endless.start({ threads: THREADS, params: { keys }, checkpoints });
  while (client.status().records < keys * THREADS * 2) await sleep(10);
  await behindTheFirst(client, kind);
  const { completed } = client.metrics().checkpoints;
  const before = client.status().records;
  takeLongestGap();
  const start = performance.now();
  await sleep(seconds * 1000);
  if (kind !== 'none') while (client.metrics().checkpoints.completed === completed) await sleep(10);
  const perSecond = ((client.status().records - before) / (performance.now() - start)) * 1000;
  const metrics = client.metrics().checkpoints;
  const taken = metrics.history
    .filter(({ state }) => state === 'completed')
    .slice(0, metrics.completed - completed);
  await client.stop();
  await client.result();
  const gapMs = takeLongestGap();
  if (kind === 'none') return { perSecond, gapMs, checkpointMs: 0, writtenMb: 0, fullMb: 0 };
  return {
    perSecond,
    gapMs,
    checkpointMs: median(taken.map(({ durationMs }) => durationMs)),
    writtenMb: median(taken.map(({ bytes }) => bytes)) / 1e6,
    fullMb: median(taken.map(({ fullBytes }) => fullBytes)) / 1e6,
  };
}

/** The first checkpoint of a delta is whole. */
async function behindTheFirst(client: Awaited<ReturnType<typeof endless.start>>, kind: Kind) {
  if (kind === 'none') return;
  while (client.metrics().checkpoints.completed === 0) await sleep(10);
}

/** By the command that a user gives again after a crash. */
async function recover(dir: string): Promise<{ ms: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const marker = join(folder, 'marker');
  writeFileSync(marker, '');
  const command = ['run', fileOf('endless-job.mjs'), '--no-progress'];
  const flags = ['--threads', `${THREADS}`, '--from', checkpointIn(dir), '-p', `marker=${marker}`];
  const child = spawn(process.execPath, [fileOf('../../dist/cli/main.js'), ...command, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  let times: number[] = [];
  while (times.length < THREADS && child.exitCode === null) {
    await sleep(LOOK_MS);
    times = readFileSync(marker, 'utf8').trimEnd().split('\n').filter(Boolean).map(Number);
  }
  child.kill('SIGKILL');
  await ended;
  rmSync(folder, { recursive: true });
  if (times.length < THREADS) throw new Error('the job ended before its first record');
  return { ms: Math.max(...times) };
}

/** The newest checkpoint of a directory. */
function checkpointIn(dir: string): string {
  const ids = readdirSync(dir).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0));
  return join(dir, `checkpoint-${Math.max(...ids)}`);
}

const WAYS: Readonly<Record<string, (...args: string[]) => Promise<object>>> = {
  write: (keys, dir) => write(Number(keys), dir!),
  recover: (dir) => recover(dir!),
  run: (kind, keys, seconds, dir) => run(kind as Kind, Number(keys), Number(seconds), dir!),
};

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [way, ...args] = process.argv.slice(2);
  console.log(JSON.stringify(await WAYS[way!]!(...args)));
}
