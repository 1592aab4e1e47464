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
import { heldRows } from './held-rows.ts';

export const Click = record({ n: t.int32, page: t.int32, at: t.timestamp });

/** Rows of the two parts that have an end. */
export const STORED = 30_000;
export const COMING = 30_000;
export const PAGES = 7;

export const clickOf = (n: number) => ({ n, page: n % PAGES, at: n });

function clicks(flow: Flow) {
  const isEndless = flow.param('isEndless', false);
  const row = (n: number) => clickOf(STORED + n);
  const coming = isEndless
    ? generate({ schema: Click, row })
    : heldRows(flow, { schema: Click, count: COMING, row });
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

export const SLOW_ROWS = 20_000;
export const FAST_ROWS = 400_000;
export const DRIFT_MS = 1000;

/** The slow source can be held. */
export const together = job(import.meta, 'together', (flow) => {
  const strategy = monotonous().withAlignment('all', DRIFT_MS, { every: '5 ms' });
  const fast = flow
    .from(generate({ schema: Click, count: FAST_ROWS, row: clickOf }), { name: 'fast' })
    .eventTime('at', flow.param('isAligned', true) ? strategy : monotonous())
    .map(() => ({ source: 'fast', one: 1 }));
  const slow = flow
    .from(heldRows(flow, { schema: Click, count: SLOW_ROWS, row: clickOf }), { name: 'slow' })
    .eventTime('at', strategy)
    .map(() => ({ source: 'slow', one: 1 }));
  const ends = fast
    .union(slow)
    .keyBy('source')
    .window(tumbling(1_000_000))
    .aggregate(({ sum }) => ({ rows: sum('one') }));
  return { ends };
});
