/** Sources that are read one after the other, and sources that keep near each other. */
import {
  boundedOutOfOrderness,
  collection,
  type Flow,
  generate,
  hybrid,
  job,
  monotonous,
  record,
  t,
  tumbling,
} from 'millrace';
import { csv, files } from 'millrace/connectors/files';

export const Click = record({ n: t.int32, page: t.int32, at: t.timestamp });

/** Rows of the two parts that have an end. */
export const STORED = 30_000;
export const COMING = 30_000;
export const PAGES = 7;

export const clickOf = (n: number) => ({ n, page: n % PAGES, at: n });

function clicks(flow: Flow) {
  const isEndless = flow.param('isEndless', false);
  const coming = generate({
    schema: Click,
    ...(isEndless ? {} : { count: COMING }),
    row: (n) => clickOf(STORED + n),
  });
  const stored = files(flow.param('history', ''), csv(Click));
  return flow.param('isAlone', false) ? stored : hybrid(stored, coming);
}

/** How many there are of each page, and in each window. */
export const visits = job(import.meta, 'visits', (flow) => {
  const from = flow
    .from(clicks(flow), { uid: 'clicks', rate: flow.param('rate', 0) })
    .eventTime('at', boundedOutOfOrderness(STORED + COMING));
  const perWindow = from
    .keyBy('page')
    .window(tumbling(1000))
    .aggregate(({ count, sum }) => ({ clicks: count(), total: sum('n') }));
  perWindow.to(files(flow.param('out', 'out'), csv(), { existing: 'keep' }));
});

/** Rows as they are read. */
export const inOrder = job(import.meta, 'in order', (flow) => {
  const read = flow
    .from(
      hybrid(
        collection([{ n: 1 }, { n: 2 }]),
        collection<{ n: number }>([]),
        collection([{ n: 3 }]),
      ),
    )
    .map(({ n }) => n);
  return { read };
});

/** Rows a second of the slow source, and how many it has. */
const SLOW_RATE = 20_000;
const SLOW_ROWS = 20_000;
export const FAST_ROWS = 400_000;
export const DRIFT_MS = 1000;

/** When the first row of the fast source came. */
let startMs: number | null = null;

/** How far the fast source is ahead of where the slow one can be, while that has rows. */
function leadOf(at: number): number {
  startMs ??= Date.now();
  const slowAt = ((Date.now() - startMs) * SLOW_RATE) / 1000;
  return slowAt > SLOW_ROWS / 2 ? 0 : at - slowAt;
}

export const together = job(import.meta, 'together', (flow) => {
  const strategy = monotonous().withAlignment('all', DRIFT_MS, { every: '5 ms' });
  const fast = flow
    .from(generate({ schema: Click, count: FAST_ROWS, row: clickOf }))
    .eventTime('at', flow.param('isAligned', true) ? strategy : monotonous())
    .map(({ at }) => ({ source: 'fast', one: 1, lead: leadOf(at) }));
  const slow = flow
    .from(generate({ schema: Click, count: SLOW_ROWS, row: clickOf }), { rate: SLOW_RATE })
    .eventTime('at', strategy)
    .map(() => ({ source: 'slow', one: 1, lead: 0 }));
  const ends = fast
    .union(slow)
    .keyBy('source')
    .window(tumbling(1_000_000))
    .aggregate(({ max, sum }) => ({ rows: sum('one'), lead: max('lead') }));
  return { ends };
});
