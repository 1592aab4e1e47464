/**
 * Rows of the program through a running job and back.
 *
 *   program.ts trip <rows>        one row at a time through a keyed sum on another thread    { medianUs, rows }
 *   program.ts bulk <rows>        all rows through a map on another thread                   { ms, rows, checksum }
 *   program.ts transform <rows>   all rows through a Node Transform in object mode           { ms, rows, checksum }
 */
import { Readable, Transform } from 'node:stream';
import { isMainThread } from 'node:worker_threads';
import { job, record, t } from 'millrace';
import { median } from '../harness.ts';

const Row = record({ key: t.int32, n: t.float64 });
type Row = { key: number; n: number };

const summing = job(import.meta, 'summing', (flow) => {
  const rows = flow.input(Row);
  return { rows, sums: rows.keyBy('key').sum('n') };
});

const doubling = job(import.meta, 'doubling', (flow) => {
  const rows = flow.input(Row);
  return { rows, doubled: rows.map((row) => ({ key: row.key, n: row.n * 2 })) };
});

const WAYS: Readonly<Record<string, () => Promise<object>>> = { trip, bulk, transform };

const [way, count] = process.argv.slice(2);
const rows = Number(count);
if (isMainThread) console.log(JSON.stringify({ ...(await WAYS[way!]!()), rows }));

function row(n: number): Row {
  return { key: n % 1000, n };
}

function* made(): Generator<Row> {
  for (let n = 0; n < rows; n++) yield row(n);
}

async function trip() {
  const client = await summing.start({ threads: 1 });
  const sums = client.outputs.sums[Symbol.asyncIterator]();
  const times: number[] = [];
  for (let n = 0; n < rows; n++) {
    const start = performance.now();
    client.inputs.rows.write(row(n));
    await sums.next();
    times.push(performance.now() - start);
  }
  client.inputs.rows.end();
  await client.result();
  return { medianUs: median(times.slice(rows >> 1)) * 1000 };
}

async function bulk() {
  const client = await doubling.start({ threads: 1 });
  const start = performance.now();
  const writing = client.inputs.rows.from(made()).then(() => client.inputs.rows.end());
  let checksum = 0;
  for await (const batch of client.outputs.doubled.batches()) {
    for (const { key, n } of batch) checksum += key + n;
  }
  await writing;
  return { ms: performance.now() - start, checksum };
}

async function transform() {
  let next = 0;
  const source = new Readable({
    objectMode: true,
    highWaterMark: 4096,
    read() {
      while (next < rows) if (!this.push(row(next++))) return;
      this.push(null);
    },
  });
  const doubler = new Transform({
    objectMode: true,
    highWaterMark: 4096,
    transform: ({ key, n }: Row, _, done) => done(null, { key, n: n * 2 }),
  });
  const start = performance.now();
  let checksum = 0;
  for await (const { key, n } of source.pipe(doubler) as AsyncIterable<Row>) checksum += key + n;
  return { ms: performance.now() - start, checksum };
}
