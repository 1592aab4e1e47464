/** A job that is drained takes what has come over its connections, to the last row, and nothing after that. */
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import { type JobResult, job, record, type Source, t } from 'millrace';
import { defineSource } from 'millrace/connectors';
import { jsonLines } from 'millrace/connectors/files';
import { httpIngest, sse, tcp, webSocket } from 'millrace/connectors/net';
import { WebSocketServer } from 'ws';
import { connected, listener, portOf, tcpPeer, textOf, until } from './peers.ts';

const Event = record({ n: t.int32 });
type Event = { n: number };
const FIRST = 1_000_000;
const COUNT = 150_000;

/** All of the same length. */
const lineOf = (n: number): string => `{"n":${FIRST + n}}\n`;
const LINE_BYTES = lineOf(0).length;
const LINES = Buffer.from(Array.from({ length: COUNT }, (_, n) => lineOf(n)).join(''));

/** What the job has read of each connection, in the order in which they were made. */
const sockets: Socket[] = [];
for (const channel of ['net.client.socket', 'net.server.socket']) {
  diagnostics.subscribe(channel, (message) => {
    sockets.push((message as { socket: Socket }).socket);
  });
}

/** What comes before rows, and between them; far less than the system hands over at a time. */
const HEAD_BYTES_MAX = 2000;

let jobs = 0;
/** Nobody reads its rows, until it is drained: it stands still. */
async function blocked(source: Source<Event>) {
  const client = await job(import.meta, `drain-${jobs++}`, (flow) => ({
    rows: flow.from(source),
  })).start({ threads: 0 });
  const drained = async (): Promise<JobResult & { numbers: number[] }> => {
    const result = client.stop({ drain: true });
    const numbers: number[] = [];
    for await (const { n } of client.outputs.rows) numbers.push(n - FIRST);
    return { ...(await result), numbers };
  };
  return { client, drained };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** The connection has been read until the job was full. */
async function full(socket: Socket): Promise<void> {
  await until(() => socket.isPaused(), 'a connection that is not read');
}

test('a TCP peer: every line whose end has come, and the one that is torn is counted', async () => {
  const { port, sockets: peers } = await tcpPeer((socket) => void socket.write(LINES));
  const before = sockets.length;
  const { drained } = await blocked(tcp(`127.0.0.1:${port}`, jsonLines(Event)));
  await until(() => peers.length === 1);
  const socket = sockets.slice(before).find(({ remotePort }) => remotePort === port)!;
  await full(socket);
  const { state, numbers, operators } = await drained();
  assert.equal(state, 'finished');
  const lines = Math.floor(socket.bytesRead / LINE_BYTES);
  assert.ok(lines > 50_000 && lines < COUNT);
  assert.deepEqual(numbers, upTo(lines));
  assert.equal(operators[0]!.skippedRecords, socket.bytesRead % LINE_BYTES === 0 ? 0 : 1);
});

test('TCP peers that connect to the job: the lines of each', async () => {
  const { onListening, port } = listener();
  const source = tcp('127.0.0.1:0', jsonLines(Event), { listen: true, onListening });
  const { drained } = await blocked(source);
  const before = sockets.length;
  const peers = [await connected(await port()), await connected(await port())];
  for (const peer of peers) peer.write(LINES);
  const ports = peers.map(({ localPort }) => localPort!);
  const own = (): Socket[] =>
    sockets.slice(before).filter(({ remotePort }) => ports.includes(remotePort!));
  await until(() => own().length === 2 && own().every((socket) => socket.isPaused()));
  const { state, numbers, operators } = await drained();
  assert.equal(state, 'finished');
  const lines = own().map(({ bytesRead }) => Math.floor(bytesRead / LINE_BYTES));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    lines.flatMap(upTo).sort((a, b) => a - b),
  );
  const torn = own().filter(({ bytesRead }) => bytesRead % LINE_BYTES !== 0);
  assert.equal(operators[0]!.skippedRecords, torn.length);
});

