/** Jobs that talk with the program that started them. */
import { generate, job, monotonous, record, t, tumbling } from 'millrace';

export const Click = record({ user: t.string, n: t.int32 });

/** Every click with the sum of its user. */
export const sums = job(import.meta, 'sums', (flow) => {
  const clicks = flow.input(Click);
  const totals = clicks.keyBy('user').sum('n');
  return { clicks, totals };
});

/** Rows of any shape, doubled. */
export const anything = job(import.meta, 'anything', (flow) => {
  const values = flow.input<{ n: number; more?: string }>();
  return { values, doubled: values.map((row) => ({ ...row, n: row.n * 2 })) };
});

/** Windows over rows that the program writes; they fire when it ends. */
export const windows = job(import.meta, 'windows', (flow) => {
  const readings = flow.input(record({ at: t.timestamp, n: t.int32 }));
  const counts = readings
    .eventTime('at', monotonous())
    .keyBy('n')
    .window(tumbling('1 s'))
    .aggregate(({ count }) => ({ rows: count() }));
  return { readings, counts };
});

export const endless = job(import.meta, 'endless rows', (flow) => {
  return { rows: flow.from(generate({ row: (n) => ({ n }) })) };
});

export const failing = job(import.meta, 'failing at 100', (flow) => {
  const rows = flow.input<{ n: number }>();
  const passed = rows.map((row) => {
    if (row.n === 100) throw new Error('a hundred');
    return row;
  });
  return { rows, passed };
});
