/**
 * One job at any parallelism: a keyed aggregation behind a hash exchange, then fourteen steps that each are a task of
 * their own. At parallelism 64 these are more than a thousand subtasks.
 *
 *   many-subtasks.ts <parallelism> <records>      prints { ms, records, results, subtasks, peakMb }
 */
import { blackhole, generate, job, monotonous, record, t, tumbling } from 'millrace';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });
const STEPS = 14;
const KEYS = 10_000;

const many = job(import.meta, 'many', (flow) => {
  const totals = flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e7),
        fill({ key, value, time }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            const n = from + i;
            key[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % KEYS;
            value[i] = n & 1023;
            time[i] = Math.floor(n / 1000);
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling(10_000))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }));
  let rows = totals.project('key', 'sum').startNewChain();
  for (let step = 1; step < STEPS; step++)
    rows = rows.filter((row) => row.sum >= 0).startNewChain();
  rows.to(blackhole());
});

const [parallelism, count] = process.argv.slice(2).map(Number);
let peakMb = 0;
const client = await many.start({
  threads: 2,
  parallelism: parallelism!,
  params: { count: count! },
});
const timer = setInterval(() => {
  peakMb = Math.max(peakMb, process.memoryUsage.rss() / 2 ** 20);
}, 50);
const { durationMs, operators } = await client.result();
clearInterval(timer);
const subtasks = (2 + STEPS) * parallelism!;
console.log(
  JSON.stringify({
    ms: durationMs,
    records: operators[0]!.recordsOut,
    results: operators.at(-1)!.recordsIn,
    subtasks,
    peakMb,
  }),
);
