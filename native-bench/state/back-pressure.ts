/**
 * How long a checkpoint takes while records wait in front of a step that is slow: three steps, the last one busy with each
 * record for 10 us. One checkpoint after the other, for some seconds.
 *
 *   run: back-pressure.ts <aligned | unaligned> <seconds>      { checkpointMs, checkpoints }
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { blackhole, generate, job, record, t } from 'millrace';

const Event = record({ key: t.int32, value: t.float64 });
const BUSY_MS = 0.01;

function busy<Row>(row: Row): Row {
  const end = performance.now() + BUSY_MS;
  while (performance.now() < end);
  return row;
}

export const backPressure = job(import.meta, 'back-pressure', (flow) => {
  flow
    .from(generate({ schema: Event, count: 1e9, row: (n) => ({ key: n % 1000, value: n }) }))
    .rebalance()
    .map((row) => row)
    .keyBy('key')
    .sum('value')
    .rebalance()
    .map(busy)
    .to(blackhole());
});

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [kind, seconds] = process.argv.slice(2);
  const dir = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  const checkpoints = { dir, every: '1 ms', unaligned: kind === 'unaligned' } as const;
  const client = await backPressure.start({ threads: 2, checkpoints });
  const newest = (): number =>
    Math.max(
      0,
      ...readdirSync(dir).map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0)),
    );
  // Until all channels are full.
  await sleep(1000);
  const before = newest();
  const start = performance.now();
  const end = start + Number(seconds) * 1000;
  while (performance.now() < end || newest() <= before) await sleep(1);
  const taken = newest() - before;
  const checkpointMs = (performance.now() - start) / taken;
  await client.cancel();
  await client.result().catch(() => {});
  rmSync(dir, { recursive: true });
  console.log(JSON.stringify({ checkpointMs, checkpoints: taken }));
}
