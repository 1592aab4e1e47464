/** Server-Sent Events and WebSockets: feeds that a job follows, and those that it serves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { job, record, t } from 'millrace';
import { csv, jsonLines, text } from 'millrace/connectors/files';
import {
  type BroadcastOptions,
  type SseOptions,
  sse,
  sseBroadcast,
  type WebSocketOptions,
  webSocket,
  webSocketBroadcast,
} from 'millrace/connectors/net';
import { WebSocket, WebSocketServer } from 'ws';
import { connected, listener, portOf, until } from './peers.ts';

const Event = record({ n: t.int32 });
const FAST = { minDelay: 1, maxDelay: 5 };
const events = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ n: from + i }));
const eventText = (n: number): string => `id: ${n}\ndata: {"n":\ndata: ${n}}\n\n`;

/** An event stream whose connections are answered by a function; the ids that they ask from. */
async function feed(answer: (response: ServerResponse, n: number, lastId: number) => void) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const id = request.headers['last-event-id'] as string | undefined;
    asked.push(id);
    response.setHeader('Content-Type', 'text/event-stream');
    answer(response, asked.length, Number(id ?? -1));
  });
  after(() => server.closeAllConnections());
  return { url: `http://127.0.0.1:${await portOf(server)}/feed`, asked };
}

let jobs = 0;
function following(url: string, options: SseOptions = {}) {
  return job(import.meta, `feed-${jobs++}`, (flow) => ({
    rows: flow.from(sse(url, jsonLines(Event), { reconnect: FAST, ...options })),
  }));
}

test('events of all connections come once, in order, until the server says that there are no more', async () => {
  const { url, asked } = await feed((response, n, lastId) => {
    if (n === 4) {
      response.writeHead(204).end();
      return;
    }
    const next = lastId + 1;
    const body = `: a comment\nretry: 2\n\n${events(next, next + 1000)
      .map(({ n }) => eventText(n))
      .join('')}`;
    // The second is lost within an event, others end properly.
    if (n === 2) response.write(`${body}id: 9999\ndata: {"n"`, () => response.destroy());
    else response.end(body);
  });
  const { rows } = await following(url).collect({ threads: 0 });
  const numbers = rows.map(({ n }) => n);
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, n) => n),
  );
  assert.ok(numbers.length >= 2000);
  assert.equal(asked[0], undefined);
  assert.equal(asked[1], '999');
});

test('only the events that are asked for are records; multibyte text may be cut anywhere', async () => {
  const body = Buffer.from('event: a\ndata: é漢🎲\n\nevent: b\ndata: no\n\ndata: plain\n\n');
  const { url } = await feed(async (response) => {
    for (const byte of body) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  });
  const { rows } = await job(import.meta, `feed-${jobs++}`, (flow) => ({
    rows: flow.from(sse(url, text(), { events: ['a', 'message'], reconnect: false })),
  })).collect({ threads: 0 });
  assert.deepEqual(rows, [{ line: 'é漢🎲' }, { line: 'plain' }]);
});

test('an answer that is no feed ends the job; one that may change is asked again', async () => {
  const { url } = await feed((response) => void response.writeHead(404).end());
  await assert.rejects(following(url).run({ threads: 0 }), {
    code: 'CONNECTION_FAILED',
    message: /operator 'sse': http.*\/feed: 404 Not Found/,
  });
  const page = await feed((response) => void response.setHeader('Content-Type', 'text/html').end());
  await assert.rejects(following(page.url).run({ threads: 0 }), /it answers with 'text\/html'/);
  const busy = await feed((response, n) => {
    if (n < 3) response.writeHead(503).end();
    else response.end(eventText(0));
  });
  const client = await following(busy.url).start({ threads: 0 });
  for await (const row of client.outputs.rows) {
    assert.deepEqual(row, { n: 0 });
    break;
  }
  await client.cancel();
});

test('events that are malformed or too long have their number', async () => {
  const long = `data: "${'x'.repeat(2000)}"\n\n`;
  const { url } = await feed((response) => void response.end(`${eventText(0)}data: no\n\n`));
  await assert.rejects(following(url).run({ threads: 0 }), {
    code: 'INPUT_MALFORMED',
    message: /feed message 2: .*JSON/,
  });
  const second = await feed((response, n) => {
    if (n === 1) response.end(`${eventText(0)}${long}`);
    else if (n === 2) response.end(eventText(1));
    else response.writeHead(204).end();
  });
  const skipping = following(second.url, { onMalformed: 'skip', maxEventBytes: 1000 });
  assert.deepEqual((await skipping.collect({ threads: 0 })).rows, events(0, 2));
});

