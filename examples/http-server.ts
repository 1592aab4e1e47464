/**
 * A server that pushes each request into a job, and streams what the job makes of them. Run this file: it asks itself
 * for three pages and shows the counts.
 *
 *   {"page":"/","hits":1}
 *   {"page":"/prices","hits":1}
 *   {"page":"/","hits":2}
 *
 * With a port behind its name it serves until Ctrl-C: ask it for pages, and for /counts.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { EngineError, job, record, t } from 'millrace';

const counting = job(import.meta, 'counting', (flow) => {
  const requests = flow.input(record({ page: t.string, hits: t.int32 }));
  return { requests, counts: requests.keyBy('page').sum('hits') };
});

// Worker threads import this file too, and come as far as here.
const client = await counting.start({ threads: 1 });
const { requests } = client.inputs;

const server = createServer((request, response) => {
  const { url: page = '/' } = request;
  const serving = page === '/counts' ? sendCounts(response) : count(page, response);
  serving.catch((error: unknown) => refuse(response, error));
});

async function count(page: string, response: ServerResponse): Promise<void> {
  // Who asks waits as long as the job is behind.
  if (!requests.write({ page, hits: 1 })) await requests.drained();
  response.end('counted\n');
}

/** To one reader: an output has one. When nobody reads, the job waits after some thousand counts. */
async function sendCounts(response: ServerResponse): Promise<void> {
  const lines = client.outputs.counts.readable().map((row) => `${JSON.stringify(row)}\n`);
  response.flushHeaders();
  await pipeline(lines, response);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const code = error instanceof EngineError ? error.code : null;
  const isSecondReader = code === 'JOB_DEFINITION';
  response.writeHead(isSecondReader ? 409 : code === 'INPUT_CLOSED' ? 503 : 500);
  response.end(`${error instanceof Error ? error.message : error}\n`);
}

/** What was counted before still comes out; a second Ctrl-C does not wait for that. */
function stop(): void {
  server.close();
  requests.end();
}

/** Asks for three pages, and shows the counts as they come. */
async function browse(address: string): Promise<void> {
  const counts = await fetch(`${address}/counts`);
  for (const page of ['/', '/prices', '/']) await (await fetch(`${address}${page}`)).text();
  stop();
  process.stdout.write(await counts.text());
}

const port = process.argv[2];
server.listen(Number(port ?? 0));
await once(server, 'listening');
process.once('SIGINT', stop);
const address = `http://localhost:${(server.address() as AddressInfo).port}`;
if (port === undefined) await browse(address);
else console.log(`${address} counts requests, ${address}/counts tells`);

// A job that fails ends the server too.
await client.result().finally(() => server.close());
