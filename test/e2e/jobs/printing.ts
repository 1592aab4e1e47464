/** Rows on standard output or standard error, for readers of many kinds. */
import { generate, job } from 'millrace';

export default job(import.meta, 'printing', (flow) => {
  const count = flow.param('count', 0);
  const row = (n: number) => ({ n, text: 'x'.repeat(n % 300) });
  const to = flow.param('to', 'stdout') as 'stdout' | 'stderr';
  flow.from(generate(count === 0 ? { row } : { count, row })).print('', { to });
});