test('the last id goes into a savepoint, and the job goes on behind it', async () => {
  const { url, asked } = await feed((response, _n, lastId) => {
    response.write(
      events(lastId + 1, lastId + 6)
        .map(({ n }) => eventText(n))
        .join(''),
    );
  });
  const dir = mkdtempSync(join(tmpdir(), 'millrace-sse-'));
  after(() => rmSync(dir, { recursive: true, force: true }));
  const counting = job(import.meta, 'feed-counting', (flow) => ({
    rows: flow.from(sse(url, jsonLines(Event))).uid('feed'),
  }));
  const first = await counting.start({ threads: 0 });
  const seen: number[] = [];
  for await (const { n } of first.outputs.rows) if (seen.push(n) === 5) break;
  await first.stop({ savepoint: dir });
  const second = await counting.start({ threads: 0, restoreFrom: dir });
  for await (const { n } of second.outputs.rows) if (seen.push(n) === 10) break;
  await second.cancel();
  assert.deepEqual(
    seen,
    events(0, 10).map(({ n }) => n),
  );
  assert.deepEqual(asked, [undefined, '4']);
});

async function webSocketPeer(onSocket: (socket: WebSocket, n: number) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let connections = 0;
  server.on('connection', (socket) => onSocket(socket, ++connections));
  after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/`, server };
}

function hearing(url: string, options: WebSocketOptions = {}) {
  return job(import.meta, `feed-${jobs++}`, (flow) => ({
    rows: flow.from(webSocket(url, jsonLines(Event), { reconnect: FAST, ...options })),
  }));
}

test('messages come over one WebSocket after the other; each is subscribed anew', async () => {
  const subscribed: string[] = [];
  const { url } = await webSocketPeer((socket, n) => {
    socket.on('message', (data) => {
      subscribed.push(String(data));
      for (const row of events((n - 1) * 100, n * 100)) socket.send(JSON.stringify(row));
      if (n === 2) socket.send(Buffer.from('{"n":\n200}'), () => socket.terminate());
      else socket.close(1000);
    });
  });
  const client = await hearing(url, { subscribe: ['all'] }).start({ threads: 0 });
  const numbers: number[] = [];
  for await (const { n } of client.outputs.rows) if (numbers.push(n) === 301) break;
  await client.cancel();
  assert.equal(new Set(numbers).size, 301 - (numbers.filter((n) => n === 200).length - 1));
  assert.deepEqual(subscribed.slice(0, 3), ['all', 'all', 'all']);
});

test('a WebSocket that is not made again ends the source, or the job where it was lost', async () => {
  for (const code of [1000, 1001, undefined]) {
    const closing = await webSocketPeer((socket) => {
      socket.send('{"n":0}');
      socket.close(code);
    });
    const { rows } = await hearing(closing.url, { reconnect: false }).collect({ threads: 0 });
    assert.deepEqual(rows, events(0, 1));
  }
  const losing = await webSocketPeer((socket) => socket.terminate());
  await assert.rejects(hearing(losing.url, { reconnect: false }).run({ threads: 0 }), {
    code: 'CONNECTION_FAILED',
    message: /operator 'webSocket': ws:.*: the connection was lost \(close code 1006\)/,
  });
  const plain = createServer((_request, response) => void response.writeHead(403).end());
  const url = `ws://127.0.0.1:${await portOf(plain)}/`;
  await assert.rejects(hearing(url, { reconnect: { ...FAST, attempts: 1 } }).run({ threads: 0 }), {
    code: 'CONNECTION_FAILED',
    message: /403/,
  });
});

test('messages that are malformed or too long are skipped', async () => {
  const { url } = await webSocketPeer((socket, n) => {
    if (n > 1) {
      socket.send('{"n":1}');
      socket.close(1000);
      return;
    }
    socket.send('{"n":0}');
    socket.send('nonsense');
    socket.send('x'.repeat(5000));
  });
  const options = { onMalformed: 'skip', maxMessageBytes: 1000 } as const;
  const client = await hearing(url, options).start({ threads: 0 });
  const rows: object[] = [];
  for await (const row of client.outputs.rows) if (rows.push(row) === 2) break;
  assert.deepEqual(rows, events(0, 2));
  await client.cancel();
});

test('a server that gives no sign of life is lost', async () => {
  const { url } = await webSocketPeer((socket, n) => {
    if (n === 1) socket.pause();
    else socket.send('{"n":0}');
  });
  const client = await hearing(url, { pingEvery: 30 }).start({ threads: 0 });
  for await (const row of client.outputs.rows) {
    assert.deepEqual(row, { n: 0 });
    break;
  }
  await client.cancel();
});

