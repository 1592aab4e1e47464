/** Rows that are posted to a job, and rows that a job posts. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { collection, job, type RowOf, record, t } from 'millrace';
import { csv } from 'millrace/connectors/files';
import {
  httpIngest,
  httpPost,
  type IngestOptions,
  type PostOptions,
} from 'millrace/connectors/net';
import { connected, freePorts, listener, portOf, textOf, until } from './peers.ts';

const Event = record({ n: t.int32, name: t.string, at: t.nullable(t.timestamp) });
const events = (from: number, to: number): RowOf<typeof Event>[] =>
  Array.from({ length: to - from }, (_, i) => ({
    n: from + i,
    name: `event ${from + i}`,
    at: null,
  }));
const ndjson = (rows: readonly object[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');

let jobs = 0;
async function ingest(options: Partial<IngestOptions> = {}) {
  const { onListening, port } = listener();
  const client = await job(import.meta, `http-${jobs++}`, (flow) => {
    const rows = flow.from(httpIngest(Event, { port: 0, onListening, ...options }));
    return { rows };
  }).start({ threads: 0 });
  client.result().catch(() => {});
  const address = `http://127.0.0.1:${await port()}${options.path ?? '/'}`;
  return { client, address };
}

function post(address: string, body: string, type = 'application/x-ndjson', headers = {}) {
  return fetch(address, { method: 'POST', body, headers: { 'Content-Type': type, ...headers } });
}

/** So many rows of a job. */
async function take<Row>(rows: AsyncIterable<Row>, count: number): Promise<Row[]> {
  const taken: Row[] = [];
  if (count > 0) for await (const row of rows) if (taken.push(row) === count) break;
  return taken;
}

test('JSON, JSON lines and CSV become rows; the answer tells how many', async () => {
  const { client, address } = await ingest({ path: '/events' });
  const csvText = 'name,n,at\n"event 6",6,\n"event 7",7,\n';
  const bodies = [
    [JSON.stringify(events(0, 1)[0]), 'application/json', 1],
    [JSON.stringify(events(1, 4), null, 2), 'application/json; charset=utf-8', 3],
    [ndjson(events(4, 6)), 'application/x-ndjson', 2],
    [csvText, 'text/csv', 2],
    ['', 'application/x-ndjson', 0],
    [csvText.replaceAll('6', '8').replaceAll('7', '9'), 'text/csv', 2],
    [ndjson(events(10, 20_010)), 'application/x-ndjson', 20_000],
  ] as const;
  for (const [body, type, accepted] of bodies) {
    const answer = await post(address, body, type);
    assert.equal(answer.status, 200, type);
    assert.deepEqual(await answer.json(), { accepted, skipped: 0 });
  }
  assert.deepEqual(await take(client.outputs.rows, 20_010), events(0, 20_010));
  await client.cancel();
  await assert.rejects(post(address, ''));
});

test('a request with a malformed row is refused whole, and tells the line', async () => {
  const { client, address } = await ingest();
  const good = ndjson(events(0, 2));
  for (const [body, type, error, line] of [
    [
      `${good}{"n":"x","name":""}\n${good}`,
      'application/x-ndjson',
      /^line 3: field 'n' wants int32/,
      3,
    ],
    [ndjson(events(0, 9000)).slice(0, -10), 'application/x-ndjson', /^line 9000: .*JSON/, 9000],
    ['n,name,at\n1,a,\n2\n', 'text/csv', /^line 3: 1 values for 3 columns/, 3],
    ['n,at\n1,\n', 'text/csv', /^line 1: .*no column 'name'/, 1],
    ['[{"n":1,"name":"a"},7]', 'application/json', /^record 2: wanted an object, got 7/, null],
    ['{"n":', 'application/json', /^the body: /, null],
  ] as const) {
    const answer = await post(address, body, type);
    assert.equal(answer.status, 400);
    const said = (await answer.json()) as { error: string; line: number | null };
    assert.match(said.error, error);
    assert.equal(said.line, line);
  }
  assert.equal((await post(address, ndjson(events(5, 6)))).status, 200);
  assert.deepEqual(await take(client.outputs.rows, 1), events(5, 6));
  await client.cancel();
});

