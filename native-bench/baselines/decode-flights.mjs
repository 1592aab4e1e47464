/**
 * Decodes the flights file and nothing else: row groups in parallel, columns straight into batches, no row objects.
 *
 *   node decode-flights.mjs <threads>      prints { ms, records }
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { record, t } from 'millrace';
import { parquet } from 'millrace/connectors/files';

const PATH = 'node_modules/vega-datasets/data/flights-3m.parquet';
const flights = parquet(
  record({
    date: t.timestamp,
    delay: t.int32,
    distance: t.int32,
    origin: t.string,
    destination: t.string,
  }),
);

async function main() {
  const threads = Number(process.argv[2]);
  const start = performance.now();
  const next = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL(import.meta.url), { workerData: next }),
  );
  const counts = await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))),
  );
  const records = counts.reduce((sum, count) => sum + count, 0);
  console.log(JSON.stringify({ ms: performance.now() - start, records }));
}

/** Takes row groups until none is left; the number of rows. */
function decode(next) {
  const file = { path: PATH, sizeBytes: 0 };
  const ranges = flights.split(file);
  const context = { onMalformed: 'fail', skipped() {} };
  let records = 0;
  for (let n = Atomics.add(next, 0, 1); n < ranges.length; n = Atomics.add(next, 0, 1)) {
    const reader = flights.open(file, ranges[n], null, context);
    for (let batch = reader.poll(); batch !== 'end'; batch = reader.poll())
      records += batch.rowCount;
    reader.close();
  }
  return records;
}

if (isMainThread) await main();
else parentPort.postMessage(decode(workerData));