/** A job that sends the rows of the program to listeners. */
async function serving(kind: 'sse' | 'ws', options: Partial<BroadcastOptions> = {}) {
  const { onListening, port } = listener();
  const sink = kind === 'sse' ? sseBroadcast : webSocketBroadcast;
  const client = await job(import.meta, `feed-${jobs++}`, (flow) => {
    const rows = flow.input(record({ n: t.int32, text: t.string }));
    rows.to(sink({ port: 0, onListening, path: '/rows', ...options }));
    return { rows };
  }).start({ threads: 0, parallelism: 1 });
  client.result().catch(() => {});
  const address = `${kind === 'sse' ? 'http' : 'ws'}://127.0.0.1:${await port()}/rows`;
  return { client, address, port: await port() };
}

test('listeners of events get the rows that come while they are there, all of them at the end', async () => {
  const { client, address } = await serving('sse', { allowedOrigins: ['https://a.example'] });
  const answers = await Promise.all(
    ['https://a.example', null, null].map((origin) =>
      fetch(address, origin === null ? {} : { headers: { Origin: origin } }),
    ),
  );
  assert.equal(answers[0]!.headers.get('content-type'), 'text/event-stream');
  assert.equal(answers[0]!.headers.get('access-control-allow-origin'), 'https://a.example');
  const refused = await fetch(address, { headers: { Origin: 'https://b.example' } });
  assert.equal(refused.status, 403);
  assert.equal((await fetch(address, { method: 'POST' })).status, 405);
  for (let n = 0; n < 3; n++) client.inputs.rows.write({ n, text: 'é\n' });
  client.inputs.rows.end();
  for (const answer of answers) {
    const expected = [0, 1, 2].map((n) => `data: {"n":${n},"text":"é\\n"}\n\n`).join('');
    assert.equal(await answer.text(), expected);
  }
  assert.equal((await client.result()).state, 'finished');
  await assert.rejects(fetch(address));
});

test('listeners of a WebSocket get the rows as messages', async () => {
  const { client, address } = await serving('ws', { maxListeners: 2 });
  const heard: string[][] = [[], []];
  const sockets = heard.map((rows) => {
    const socket = new WebSocket(address);
    socket.on('message', (data) => rows.push(String(data)));
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const third = new WebSocket(address);
  assert.match(String((await once(third, 'error'))[0]), /503/);
  const page = new WebSocket(address, { origin: 'https://b.example' });
  assert.match(String((await once(page, 'error'))[0]), /403/);
  assert.equal((await fetch(address.replace('ws:', 'http:'))).status, 426);
  for (let n = 0; n < 3; n++) client.inputs.rows.write({ n, text: '' });
  client.inputs.rows.end();
  await client.result();
  const expected = [0, 1, 2].map((n) => `{"n":${n},"text":""}`);
  await until(() => heard.every((rows) => rows.length === 3));
  assert.deepEqual(heard, [expected, expected]);
});

for (const kind of ['sse', 'ws'] as const) {
  test(`a listener who does not read is dropped and counted, others are not: ${kind}`, async () => {
    const { client, port } = await serving(kind, { maxUnsentBytes: 100_000 });
    const text = 'x'.repeat(10_000);
    const ask = `GET /rows HTTP/1.1\r\nHost: localhost\r\n`;
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const [slow, quick] = [await connected(port), await connected(port)];
    let heard = '';
    quick.on('data', (bytes) => {
      heard = (heard + bytes).slice(-2 * text.length);
    });
    for (const socket of [slow, quick]) socket.write(`${ask}${kind === 'ws' ? upgrade : ''}\r\n`);
    const counted = (): number => client.status().operators.at(-1)!.counters.droppedListeners ?? 0;
    await until(() => client.status().operators.at(-1)!.gauges.listeners?.[0] === 2, 'both');
    let n = 0;
    while (counted() === 0) {
      // The quick one has taken all before more comes.
      if (n > 0) await until(() => heard.includes(`{"n":${n - 1},`), 'the last row');
      assert.ok(n < 10_000);
      for (const end = n + 5; n < end; n++) client.inputs.rows.write({ n, text });
    }
    await until(() => heard.includes(`{"n":${n - 1},`), 'the last row');
    quick.destroy();
    client.inputs.rows.end();
    const { operators } = await client.result();
    assert.equal(operators.at(-1)!.counters.droppedListeners, 1);
    slow.destroy();
  });
}

test('what cannot be is refused where it is said', async () => {
  assert.throws(() => sse('ws://x', jsonLines()), /is a URL that begins with http:/);
  assert.throws(() => webSocket('http://x', jsonLines()), /is a URL that begins with ws:/);
  assert.throws(() => webSocket('ws://x', csv()), /is one without a header/);
  assert.throws(() => sseBroadcast({} as BroadcastOptions), /sseBroadcast: port is a port/);
  const wide = job(import.meta, 'feed-wide', (flow) => {
    flow
      .from(sse('http://127.0.0.1:1/', jsonLines()))
      .to(sseBroadcast({ port: 0 }))
      .parallelism(2);
  });
  await assert.rejects(wide.run({ threads: 0 }), { message: /needs parallelism\(1\), got 2/ });
});
