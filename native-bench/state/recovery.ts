/**
 * How long a job with a count and a sum for each of many keys takes from the start of its process to the first record, when
 * it goes on from a checkpoint; read-state.mjs reads the bytes of the checkpoint alone.
 *
 *   recovery.ts write <keys> <dir>      a checkpoint                                    { rows }
 *   recovery.ts recover <dir>           until every thread has been asked for records   { ms }
 */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blackhole, generate, job, monotonous, record, t, tumbling } from 'millrace';

const THREADS = 2;
const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

/** Milliseconds since 1970, in any thread. */
const nowMs = (): number => performance.timeOrigin + performance.now();

const endless = job(import.meta, 'recovery', (flow) => {
  const keys = flow.param('keys', 1_000_000);
  const marker = flow.param('marker', '');
  let isFirst = marker !== '';
  flow
    .from(
      generate({
        schema: Event,
        count: 1e15,
        fill({ key, value, time }, from, rowCount) {
          if (isFirst) appendFileSync(marker, `${nowMs()}\n`);
          isFirst = false;
          for (let i = 0; i < rowCount; i++) {
            const n = from + i;
            key[i] = n % keys;
            value[i] = n & 1023;
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
    .to(blackhole());
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

/** The only checkpoint of a directory. */
function checkpointIn(dir: string): string {
  return join(dir, readdirSync(dir).find((name) => name.startsWith('checkpoint-'))!);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [what, ...args] = process.argv.slice(2);
  const report =
    what === 'write' ? await write(Number(args[0]), args[1]!) : await recover(args[0]!);
  console.log(JSON.stringify(report));
}
