/** Records that take half a millisecond each; the sink notes how many reach it at once. */
import { blackhole, collection, generate, job, record, t } from 'millrace';
import { defineSink } from 'millrace/connectors';

export const ROWS = 400;
export const written: number[][] = [];

const slowly = (n: number): number => {
  for (const end = performance.now() + 0.5; performance.now() < end; );
  return n;
};
const noting = defineSink({
  name: 'noting',
  open: () => ({
    write: (rows: readonly number[]) => void written.push([...rows]),
    preCommit: () => [],
  }),
  commit() {},
});
const numbers = Array.from({ length: ROWS }, (_, n) => n);

export const behindSource = job(import.meta, 'behind its source', (flow) => {
  flow.from(collection(numbers)).map(slowly).to(noting);
});

export const behindExchange = job(import.meta, 'behind an exchange', (flow) => {
  flow.from(collection(numbers)).rebalance().map(slowly).to(noting);
});

/** As many rows at once as a batch has. */
const batches = (count: number) =>
  generate({
    schema: record({ n: t.int32 }),
    count,
    fill({ n }, from, rowCount) {
      for (let i = 0; i < rowCount; i++) n[i] = from + i;
    },
  });

/** Two branches, of which one sends nothing over its exchange. */
export const besideNothing = job(import.meta, 'beside nothing', (flow) => {
  const all = flow.from(batches(400_000));
  all.map(({ n }) => n).to(noting);
  all
    .filter(({ n }) => n < 0)
    .map(({ n }) => n)
    .startNewChain()
    .to(blackhole());
});

export const behindBatches = job(import.meta, 'behind batches', (flow) => {
  flow
    .from(batches(1e9))
    .rebalance()
    .map(({ n }) => slowly(slowly(n)))
    .to(blackhole());
});

/** More rows than anybody waits for. */
export const endless = job(import.meta, 'endless', (flow) => {
  flow
    .from(generate({ count: 1e9, row: (n) => ({ key: n % 100, n }) }))
    .keyBy('key')
    .sum('n')
    .rebalance()
    .map(({ n }) => slowly(n))
    .to(blackhole());
});
