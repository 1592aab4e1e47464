/** Two streams with keys of different kinds that meet in keyed steps right behind their union. */
import { collection, job, monotonous, record, t, tumbling } from 'millrace';

const Ints = record({ key: t.int32, time: t.timestamp, n: t.int32 });
const Doubles = record({ key: t.float64, time: t.timestamp, n: t.float64 });

export const KEYS = Array.from({ length: 50 }, (_, key) => key);

export const together = job(import.meta, 'together', (flow) => {
  const rows = KEYS.map((key) => ({ key, time: 1, n: 1 }));
  const halves = rows.map((row) => ({ ...row, n: 0.5 }));
  const ints = flow.from(collection(rows, Ints)).eventTime('time', monotonous());
  const doubles = flow.from(collection(halves, Doubles)).eventTime('time', monotonous());
  const keyed = ints.union(doubles).keyBy('key');
  const counts = keyed.window(tumbling('1 s')).aggregate(({ count, sum, min, avg, max }) => ({
    rows: count(),
    sum: sum('n'),
    least: min('n'),
    mean: avg('n'),
    latest: max('time'),
  }));
  return { counts, sums: keyed.sum('n') };
});