test("'fail' ends the job, behind what was accepted; 'skip' and 'deadLetter' leave the row out", async () => {
  const bad = `${ndjson(events(0, 1))}nonsense\n${ndjson(events(1, 2))}`;
  const failing = await ingest({ onMalformed: 'fail' });
  assert.equal((await post(failing.address, ndjson(events(0, 1)))).status, 200);
  assert.equal((await post(failing.address, bad)).status, 400);
  await assert.rejects(failing.client.result(), {
    code: 'INPUT_MALFORMED',
    message: /operator 'httpIngest': http:\/\/127.0.0.1:0\/, line 2 from 127.0.0.1:\d+: .*JSON/,
  });
  const skipping = await ingest({ onMalformed: 'skip' });
  assert.deepEqual(await (await post(skipping.address, bad)).json(), { accepted: 2, skipped: 1 });
  assert.deepEqual(await take(skipping.client.outputs.rows, 2), events(0, 2));
  await skipping.client.cancel();
  const { onListening, port } = listener();
  const keeping = await job(import.meta, `http-${jobs++}`, (flow) => {
    const source = httpIngest(Event, { port: 0, onListening, onMalformed: 'deadLetter' });
    return { letters: flow.from(source).deadLetters() };
  }).start({ threads: 0 });
  await post(`http://127.0.0.1:${await port()}/`, bad);
  const [letter] = await take(keeping.outputs.letters, 1);
  assert.deepEqual([letter!.line, letter!.text], [2, 'nonsense']);
  await keeping.cancel();
});

test('requests that are none of its own are refused', async () => {
  const options = { path: '/in', token: 'secret', maxBodyBytes: 1000 };
  const { client, address } = await ingest({ ...options, allowedOrigins: ['https://a.example'] });
  const auth = { Authorization: 'Bearer secret' };
  const status = async (answer: Promise<Response>): Promise<number> => (await answer).status;
  const ask = (body: string, type?: string, headers: object = auth) =>
    status(post(address, body, type, headers));
  assert.equal(await ask('', undefined, {}), 401);
  assert.equal(await ask('', undefined, { Authorization: 'Bearer wrong' }), 401);
  assert.equal(await ask('', 'text/plain'), 415);
  assert.equal(await ask('', 'text/csv', { ...auth, 'Content-Encoding': 'gzip' }), 415);
  assert.equal(await ask('x'.repeat(1001)), 413);
  assert.equal(await ask('', undefined, { ...auth, Origin: 'https://b.example' }), 403);
  assert.equal(await status(fetch(address, { headers: auth })), 405);
  assert.equal(await status(fetch(address.replace('/in', '/out'), { headers: auth })), 404);
  const asked = await fetch(address, {
    method: 'OPTIONS',
    headers: { Origin: 'https://a.example' },
  });
  assert.equal(asked.headers.get('Access-Control-Allow-Origin'), 'https://a.example');
  // A body without a length is cut where it is too long.
  const socket = await connected(Number(new URL(address).port));
  const said = textOf(socket);
  socket.write(
    'POST /in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n' +
      'Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n' +
      `800\r\n${'x'.repeat(0x800)}\r\n`,
  );
  await until(() => said().startsWith('HTTP/1.1 413'), 'an answer');
  // Another name may be a page's way around its origin.
  const other = await connected(Number(new URL(address).port));
  const heard = textOf(other);
  other.write('POST /in HTTP/1.1\r\nHost: evil.example\r\n\r\n');
  await until(() => heard().startsWith('HTTP/1.1 403'), 'an answer');
  const broken = await connected(Number(new URL(address).port));
  const answered = textOf(broken);
  broken.write('nonsense\r\n\r\n');
  await until(() => answered().startsWith('HTTP/1.1 400'), 'an answer');
  await client.cancel();
});

const SLOW = { maxBodyBytes: 64 * 1024, maxWaitingBytes: 64 * 1024 };

