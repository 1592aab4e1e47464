/** Lines over TCP: both directions, lost connections, lines that are none, slow peers, the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job, record, t } from 'millrace';
import { csv, jsonLines, parquet } from 'millrace/connectors/files';
import { type TcpOptions, tcp } from 'millrace/connectors/net';
import { connected, listener, tcpPeer, textOf, until } from './peers.ts';

const Event = record({ n: t.int32, name: t.string });
const FAST = { minDelay: 1, maxDelay: 5 };
const line = (n: number): string => `${JSON.stringify({ n, name: `event ${n}` })}\n`;
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('');
const events = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({ n: from + i, name: `event ${from + i}` }));

/** Defined at the top, so that worker threads find them. */
const reading = job(import.meta, 'tcp-reading', (flow) => ({
  rows: flow.from(
    tcp(flow.param('address', '127.0.0.1:1'), jsonLines(Event), { reconnect: false }),
  ),
}));
const passing = job(import.meta, 'tcp-passing', (flow) => {
  flow
    .from(tcp(flow.param('from', '127.0.0.1:1'), jsonLines(Event), { reconnect: false }))
    .to(tcp(flow.param('to', '127.0.0.1:1'), jsonLines(), { reconnect: FAST }));
});

let jobs = 0;
/** Jobs of this thread, with options that a closure gives. */
function source(port: number, options: TcpOptions) {
  return job(import.meta, `tcp-${jobs++}`, (flow) => ({
    rows: flow.from(tcp(`127.0.0.1:${port}`, jsonLines(Event), options)),
  }));
}

function withLetters(port: number, options: TcpOptions) {
  return job(import.meta, `tcp-${jobs++}`, (flow) => {
    const rows = flow.from(
      tcp(`127.0.0.1:${port}`, jsonLines(Event), { ...options, onMalformed: 'deadLetter' }),
    );
    return { rows, letters: rows.deadLetters() };
  });
}

for (const threads of [0, 1, 2]) {
  test(`lines of a peer become rows until it ends, on ${threads} threads`, async () => {
    const { port } = await tcpPeer((socket) => socket.end(lines(0, 5000)));
    const { rows } = await reading.collect({ threads, params: { address: `127.0.0.1:${port}` } });
    assert.deepEqual(rows, events(0, 5000));
  });

  test(`rows reach a peer, all of them before the job is over, on ${threads} threads`, async () => {
    const from = await tcpPeer((socket) => socket.end(lines(0, 5000)));
    const received: (() => string)[] = [];
    const to = await tcpPeer((socket) => void received.push(textOf(socket)));
    const params = { from: `127.0.0.1:${from.port}`, to: `127.0.0.1:${to.port}` };
    await passing.run({ threads, params });
    const all = (): string => received.map((one) => one()).join('');
    await until(() => all().length === lines(0, 5000).length, 'all lines');
    assert.equal(all(), lines(0, 5000));
  });
}

test('a lost connection is made again, and its last line, cut off, is counted', async () => {
  const { port, sockets } = await tcpPeer((socket, n) => {
    if (n === 1) socket.write(`${lines(0, 3)}{"n":3,"na`);
    else if (n === 2) socket.end(lines(4, 6).trimEnd());
    else socket.end(lines(6, 8));
  });
  const client = await withLetters(port, { reconnect: FAST }).start({ threads: 0 });
  const rows: object[] = [];
  for await (const row of client.outputs.rows) {
    const count = rows.push(row);
    if (count === 3) sockets[0]!.resetAndDestroy();
    if (count === 7) break;
  }
  assert.deepEqual(rows, [...events(0, 3), ...events(4, 8)]);
  for await (const { line, text, reason } of client.outputs.letters) {
    assert.deepEqual([line, text, reason], [4, '{"n":3,"na', 'the connection broke within it']);
    break;
  }
  await client.cancel();
});

test('attempts are counted, and the error names the peer', async () => {
  const { port, server } = await tcpPeer(() => {});
  server.close();
  const run = source(port, { reconnect: { ...FAST, attempts: 2 } }).run({ threads: 0 });
  await assert.rejects(run, {
    code: 'CONNECTION_FAILED',
    message: new RegExp(`operator 'tcp'.*tcp://127.0.0.1:${port}: connect ECONNREFUSED`),
  });
});

test('a malformed line ends the job with its place, or is left out', async () => {
  const sent = `${line(0)}nonsense\n${line(1)}{"n":1.5,"name":""}\n\n${line(2)}`;
  const { port } = await tcpPeer((socket) => socket.end(sent));
  await assert.rejects(source(port, { reconnect: false }).run({ threads: 0 }), {
    code: 'INPUT_MALFORMED',
    message: new RegExp(`operator 'tcp': tcp://127.0.0.1:${port} line 2: .*JSON`),
  });
  const skipping = source(port, { reconnect: false, onMalformed: 'skip' });
  assert.deepEqual((await skipping.collect({ threads: 0 })).rows, events(0, 3));
  const keeping = withLetters(port, { reconnect: false });
  const { rows, letters } = await keeping.collect({ threads: 0 });
  assert.deepEqual(rows, events(0, 3));
  assert.deepEqual(
    letters.map((letter) => [letter.line, letter.text]),
    [
      [2, 'nonsense'],
      [4, '{"n":1.5,"name":""}'],
    ],
  );
});

