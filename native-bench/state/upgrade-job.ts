/** A job with a sum for each of many keys, that shows those of one key in a thousand; upgrade.ts saves new versions of it. */
import { generate, job, print, record, t } from 'millrace';

const VERSION = 1;
const RATE = 500_000;

const Event = record({ key: t.int32, sum: t.float64 });

export const upgraded = job(import.meta, 'upgraded', (flow) => {
  const keys = flow.param('keys', 1_000_000);
  flow
    .from(
      generate({
        schema: Event,
        count: 1e15,
        fill({ key, sum }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            key[i] = (from + i) % keys;
            sum[i] = 1;
          }
        },
      }),
      { rate: RATE, parallelism: 1 },
    )
    .keyBy('key')
    .sum('sum')
    .uid('totals')
    .filter(({ key }) => key % 1000 === 0)
    .map(({ sum }) => ({ rounds: sum, version: VERSION }))
    .to(print());
});
