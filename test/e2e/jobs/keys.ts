/** Counts by keys of many kinds, by fields and by functions, with steps that each have a parallelism of their own. */
import { inspect } from 'node:util';
import { boundedOutOfOrderness, generate, job, monotonous, record, t, tumbling } from 'millrace';

const ROWS = 3000;
const WINDOW_MS = 7000;

const Typed = record({
  n: t.int32,
  big: t.int64,
  flag: t.boolean,
  name: t.string,
  time: t.timestamp,
});
const typed = (n: number) => ({
  n,
  big: BigInt(n % 5) * 10n ** 15n,
  flag: n % 2 === 0,
  name: `name ${n % 4}`,
  time: n * 10,
});
/** Without a schema, and with a field of dates. */
const free = (n: number) => ({ ...typed(n), when: new Date(n % 3) });
type Free = ReturnType<typeof free>;

export const byKeys = job(import.meta, 'by keys', (flow) => {
  const rows = flow
    .from(generate({ schema: Typed, count: ROWS, row: typed }))
    .eventTime('time', monotonous());
  const freeRows = flow
    .from(generate({ count: ROWS, row: free }), { parallelism: 2 })
    .eventTime('time', boundedOutOfOrderness('1 s'));
  const window = tumbling(WINDOW_MS);
  return {
    fields: rows
      .keyBy('big', 'flag', 'name')
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
    freeFields: freeRows
      .keyBy('when', 'big', 'flag')
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') }))
      .parallelism(7),
    bigint: rows
      .keyBy((row) => row.big)
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
    date: freeRows
      .keyBy((row) => row.when)
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
    boolean: rows
      .keyBy((row) => row.flag)
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') }))
      .parallelism(3),
    text: freeRows
      .keyBy((row) => `${row.name}, ${row.flag}`)
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
    number: freeRows
      .keyBy((row) => (row.n % 10) / 4 - 1)
      .window(window)
      .aggregate(({ count, sum }) => ({ rows: count(), total: sum('n') })),
  };
});

export const KEYS = {
  fields: ({ big, flag, name }: Free) => ({ big, flag, name }),
  freeFields: ({ when, big, flag }: Free) => ({ when, big, flag }),
  bigint: ({ big }: Free) => ({ key: big }),
  date: ({ when }: Free) => ({ key: when }),
  boolean: ({ flag }: Free) => ({ key: flag }),
  text: ({ name, flag }: Free) => ({ key: `${name}, ${flag}` }),
  number: ({ n }: Free) => ({ key: (n % 10) / 4 - 1 }),
} as const;

/** The same by a plain loop. */
export function countsBy(keyOf: (row: Free) => object): unknown[] {
  const counts = new Map<string, { rows: number; total: number }>();
  for (let n = 0; n < ROWS; n++) {
    const row = free(n);
    const windowStart = row.time - (row.time % WINDOW_MS);
    const head = { ...keyOf(row), windowStart, windowEnd: windowStart + WINDOW_MS };
    const id = inspect(head);
    const so = counts.get(id) ?? { ...head, rows: 0, total: 0 };
    counts.set(id, { ...so, rows: so.rows + 1, total: so.total + n });
  }
  return [...counts.values()];
}

/** One chain of steps, cut by their parallelism. */
export const stepwise = job(import.meta, 'stepwise', (flow) => {
  const rows = flow.from(generate({ count: ROWS, row: (n) => ({ n }) }), { parallelism: 3 });
  return {
    numbers: rows
      .map((row) => ({ n: row.n * 2 }))
      .parallelism(1)
      .filter((row) => row.n % 3 === 0)
      .parallelism(5)
      .flatMap((row) => [row.n, -row.n])
      .parallelism(2),
  };
});

export const expectedNumbers = Array.from({ length: ROWS / 3 }, (_, n) => [n * 6, -n * 6]).flat();
