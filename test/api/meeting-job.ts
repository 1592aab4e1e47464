/** Counts by key over two streams whose keys have different kinds. */
import { collection, job, monotonous, record, t, tumbling } from 'millrace';

export const SUBTASKS = 3;

const Ints = record({ key: t.int32, time: t.timestamp });
const Doubles = record({ key: t.float64, time: t.timestamp });

export const keys = Array.from({ length: 50 }, (_, key) => key);

export const meeting = job(import.meta, 'meeting', (flow) => {
  const rows = keys.map((key) => ({ key, time: 1 }));
  const ints = flow.from(collection(rows, Ints));
  const doubles = flow.from(collection(rows, Doubles));
  const counts = ints
    .union(doubles)
    .eventTime('time', monotonous())
    .keyBy('key')
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ rows: count() }));
  return { counts };
});
