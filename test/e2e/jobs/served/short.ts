/** Two jobs that end: one well, one not. */
import { blackhole, generate, job } from 'millrace';

export const short = job(import.meta, 'short', (flow) => {
  flow.from(generate({ count: flow.param('count', 10), row: (n) => ({ n }) })).to(blackhole());
});

export const failing = job(import.meta, 'failing', (flow) => {
  flow
    .from(generate({ count: 10, row: (n) => ({ n }) }))
    .map((row) => {
      if (row.n === 5) throw new Error('five');
      return row;
    })
    .to(blackhole());
});
