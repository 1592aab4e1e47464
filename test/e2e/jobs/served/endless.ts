/** A job that is there until it is cancelled. */
import { blackhole, generate, job } from 'millrace';

export default job(import.meta, 'endless', (flow) => {
  flow
    .from(generate({ row: (n) => ({ n }) }), { name: 'numbers', rate: flow.param('rate', 100) })
    .to(blackhole());
});
