/**
 * A keyed sum over input that ends, in batch, where it gives the last sum of each key, or as a stream, where it gives one
 * a record.
 *
 *   batch.ts <batch | stream> <records>      prints { ms, records, emitted }
 */
import { isMainThread } from 'node:worker_threads';
import { blackhole, generate, job, monotonous, record, t } from 'millrace';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });
const KEYS = 10_000;

const summing = job(import.meta, 'summing', (flow) => {
  flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e6),
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
    .sum('value')
    .to(blackhole());
});

if (isMainThread) {
  const [mode, count] = process.argv.slice(2);
  const { durationMs, operators } = await summing.run({
    threads: 2,
    batch: mode === 'batch',
    params: { count: Number(count) },
  });
  console.log(
    JSON.stringify({
      ms: durationMs,
      records: operators[0]!.recordsOut,
      emitted: operators.at(-1)!.recordsIn,
    }),
  );
}
