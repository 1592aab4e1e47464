/**
 * Each row is in the files once, though the job fails half-way: it goes on from its last checkpoint, and files of rows behind
 * that never get their names. The failure itself is a warning on standard error.
 *
 *   failed, and went on
 *   20000 rows, 20000 different ones
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, job, record, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Order = record({ id: t.int32 });
let hasFailed = false;

const orders = job(import.meta, 'orders', (flow) => {
  const out = flow.param('out', 'out/orders');
  flow
    .from(generate({ schema: Order, count: 20_000, row: (id) => ({ id }) }), { rate: 20_000 })
    .map((order) => {
      if (order.id === 10_000 && !hasFailed) {
        hasFailed = true;
        throw new Error('a bug');
      }
      return order;
    })
    .as(Order)
    .to(files(out, csv()));
});

const written = job(import.meta, 'written', (flow) => {
  const rows = flow.from(files(flow.param('input', 'out/orders'), csv(Order)));
  return { rows };
});

const folder = mkdtempSync(join(tmpdir(), 'orders-'));
const out = join(folder, 'orders');
await orders.run({
  threads: 0,
  params: { out },
  checkpoints: { dir: join(folder, 'state'), every: '50 ms' },
  restart: { strategy: 'fixedDelay', attempts: 3, delay: '10 ms' },
});
console.log(hasFailed ? 'failed, and went on' : 'did not fail');

const { rows } = await written.collect({ threads: 0, params: { input: out } });
console.log(`${rows.length} rows, ${new Set(rows.map(({ id }) => id)).size} different ones`);
rmSync(folder, { recursive: true });
