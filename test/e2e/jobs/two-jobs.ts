/** Two jobs in one module: one that ends at once, one that never does. */
import { generate, job, record, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Row = record({ n: t.int32 });

export const short = job(import.meta, 'short', (flow) => {
  const factor = flow.param('factor', 2);
  flow
    .from(generate({ schema: Row, count: flow.param('count', 3), row: (n) => ({ n }) }))
    .map((row) => ({ n: row.n * factor }))
    .print(flow.param('label', ''));
});

export const endless = job(import.meta, 'endless', (flow) => {
  const rows = flow.from(generate({ schema: Row, row: (n) => ({ n }) }), { rate: 2000 });
  rows.to(files(flow.param('out', 'out/endless'), csv()));
  rows.filter((row) => row.n === 0).print('started');
});