test('while the job is behind requests wait, or are answered 429; none is lost', async () => {
  for (const whenFull of ['wait', 'refuse'] as const) {
    const { client, address } = await ingest({ ...SLOW, whenFull });
    const body = (n: number) => ndjson(events(n * 500, (n + 1) * 500));
    let accepted = 0;
    let refused = 0;
    const posts = Array.from({ length: 60 }, async (_, n) => {
      const answer = await post(address, body(n));
      if (answer.status === 200) accepted++;
      else {
        refused++;
        assert.equal(answer.status, 429);
        assert.equal(answer.headers.get('Retry-After'), '1');
      }
    });
    // Nobody reads the rows: the job stands still.
    if (whenFull === 'refuse') await until(() => refused > 0);
    else await until(() => accepted > 0);
    await delay(50);
    assert.ok(accepted < 60);
    let rows = 0;
    const reading = (async () => {
      for await (const batch of client.outputs.rows.batches()) rows += batch.length;
    })();
    await Promise.all(posts);
    await until(() => rows === accepted * 500);
    assert.equal(refused > 0, whenFull === 'refuse');
    if (whenFull === 'wait') assert.equal(accepted, 60);
    await client.cancel();
    await reading.catch(() => {});
  }
});

test('who has no answer when the job ends hears of it', async () => {
  const { client, address } = await ingest(SLOW);
  const socket = await connected(Number(new URL(address).port));
  const said = textOf(socket);
  socket.write(
    'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: 100\r\n' +
      'Expect: 100-continue\r\n\r\n',
  );
  await until(() => said().startsWith('HTTP/1.1 100 '), 'being let in');
  await client.cancel();
  await until(() => said().includes('HTTP/1.1 503 '), 'an answer');
});

/** A server that answers by a function, and remembers what it was sent. */
async function endpoint(
  onRequest: (n: number, response: ServerResponse, request: IncomingMessage) => void,
) {
  const seen: { key: string; body: string; type: string; headers: IncomingMessage['headers'] }[] =
    [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const { headers } = request;
      const key = String(headers['idempotency-key']);
      seen.push({ key, body, type: headers['content-type']!, headers });
      onRequest(seen.length, response, request);
    });
  });
  return { address: `http://127.0.0.1:${await portOf(server)}/rows`, seen };
}

const FAST = { minDelay: 1, maxDelay: 5 };
/** Batches are whole however slowly they come. */
function posting(address: string, options: PostOptions, count = 2500) {
  return job(import.meta, `http-${jobs++}`, (flow) => {
    flow
      .from(collection(events(0, count), Event))
      .to(httpPost(address, { retry: FAST, maxDelay: '1 h', ...options }));
  });
}

test('rows are posted in batches, and tried again with the same key', async () => {
  const { address, seen } = await endpoint((n, response) => {
    const status = n % 3 === 1 ? 503 : n % 7 === 2 ? 429 : 200;
    if (n === 5) response.destroy();
    else response.writeHead(status).end();
  });
  await posting(address, { headers: { 'X-Test': 'yes' } }).run({ threads: 0 });
  const taken = new Map(seen.map(({ key, body }) => [key, body]));
  assert.equal(taken.size, 3);
  assert.ok(seen.length > 3);
  for (const { key, body } of seen) assert.equal(body, taken.get(key));
  const lines = [...taken.values()].join('').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).sort((a, b) => a.n - b.n),
    events(0, 2500),
  );
  assert.ok(seen.every(({ type }) => type === 'application/x-ndjson'));
  assert.equal(seen[0]!.headers['x-test'], 'yes');
});

test('each body of CSV has its header', async () => {
  const { address, seen } = await endpoint((_n, response) => void response.end());
  await posting(address, { format: csv() as PostOptions['format'] & object, batchRows: 2 }, 3).run({
    threads: 0,
  });
  assert.deepEqual(seen.map(({ body }) => body).sort(), [
    'n,name,at\n0,event 0,\n1,event 1,\n',
    'n,name,at\n2,event 2,\n',
  ]);
});

test('an answer that will not change ends the job; so do too many attempts', async () => {
  const refusing = await endpoint(
    (_n, response) => void response.writeHead(422).end('no such row'),
  );
  await assert.rejects(posting(refusing.address, {}).run({ threads: 0 }), {
    code: 'CONNECTION_FAILED',
    retryable: false,
    message: /operator 'httpPost': POST http.*\/rows: 422 Unprocessable Entity: no such row/,
  });
  const failing = await endpoint((_n, response) => void response.writeHead(500).end());
  const options = { retry: { ...FAST, attempts: 3 }, maxInFlight: 1 };
  await assert.rejects(posting(failing.address, options).run({ threads: 0 }), {
    code: 'CONNECTION_FAILED',
    message: /500 Internal Server Error/,
  });
  assert.equal(failing.seen.length, 4);
  const silent = await endpoint(() => {});
  await assert.rejects(
    posting(silent.address, { timeout: 20, retry: { attempts: 0 } }).run({ threads: 0 }),
    { code: 'CONNECTION_FAILED', message: /no answer within 20 ms/ },
  );
});

