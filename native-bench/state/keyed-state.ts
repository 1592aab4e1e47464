/**
 * A job that keeps a count and a sum for each of many keys until its end: one window that all records are in.
 *
 *   run: keyed-state.ts <threads> <records> <keys> <checkpoint every ms | 0> [dir]     { ms, records, checkpoints, bytes }
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blackhole, generate, job, monotonous, record, t, tumbling } from 'millrace';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

export const keyedState = job(import.meta, 'keyed state', (flow) => {
  const keys = flow.param('keys', 1_000_000);
  flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e8),
        fill({ key, value, time }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            const n = from + i;
            key[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % keys;
            value[i] = n & 1023;
            time[i] = n >>> 16;
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('1 d'))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }))
    .to(blackhole());
});

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [threads, count, keys, everyMs] = process.argv.slice(2).map(Number);
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const checkpoints = { dir, every: everyMs!, retained: 1000 };
  const { durationMs, operators } = await keyedState.run({
    threads: threads!,
    params: { count: count!, keys: keys! },
    ...(everyMs === 0 ? {} : { checkpoints }),
  });
  const taken = readdirSync(dir).filter((name) => name.startsWith('checkpoint-'));
  const bytes = taken.map((name) => statSync(join(dir, name, 'state')).size);
  rmSync(dir, { recursive: true });
  const report = { ms: durationMs, records: operators[0]!.recordsOut, checkpoints: taken.length };
  console.log(JSON.stringify({ ...report, bytes: Math.max(0, ...bytes) }));
}
