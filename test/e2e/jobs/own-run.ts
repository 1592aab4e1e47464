/** Defines a job and runs it itself, at its top level: `node own-run.ts`. */
import { generate, job } from 'millrace';

const squares = job(import.meta, 'squares', (flow) => {
  const rows = flow.from(generate({ count: 1000, row: (n) => ({ n }) }));
  return { squares: rows.map((row) => row.n * row.n) };
});

const got = await squares.collect({ threads: 2 });
const result = await squares.run({ threads: 2 });
console.log(`${got.squares.reduce((sum, n) => sum + n, 0)} ${result.state}`);