test('a WebSocket: every message that has come', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    for (let n = 0; n < COUNT; n++) socket.send(lineOf(n));
  });
  const { port } = server.address() as AddressInfo;
  const before = sockets.length;
  const { drained } = await blocked(webSocket(`ws://127.0.0.1:${port}/`, jsonLines(Event)));
  const own = () => sockets.slice(before).find(({ remotePort }) => remotePort === port);
  await until(() => own() !== undefined);
  await full(own()!);
  const { state, numbers } = await drained();
  assert.equal(state, 'finished');
  // A message is its text and two bytes, behind the answer to the handshake.
  const messages = (own()!.bytesRead - HEAD_BYTES_MAX) / (LINE_BYTES + 2);
  assert.ok(numbers.length > messages);
  assert.deepEqual(numbers, upTo(numbers.length));
});

test('Server-Sent Events: every event that has come', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    for (let n = 0; n < COUNT; n += 1000) {
      const lines = Array.from({ length: 1000 }, (_, i) => `data: ${lineOf(n + i)}\n`);
      response.write(lines.join(''));
    }
  });
  after(() => server.closeAllConnections());
  const port = await portOf(server);
  const before = sockets.length;
  const { drained } = await blocked(sse(`http://127.0.0.1:${port}/`, jsonLines(Event)));
  const own = () => sockets.slice(before).find(({ remotePort }) => remotePort === port);
  await until(() => own() !== undefined);
  await full(own()!);
  const { state, numbers } = await drained();
  assert.equal(state, 'finished');
  // An event is its line and seven bytes, behind a head and within chunks.
  const events = (own()!.bytesRead - HEAD_BYTES_MAX) / (LINE_BYTES + 7);
  assert.ok(numbers.length > events);
  assert.deepEqual(numbers, upTo(numbers.length));
});

test('requests whose bodies have come are read and answered 200, others 503', async () => {
  const { onListening, port } = listener();
  const source = httpIngest(Event, { port: 0, onListening });
  const { client, drained } = await blocked(source);
  const rows = 20_000;
  const address = `http://127.0.0.1:${await port()}/`;
  const statuses: number[] = [];
  const post = async (n: number): Promise<void> => {
    const body = LINES.subarray(n * rows * LINE_BYTES, (n + 1) * rows * LINE_BYTES);
    const headers = { 'Content-Type': 'application/x-ndjson' };
    statuses[n] = (await fetch(address, { method: 'POST', body, headers })).status;
  };
  let bodies = 0;
  diagnostics.subscribe('http.server.request.start', () => bodies++);
  const posts = [post(0)];
  await until(() => client.status().operators[0]!.recordsOut > 0);
  for (let n = 1; n < 3; n++) {
    posts.push(post(n));
    await until(() => bodies === n + 1);
  }
  const half = await connected(await port());
  half.write(
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n\r\n',
  );
  await until(() => bodies === 4);
  const said = textOf(half);
  const { state, numbers } = await drained();
  assert.equal(state, 'finished');
  await Promise.all(posts);
  await until(() => said().startsWith('HTTP/1.1 503 '), 'an answer');
  assert.ok(statuses[0] === 200 && statuses.every((status) => status === 200 || status === 503));
  const read = statuses.flatMap((status, n) => (status === 200 ? [n] : []));
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    read.flatMap((n) => upTo(rows).map((row) => n * rows + row)),
  );
});

test('rows that a program has written, and none that it writes later', async () => {
  const client = await job(import.meta, `drain-${jobs++}`, (flow) => {
    const rows = flow.input(Event);
    return { rows, found: rows.map((row) => row) };
  }).start({ threads: 0 });
  for (const n of upTo(20_000)) client.inputs.rows.write({ n });
  const result = client.stop({ drain: true });
  const numbers: number[] = [];
  for await (const { n } of client.outputs.found) numbers.push(n);
  assert.equal((await result).state, 'finished');
  assert.deepEqual(numbers, upTo(20_000));
  assert.throws(() => client.inputs.rows.write({ n: 0 }), { code: 'INPUT_CLOSED' });
});

test('portions that a source of the kit has been given', async () => {
  const rows = 50_000;
  let given = 0;
  const counting = defineSource({
    name: 'counting',
    schema: Event,
    *read() {
      for (;;) {
        const first = FIRST + given++ * rows;
        yield { records: upTo(rows).map((n) => ({ n: first + n })), position: null };
      }
    },
  });
  const { client, drained } = await blocked(counting);
  await until(() => client.status().operators[0]!.recordsOut > 0);
  const { state, numbers } = await drained();
  assert.equal(state, 'finished');
  assert.deepEqual(numbers, upTo(given * rows));
});
