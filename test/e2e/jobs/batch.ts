/** Jobs of which the order of the input decides what is late, and of sources with and without an end. */
import { collection, generate, job, monotonous, record, t, tumbling } from 'millrace';

const Reading = record({ sensor: t.int32, value: t.float64, at: t.timestamp });

/** Event times that jump back and forth: as a stream, most records are late. */
export const shuffled = job(import.meta, 'shuffled', (flow) => {
  const readings = flow
    .from(
      generate({
        schema: Reading,
        count: 30_000,
        row: (n) => ({ sensor: n % 7, value: n % 10, at: (n * 7919) % 30_000 }),
      }),
      { rate: flow.param('rate', 0) },
    )
    .eventTime('at', monotonous());
  const perSecond = readings
    .keyBy('sensor')
    .window(tumbling('1 s'))
    .aggregate(({ count, sum }) => ({ rows: count(), total: sum('value') }));
  return { perSecond, totals: readings.keyBy('sensor').sum('value') };
});

export const endless = job(import.meta, 'endless', (flow) => {
  const some = flow.from(collection([{ sensor: 1, value: 1, at: 0 }]), { name: 'some' });
  const more = flow.from(
    generate({ schema: Reading, row: (n) => ({ sensor: 0, value: n, at: n }) }),
    { name: 'more' },
  );
  return { all: some.union(more) };
});

/** Full partitions of subtasks and of keys, more than a batch of each. */
export const partitions = job(import.meta, 'partitions', (flow) => {
  const readings = flow.from(
    generate({
      schema: Reading,
      count: 20_000,
      row: (n) => ({ sensor: n % 3, value: (n * 7919) % 20_000, at: n }),
    }),
  );
  const bySensor = readings.keyBy('sensor').fullPartition();
  return {
    // One subtask, so that there is an order over all.
    inOrder: readings.global().fullPartition().sort('value', 'descending').parallelism(1),
    sizes: readings.fullPartition().aggregate(({ count }) => ({ rows: count() })),
    least: bySensor.map((rows, { sensor }) => [
      { sensor, least: Math.min(...rows.map(({ value }) => value)), rows: rows.length },
    ]),
  };
});