test('a line that is too long is malformed, and the next one is read', async () => {
  const sent = `${line(0)}${'x'.repeat(3_000_000)}\n${line(1)}${'y'.repeat(500)}\n`;
  const { port } = await tcpPeer((socket) => socket.end(sent));
  const reading = withLetters(port, { reconnect: false, maxLineBytes: 100 });
  const { rows, letters } = await reading.collect({ threads: 0 });
  assert.deepEqual(rows, events(0, 2));
  assert.deepEqual(
    letters.map((letter) => [letter.line, letter.reason, letter.text[0]]),
    [
      [2, 'a line is longer than 100 bytes', 'x'],
      [4, 'a line is longer than 100 bytes', 'y'],
    ],
  );
});

test('one that listens takes the lines of all who connect', async () => {
  const { onListening, port } = listener();
  const client = await source(0, { listen: true, onListening }).start({ threads: 0 });
  const peers = await Promise.all(
    Array.from({ length: 5 }, async () => await connected(await port())),
  );
  peers.forEach((peer, n) => {
    peer.end(lines(n * 1000, (n + 1) * 1000));
  });
  const numbers: number[] = [];
  for await (const row of client.outputs.rows) {
    numbers.push(row.n);
    if (numbers.length === 5000) break;
  }
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 5000 }, (_, n) => n),
  );
  await client.cancel();
  await assert.rejects(connected(await port()));
});

test('a port that is taken ends the job with its name', async () => {
  const { port } = await tcpPeer(() => {});
  await assert.rejects(source(port, { listen: true }).run({ threads: 0 }), {
    code: 'SERVER_FAILED',
    message: new RegExp(`tcp cannot listen on 127.0.0.1:${port}: .*EADDRINUSE`),
  });
});

test('a peer waits while the job does not read', async () => {
  const piece = lines(0, 1000);
  const { port, sockets } = await tcpPeer((socket) => {
    const send = (): void => {
      while (socket.bytesWritten < 60_000_000) {
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', send);
    send();
  });
  const client = await source(port, { reconnect: false }).start({ threads: 0 });
  const sent = (): number => sockets[0]?.bytesWritten ?? 0;
  // Looks with a turn of the event loop between them, in which more would be sent.
  let [last, looks] = [0, 0];
  await until(() => {
    looks = sent() === last ? looks + 1 : 0;
    last = sent();
    return last > 0 && looks > 200;
  }, 'the peer to stand still');
  assert.ok(last < 40_000_000, `${last} bytes without a reader`);
  for await (const _batch of client.outputs.rows.batches()) if (sent() > last + 5_000_000) break;
  await client.cancel();
});

test('the job waits while the peer does not read, and a broken connection sends the rest again', async () => {
  // Far more than the system takes for a peer that reads nothing, which may be some megabytes: that would be lost.
  const count = 500_000;
  const from = await tcpPeer((socket) => socket.end(lines(0, count)));
  let received = () => '';
  const to = await tcpPeer((socket, n) => {
    // The first takes nothing.
    if (n === 1) setTimeout(() => socket.resetAndDestroy(), 50);
    else received = textOf(socket);
  });
  const params = { from: `127.0.0.1:${from.port}`, to: `127.0.0.1:${to.port}` };
  await passing.run({ threads: 0, params });
  await until(() => received().endsWith(line(count - 1)));
  assert.equal(to.sockets.length, 2);
  assert.ok(lines(0, count).endsWith(received()), 'the rest, in order, from the start of a batch');
});

test('a job that is cancelled leaves no connection', async () => {
  const { port, sockets } = await tcpPeer((socket) => void socket.write(lines(0, 10)));
  const client = await source(port, {}).start({ threads: 0 });
  await until(() => sockets.length === 1);
  const closed = new Promise((resolve) => sockets[0]!.on('close', resolve));
  sockets[0]!.resume();
  await client.cancel();
  await closed;
});

test('what cannot be is refused where it is said', () => {
  const format = jsonLines(Event);
  for (const [address, options, message] of [
    ['nowhere', {}, /tcp: the address is like '127.0.0.1:9000', got 'nowhere'/],
    ['127.0.0.1:99999', {}, /the address/],
    ['9000', { listn: true }, /unknown option 'listn'/],
    ['9000', { reconnect: { minDelay: 'soon' } }, /minDelay/],
    ['9000', { reconnect: true }, /reconnect/],
    ['9000', { maxLineBytes: 0 }, /maxLineBytes is a whole number, 1 or more/],
  ] as const) {
    assert.throws(() => tcp(address, format, options as TcpOptions), {
      code: 'JOB_DEFINITION',
      message,
    });
  }
  assert.throws(() => tcp('9000', csv(Event)), /is one without a header/);
  assert.throws(() => tcp('9000', parquet(Event)), /is jsonLines\(\), text\(\) or csv\(\)/);
  const { schema } = tcp('9000', csv(Event, { header: false }));
  assert.equal(schema, Event);
});