test('so many requests are under way, and the job waits for them', async () => {
  const waiting: ServerResponse[] = [];
  const { address, seen } = await endpoint((_n, response) => void waiting.push(response));
  const client = await posting(address, { maxInFlight: 2, batchRows: 100 }, 100_000).start({
    threads: 0,
  });
  await until(() => waiting.length === 2);
  await delay(50);
  assert.equal(seen.length, 2);
  assert.ok(client.status().operators.at(-1)!.recordsIn < 10_000);
  await client.cancel();
  await until(() => waiting.every((response) => response.destroyed));
});

/** Asks until somebody listens. */
async function postUntilThere(port: number, body: string): Promise<Response> {
  for (;;) {
    const answer = await post(`http://127.0.0.1:${port}/`, body).catch(() => null);
    if (answer !== null) return answer;
    await delay(10);
  }
}

/** Source and sink on threads of their own: the one that listens has nothing to do but to be asked. */
const apart = job(import.meta, 'apart', (flow) => {
  const options = { port: flow.param('port', 0), whenFull: 'refuse', ...SLOW } as const;
  const rows = flow.from(httpIngest(Event, options)).pin(0);
  rows.to(httpPost(flow.param('to', 'http://127.0.0.1:1/'), { maxInFlight: 1 })).pin(1);
});

test('a thread whose job stands still answers all the same', async () => {
  const { address } = await endpoint(() => {});
  const [port] = (await freePorts(1)) as [number];
  const params = { port, to: address };
  const client = await apart.start({ threads: 2, parallelism: 1, params });
  const body = ndjson(events(0, 1000));
  let isRefused = false;
  await postUntilThere(port, body);
  const posts: Promise<unknown>[] = [];
  while (!isRefused) {
    const answered = post(`http://127.0.0.1:${port}/`, body).then((answer) => {
      isRefused ||= answer.status === 429;
    });
    posts.push(answered.catch(() => {}));
    // One that is let in gets no answer as long as nobody reads it; more than there is room for are not let in.
    await Promise.race([posts.at(-1), delay(100)]);
    assert.ok(posts.length < 1000, 'waited in vain for a refusal');
  }
  await client.cancel();
  await Promise.all(posts);
});

const relay = job(import.meta, 'relay', (flow) => {
  const rows = flow.from(httpIngest(Event, { port: flow.param('port', 0) })).pin(0);
  rows.to(httpPost(flow.param('to', 'http://127.0.0.1:1/'), { maxDelay: 5 })).pin(1);
});

test('on threads of their own both go on while nothing else happens', async () => {
  const { address, seen } = await endpoint((_n, response) => void response.end());
  const [port] = (await freePorts(1)) as [number];
  const client = await relay.start({ threads: 2, parallelism: 1, params: { port, to: address } });
  for (let n = 0; n < 5; n++) {
    const answer = await postUntilThere(port, ndjson(events(n, n + 1)));
    assert.equal(answer.status, 200);
    await until(() => seen.length === n + 1);
  }
  await client.cancel();
  assert.equal(seen.map(({ body }) => body).join(''), ndjson(events(0, 5)));
});

test('what cannot be is refused where it is said', () => {
  assert.throws(() => httpIngest(Event, {} as IngestOptions), /httpIngest: port is a port/);
  assert.throws(() => httpIngest(Event, { port: 1, path: 'x' }), /path begins with \//);
  assert.throws(() => httpIngest(Event, { port: 1, allowedOrigins: ['a'] }), /allowedOrigins/);
  assert.throws(() => httpPost('ftp://x'), /is a URL that begins with http:\/\/ or https:\/\//);
  assert.throws(() => httpPost('http://x', { batchRows: 0 }), /batchRows/);
});
