/**
 * Decodes a file of flights and nothing else: row groups in parallel, each thread takes the next that is left.
 *
 *   decode-flights.mjs <threads> <decoder> <file>               prints { ms, records }
 *   decode-flights.mjs <threads> <decoder> <file> checksum      prints { checksum }
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { DECODERS } from './flights-decoders.mjs';

async function main(threads, decoder, path, action = 'decode') {
  const start = performance.now();
  const next = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL(import.meta.url), { workerData: { decoder, path, action, next } }),
  );
  const shares = await Promise.all(
    workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))),
  );
  const total = shares.reduce((sum, share) => sum + share, 0);
  const ms = performance.now() - start;
  console.log(JSON.stringify(action === 'decode' ? { ms, records: total } : { checksum: total }));
}

/** Takes row groups until none is left; the sum of what the action gives for each. */
async function work({ decoder, path, action, next }) {
  const { groups, [action]: run } = await DECODERS[decoder](path);
  let sum = 0;
  for (let n = Atomics.add(next, 0, 1); n < groups; n = Atomics.add(next, 0, 1))
    sum += await run(n);
  return sum;
}

if (isMainThread) await main(Number(process.argv[2]), ...process.argv.slice(3));
else parentPort.postMessage(await work(workerData));
