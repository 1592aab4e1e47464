/** Connections by TLS: whom a job trusts, what it shows, and what it says where a certificate is refused. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { collection, job, record, t } from 'millrace';
import { jsonLines } from 'millrace/connectors/files';
import {
  httpIngest,
  httpPost,
  type PostOptions,
  sse,
  sseBroadcast,
  type TlsListenOptions,
  type TlsOptions,
  webSocket,
  webSocketBroadcast,
} from 'millrace/connectors/net';
import { WebSocketServer } from 'ws';
import { authority } from './certificates.ts';
import { listener, portOf, textOf, until } from './peers.ts';

const Event = record({ n: t.int32 });
const events = (count: number) => Array.from({ length: count }, (_, n) => ({ n }));
const FAST = { minDelay: 1, maxDelay: 5 };

const trusted = authority('trusted');
const stranger = authority('a stranger');
const ca = trusted.ca;
const own = trusted.issue();

function issuerOf(request: IncomingMessage): string {
  const { issuer } = (request.socket as TLSSocket).getPeerCertificate();
  return issuer === undefined ? 'nobody' : String(issuer.CN);
}

/** A server of all three protocols: it takes what is posted, and sends one row to all who ask. */
async function peer(options: ServerOptions) {
  const posted: string[] = [];
  /** Whom the clients were, by their certificates. */
  const shown: string[] = [];
  const server = createServer(options, (request, response) => {
    shown.push(issuerOf(request));
    if (request.method === 'GET') {
      response.setHeader('Content-Type', 'text/event-stream').end('data: {"n":0}\n\n');
      return;
    }
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      posted.push(body);
      response.end();
    });
  });
  let attempts = 0;
  server.on('connection', () => attempts++);
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    shown.push(issuerOf(request));
    socket.send('{"n":0}');
    socket.close(1000);
  });
  after(() => server.closeAllConnections());
  const port = await portOf(server);
  return { port, posted, shown, attempts: () => attempts };
}

let jobs = 0;
function posting(port: number, tls: TlsOptions, options: PostOptions = {}) {
  return job(import.meta, `tls-${jobs++}`, (flow) => {
    const to = httpPost(`https://127.0.0.1:${port}/`, { retry: FAST, tls, ...options });
    flow.from(collection(events(3), Event)).to(to);
  });
}

/** The sources, which end with their connection unless it is to be made again. */
function reading(kind: 'sse' | 'webSocket', port: number, tls: TlsOptions, isLasting = false) {
  const reconnect = isLasting ? FAST : (false as const);
  return job(import.meta, `tls-${jobs++}`, (flow) => ({
    rows: flow.from(
      kind === 'sse'
        ? sse(`https://127.0.0.1:${port}/`, jsonLines(Event), { tls, reconnect })
        : webSocket(`wss://127.0.0.1:${port}/`, jsonLines(Event), { tls, reconnect }),
    ),
  }));
}

test('a server is trusted whose authority is given; a client shows its certificate where it is asked', async () => {
  const { port, posted, shown } = await peer({
    ...own,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
  });
  await posting(port, { ca }).run({ threads: 0 });
  assert.deepEqual(posted, ['{"n":0}\n{"n":1}\n{"n":2}\n']);
  const both: TlsOptions = { ca: [stranger.ca, ca], ...trusted.issue() };
  await posting(port, both).run({ threads: 0 });
  for (const kind of ['sse', 'webSocket'] as const) {
    for (const tls of [{ ca }, both]) {
      assert.deepEqual((await reading(kind, port, tls).collect({ threads: 0 })).rows, events(1));
    }
  }
  assert.deepEqual(shown, ['nobody', 'trusted', 'nobody', 'trusted', 'nobody', 'trusted']);
});

const NOT_TRUSTED =
  /the certificate of the server is not trusted \(.*\): give that of its authority as tls: \{ ca \}$/;
const REFUSED: readonly [string, ReturnType<typeof trusted.issue>, TlsOptions, RegExp][] = [
  ['of no authority that is known', own, {}, NOT_TRUSTED],
  ['of another authority', stranger.issue(), { ca }, NOT_TRUSTED],
  ['of another name', trusted.issue({ host: 'a.example' }), { ca }, /does not match.*altnames/],
  ['of the past', trusted.issue({ isOver: true }), { ca }, /certificate has expired/],
];

