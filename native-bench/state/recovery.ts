/**
 * What checkpoints cost a job with a count and a sum for each of many keys, and how long it takes from the start of its process
 * to the first record, when it goes on from one; read-state.mjs reads the bytes of the checkpoint alone.
 *
 *   recovery.ts write <keys> <dir>                    a checkpoint                                    { rows }
 *   recovery.ts recover <dir>                         until every thread has been asked for records   { ms }
 *   recovery.ts run <kind> <keys> <seconds> <dir>     a checkpoint every half a second, of a kind: none, full, incremental
 *                                                     or unaligned      { perSecond, gapMs, checkpointMs, writtenMb, fullMb }
 *
 * `gapMs` is the longest time between two batches of a source. Behind the first pass over all keys, which `run` does not measure,
 * every hundredth key changes.
 */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CheckpointOptions,
  generate,
  job,
  monotonous,
  record,
  type Sink,
  t,
  tumbling,
} from 'millrace';
import { median } from '../harness.ts';

const THREADS = 2;
const CHANGED_EACH = 100;
const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

/** Milliseconds since 1970, in any thread. */
const nowMs = (): number => performance.timeOrigin + performance.now();

/** Of the source in this thread: the longest since it was asked last. */
const gap = { sinceMs: Number.NaN, longestMs: 0 };
/** In the calling thread: of all sources, since it was reset. */
let longestGapMs = 0;

/** Throws its rows away, and tells the longest gap of its thread with each checkpoint. */
const telling: Sink = {
  name: 'telling',
  descriptor: null,
  createWriter: () => ({
    isBusy: false,
    write() {},
    preCommit() {
      const { longestMs } = gap;
      gap.longestMs = 0;
      return [longestMs];
    },
    close() {},
  }),
  async commit(committables) {
    longestGapMs = Math.max(longestGapMs, ...(committables as number[]));
  },
};

const endless = job(import.meta, 'recovery', (flow) => {
  const keys = flow.param('keys', 1_000_000);
  const marker = flow.param('marker', '');
  let isFirst = marker !== '';
  let made = 0;
  flow
    .from(
      generate({
        schema: Event,
        count: 1e15,
        fill({ key, value, time }, from, rowCount) {
          if (isFirst) appendFileSync(marker, `${nowMs()}\n`);
          isFirst = false;
          const now = performance.now();
          if (now - gap.sinceMs > gap.longestMs) gap.longestMs = now - gap.sinceMs;
          gap.sinceMs = now;
          for (let i = 0; i < rowCount; i++, made++) {
            key[i] = made < keys * 2 ? made % keys : (made * CHANGED_EACH) % keys;
            value[i] = (from + i) & 1023;
            time[i] = 0;
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('1 d'))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }))
    .uid('totals')
    .to(telling);
});

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
  longestGapMs = 0;
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
  const gapMs = longestGapMs;
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

async function recover(dir: string): Promise<{ ms: number }> {
  const restoreFrom = checkpointIn(dir);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const marker = join(folder, 'marker');
  appendFileSync(marker, '');
  const client = await endless.start({ threads: THREADS, restoreFrom, params: { marker } });
  let times: number[] = [];
  while (times.length < THREADS) {
    await sleep(2);
    times = readFileSync(marker, 'utf8').trimEnd().split('\n').filter(Boolean).map(Number);
  }
  await client.cancel();
  await client.result().catch(() => {});
  rmSync(folder, { recursive: true });
  return { ms: Math.max(...times) - performance.timeOrigin };
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
