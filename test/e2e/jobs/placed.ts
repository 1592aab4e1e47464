/** Steps that tell on which thread they run, behind each kind of exchange. */
import { threadId } from 'node:worker_threads';
import { generate, job } from 'millrace';

export const ROWS = 20_000;

export const placed = job(import.meta, 'placed', (flow) => {
  const rows = flow.from(generate({ count: ROWS, row: (n) => ({ n }) }));
  const told = ({ n }: { n: number }) => ({ n, thread: threadId });
  return {
    pinned: rows.map(told).pin(1),
    rescaled: rows.rescale().map(told).parallelism(4),
    fewer: rows.parallelism(4).rescale().map(told).parallelism(2),
    shuffled: rows.shuffle().map(told),
  };
});