for (const [what, pair, tls, message] of REFUSED) {
  test(`a certificate ${what} ends the job at once`, async () => {
    const { port, posted, shown, attempts } = await peer(pair);
    const wanted = { code: 'CONNECTION_FAILED', message };
    await assert.rejects(posting(port, tls).run({ threads: 0 }), { ...wanted, retryable: false });
    await assert.rejects(reading('sse', port, tls, true).run({ threads: 0 }), wanted);
    await assert.rejects(reading('webSocket', port, tls, true).run({ threads: 0 }), wanted);
    assert.equal(attempts(), 3);
    assert.deepEqual([posted, shown], [[], []]);
  });
}

test('a server that refuses the client ends the job', async () => {
  const { port } = await peer({ ...own, ca, requestCert: true });
  const wanted = {
    code: 'CONNECTION_FAILED',
    message:
      /the server wants a certificate that it trusts \(.*\): give one as tls: \{ cert, key \}$/,
  };
  await assert.rejects(posting(port, { ca }).run({ threads: 0 }), wanted);
  await assert.rejects(reading('sse', port, { ca }, true).run({ threads: 0 }), wanted);
  await assert.rejects(reading('webSocket', port, { ca }, true).run({ threads: 0 }), wanted);
});

test('rows that are posted to a job over TLS become its rows', async () => {
  const { onListening, port } = listener();
  const client = await job(import.meta, `tls-${jobs++}`, (flow) => ({
    rows: flow.from(httpIngest(Event, { port: 0, onListening, tls: own })),
  })).start({ threads: 0 });
  const plain = connect(await port(), '127.0.0.1');
  const said = textOf(plain);
  plain.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(plain, 'close');
  assert.equal(said().startsWith('HTTP/1.1 200'), false);
  await posting(await port(), { ca }).run({ threads: 0 });
  const rows: object[] = [];
  for await (const row of client.outputs.rows) if (rows.push(row) === 3) break;
  assert.deepEqual(rows, events(3));
  await client.cancel();
});

for (const kind of ['sse', 'webSocket'] as const) {
  test(`listeners get the rows of a job over TLS: ${kind}`, async () => {
    const { onListening, port } = listener();
    const broadcast = kind === 'sse' ? sseBroadcast : webSocketBroadcast;
    const client = await job(import.meta, `tls-${jobs++}`, (flow) => {
      const rows = flow.input(Event);
      rows.to(broadcast({ port: 0, onListening, tls: own }));
      return { rows };
    }).start({ threads: 0, parallelism: 1 });
    const listening = reading(kind, await port(), { ca }).collect({ threads: 0 });
    await until(() => client.status().operators.at(-1)!.gauges.listeners?.[0] === 1, 'a listener');
    for (const row of events(3)) client.inputs.rows.write(row);
    client.inputs.rows.end();
    await client.result();
    assert.deepEqual((await listening).rows, events(3));
  });
}

test('what cannot be is refused where it is said, without the key', () => {
  const other = trusted.issue();
  const asClient = (tls: TlsOptions) => () => httpPost('https://x', { tls });
  assert.throws(asClient({ ca: 'nonsense' }), /httpPost: tls: ca is a certificate in PEM/);
  assert.throws(asClient({ cert: own.cert }), /httpPost: tls: cert and key go together/);
  assert.throws(asClient({ cert: own.cert, key: 'secret' }), (error: Error) => {
    assert.match(error.message, /httpPost: tls: key is a private key in PEM/);
    return !error.message.includes('secret');
  });
  assert.throws(asClient({ cert: own.cert, key: other.key }), /a key that belongs to its cert/);
  assert.throws(() => httpPost('http://x', { tls: { ca } }), /tls is for addresses/);
  assert.throws(() => sse('http://x', jsonLines(), { tls: { ca } }), /sse: tls is for/);
  assert.throws(() => webSocket('ws://x', jsonLines(), { tls: { ca } }), /webSocket: tls is for/);
  const asServer = (tls: Partial<TlsListenOptions>) => () =>
    httpIngest(Event, { port: 0, tls: tls as TlsListenOptions });
  assert.throws(asServer({ cert: own.cert }), /httpIngest: tls has cert and key/);
  assert.throws(asServer({ cert: own.cert, key: other.key }), /a key that belongs to its cert/);
});
