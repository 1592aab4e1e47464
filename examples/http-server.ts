/**
 * A server that pushes each request into a job, and streams what the job makes of them: run this file.
 *
 *   {"page":"/","hits":1}
 *   {"page":"/prices","hits":1}
 *   {"page":"/","hits":2}
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { job, record, t } from 'millrace';

const counting = job(import.meta, 'counting', (flow) => {
  const requests = flow.input(record({ page: t.string, hits: t.int32 }));
  return { requests, counts: requests.keyBy('page').sum('hits') };
});

const client = await counting.start({ threads: 1 });

const server = createServer(async (request, response) => {
  if (request.url === '/counts') {
    const lines = client.outputs.counts.readable().map((row) => `${JSON.stringify(row)}\n`);
    await pipeline(lines, response);
    return;
  }
  const { requests } = client.inputs;
  if (!requests.write({ page: request.url ?? '/', hits: 1 })) await requests.drained();
  response.end('counted');
});
server.listen(0);
await once(server, 'listening');

// From here on this is a browser: it asks for three pages, and reads the counts as they come.
const base = `http://localhost:${(server.address() as AddressInfo).port}`;
const counts = fetch(`${base}/counts`);
for (const page of ['/', '/prices', '/']) await fetch(`${base}${page}`);
client.inputs.requests.end();
process.stdout.write(await (await counts).text());
server.close();
