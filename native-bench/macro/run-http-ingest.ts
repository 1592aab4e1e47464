/**
 * Records that a process of its own posts to a server here, batches of 1000 as JSON lines.
 *
 *   run-http-ingest.ts engine <records>    a job on one thread: httpIngest into a sink that adds a field up
 *   run-http-ingest.ts bare <records>      a Node server that does JSON.parse line by line, and adds the field up
 *
 * Prints { ms, records, checksum }: ms from the first request to the last answer, as whoever posts sees it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { job, record, type Sink, t } from 'millrace';
import { httpIngest } from 'millrace/connectors/net';

const Event = record({
  id: t.int32,
  user: t.string,
  page: t.string,
  amount: t.float64,
  isNew: t.boolean,
  time: t.timestamp,
});
type Event = { readonly id: number };

let sum = 0;

/** Adds up the ids of all rows, which the calling thread is told at the end. */
function adding(): Sink {
  return {
    name: 'adding',
    descriptor: null,
    createWriter() {
      let own = 0;
      return {
        isBusy: false,
        write(batch) {
          const ids = (batch.columns[0] as { readonly values: Int32Array }).values;
          for (let row = 0; row < batch.rowCount; row++) own += ids[row]!;
        },
        preCommit: (isEnd) => (isEnd ? [own] : []),
        close() {},
      };
    },
    async commit(sums) {
      for (const one of sums) sum += Number(one);
    },
  };
}

const ingesting = job(import.meta, 'ingesting', (flow) => {
  flow.from(httpIngest(Event, { port: flow.param('port', 0) })).to(adding());
});

const [way, count] = process.argv.slice(2);
const records = Number(count);
if (isMainThread) {
  const ms = way === 'engine' ? await engine() : await bare();
  console.log(JSON.stringify({ ms, records, checksum: sum }));
}

/** Posts everything from another process, and returns how long that took. */
async function load(port: number): Promise<number> {
  const program = fileURLToPath(new URL('http-load.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, String(port), String(records)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, 'everything was posted');
  return Number(output);
}

async function engine(): Promise<number> {
  const free = createTcpServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const client = await ingesting.start({ threads: 1, params: { port } });
  const ms = await load(port);
  const { operators } = await client.stop({ drain: true });
  assert.equal(operators[0]!.recordsOut, records);
  return ms;
}

async function bare(): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      let accepted = 0;
      for (const line of Buffer.concat(parts).toString('utf8').split('\n')) {
        if (line === '') continue;
        sum += (JSON.parse(line) as Event).id;
        accepted++;
      }
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ accepted }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ms = await load((server.address() as AddressInfo).port);
  server.close();
  return ms;
}
