/**
 * An asynchronous function over many records, 100 at a time and in order: by the engine, or by the loop that one would write
 * without it. The function answers in the same turn of the event loop, so that what is left is the way to it and back.
 *
 *   map-async.ts <engine | promises> <records>      prints { ms, records, results, nsPerRecord, checksum }
 *
 * Both warm up on a part of the records before the clock starts.
 */
import { blackhole, generate, job, record, t } from 'millrace';

const Reading = record({ id: t.int32, value: t.float64 });
type Reading = { id: number; value: number };

const CAPACITY = 100;
const WARM_UP_SHARE = 0.2;

let results = 0;
let checksum = 0;

async function ask({ id, value }: Reading): Promise<Reading> {
  await null;
  return { id, value: value * 2 };
}

function count({ value }: Reading): boolean {
  results++;
  checksum += value;
  return false;
}

const reading = (id: number): Reading => ({ id, value: id & 1023 });

const asking = job(import.meta, 'asking', (flow) => {
  flow
    .from(generate({ schema: Reading, count: flow.param('count', 1e6), row: reading }))
    .mapAsync(ask, { capacity: CAPACITY })
    .filter(count)
    .to(blackhole());
});

async function byEngine(records: number): Promise<void> {
  await asking.run({ threads: 0, parallelism: 1, params: { count: records } });
}

async function byPromises(records: number): Promise<void> {
  for (let from = 0; from < records; from += CAPACITY) {
    const asked: Promise<Reading>[] = [];
    for (let id = from; id < Math.min(records, from + CAPACITY); id++) asked.push(ask(reading(id)));
    for (const answer of await Promise.all(asked)) count(answer);
  }
}

const [way, given] = process.argv.slice(2);
const records = Number(given);
const run = way === 'engine' ? byEngine : byPromises;
await run(Math.ceil(records * WARM_UP_SHARE));
results = 0;
checksum = 0;
const start = performance.now();
await run(records);
const ms = performance.now() - start;
console.log(JSON.stringify({ ms, records, results, nsPerRecord: (ms / records) * 1e6, checksum }));
