/** Its graph depends on the arguments of the process: `node arguments.ts twice`. */
import { collection, job } from 'millrace';

const [, , way] = process.argv;

const numbers = job(import.meta, 'numbers', (flow) => {
  const rows = flow.from(collection([{ n: 1 }, { n: 2 }]));
  return { numbers: way === 'twice' ? rows.map((row) => ({ n: row.n * 2 })) : rows };
});

const { numbers: rows } = await numbers.collect({ threads: 2 });
console.log(rows.reduce((sum, row) => sum + row.n, 0));
