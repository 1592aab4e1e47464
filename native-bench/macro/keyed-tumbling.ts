/**
 * Count and sum by key over tumbling windows: by columns, or by functions over objects. A run throws the totals away;
 * `collect` brings them to the program, for verification. `functions` doubles each value on its way.
 */
import { blackhole, generate, job, monotonous, record, t, tumbling } from 'millrace';
import { RECORDS_PER_MS, WINDOW_MS } from './keyed-tumbling-shape.ts';

const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

const source = (count: number, keys: number) =>
  generate({
    schema: Event,
    count,
    fill({ key, value, time }, from, rowCount) {
      for (let i = 0; i < rowCount; i++) {
        const n = from + i;
        key[i] = (Math.imul(n, 0x9e3779b1) >>> 0) % keys;
        value[i] = n & 1023;
        time[i] = Math.floor(n / RECORDS_PER_MS);
      }
    },
  });

export const columns = job(import.meta, 'columns', (flow) => {
  const totals = flow
    .from(source(flow.param('count', 1e8), flow.param('keys', 10_000)))
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling(WINDOW_MS))
    .aggregate(({ count, sum }) => ({ count: count(), sum: sum('value') }));
  totals.to(blackhole());
  return { totals };
});

export const functions = job(import.meta, 'functions', (flow) => {
  const totals = flow
    .from(source(flow.param('count', 1e8), flow.param('keys', 10_000)))
    .eventTime((event) => event.time, monotonous())
    .map((event) => ({ ...event, value: event.value * 2 }))
    .filter((event) => event.value >= 0)
    .keyBy((event) => event.key)
    .window(tumbling(WINDOW_MS))
    .aggregate(({ aggregate }) => ({
      total: aggregate({
        create: () => ({ count: 0, sum: 0 }),
        add(total, event) {
          total.count++;
          total.sum += event.value;
          return total;
        },
        merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
        result: ({ count, sum }) => ({ count, sum }),
      }),
    }));
  totals.to(blackhole());
  return { totals };
});
