/**
 * Reads what comes into a folder: each file once, also over a stop of the job. A file is written under another name and renamed
 * when it is complete, so it need not settle before it is read.
 *
 *   first run: ada 10, bob 20, ada 5
 *   second run: eve 7
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { job, record, t } from 'millrace';
import { csv, files } from 'millrace/connectors/files';

const Order = record({ user: t.string, total: t.int32 });

const orders = job(import.meta, 'orders', (flow) => {
  const watch = { every: '20 ms', settle: 0 } as const;
  return { rows: flow.from(files(flow.param('folder', 'in'), csv(Order), { watch })) };
});

const base = mkdtempSync(join(tmpdir(), 'watched-'));
const folder = join(base, 'in');
mkdirSync(folder);

function arrive(name: string, lines: string): void {
  writeFileSync(join(folder, `${name}.part`), `user,total\n${lines}`);
  renameSync(join(folder, `${name}.part`), join(folder, name));
}

/** Runs the job until it has given so many rows, then stops it so that it can go on. */
async function run(name: string, rows: number, restoreFrom?: string): Promise<void> {
  const client = await orders.start({
    threads: 0,
    params: { folder },
    ...(restoreFrom === undefined ? {} : { restoreFrom }),
  });
  const shown: string[] = [];
  for await (const { user, total } of client.outputs.rows) {
    shown.push(`${user} ${total}`);
    // The next file comes while the job runs.
    if (shown.length === 2) arrive('tuesday.csv', 'ada,5\n');
    if (shown.length === rows) break;
  }
  await client.stop({ savepoint: join(base, name) });
  console.log(`${name} run: ${shown.join(', ')}`);
}

arrive('monday.csv', 'ada,10\nbob,20\n');
await run('first', 3);
arrive('wednesday.csv', 'eve,7\n');
await run('second', 1, join(base, 'first'));
rmSync(base, { recursive: true });
