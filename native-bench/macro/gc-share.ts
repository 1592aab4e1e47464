/**
 * The share of time that garbage collection takes in the threads of a typed keyed job.
 *
 *   gc-share.ts <records>      prints { percent, records }
 *
 * Each thread watches itself, and its sink hands over what it has seen.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { generate, job, monotonous, record, type Sink, t, tumbling } from 'millrace';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

let gcMs = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) gcMs += entry.duration;
});
if (!isMainThread) observer.observe({ entryTypes: ['gc'] });

let percent = Number.NaN;

function watching(): Sink {
  return {
    name: 'watching',
    descriptor: null,
    createWriter: () => {
      const startMs = performance.now();
      const gcBefore = gcMs;
      return {
        isBusy: false,
        write() {},
        preCommit() {
          for (const entry of observer.takeRecords()) gcMs += entry.duration;
          return [{ gcMs: gcMs - gcBefore, ms: performance.now() - startMs }];
        },
        close() {},
      };
    },
    async commit(shares) {
      const sum = (of: 'gcMs' | 'ms'): number =>
        (shares as { gcMs: number; ms: number }[]).reduce((total, share) => total + share[of], 0);
      percent = (100 * sum('gcMs')) / sum('ms');
    },
  };
}

const watched = job(import.meta, 'watched', (flow) => {
  flow
    .from(
      generate({
        schema: Event,
        count: flow.param('count', 1e8),
        fill({ key, value, time }, from, rowCount) {
          for (let i = 0; i < rowCount; i++) {
            const n = from + i;
            key[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % 100_000;
            value[i] = n & 1023;
            time[i] = Math.floor(n / 1000);
          }
        },
      }),
    )
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('10 s'))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }))
    .to(watching());
});

if (isMainThread) {
  const records = Number(process.argv[2]);
  await watched.run({ threads: 2, params: { count: records } });
  console.log(JSON.stringify({ percent, records }));
}
