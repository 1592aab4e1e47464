/** Requests that nobody should send: refused, each with its reason, while the job goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { type Served, TOKEN, whileServed } from './served.ts';

/** Sends bytes as they are; what comes back until the connection ends. */
async function raw({ client }: Served, request: string): Promise<string> {
  const socket = connect(client.port!, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  socket.on('error', () => {});
  socket.write(request);
  await once(socket, 'close');
  return text;
}

function get(path: string, headers = 'Host: localhost'): string {
  return `GET ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`;
}

function statusOf(response: string): number {
  return Number(response.split(' ')[1]);
}

/** Whether the error is JSON as every other. */
function isError(response: string): boolean {
  const body = JSON.parse(response.slice(response.indexOf('\r\n\r\n'))) as { errors: unknown };
  return Array.isArray(body.errors);
}

async function stillServes(served: Served): Promise<void> {
  const { body } = await served.ask('/jobs');
  assert.deepEqual(body, { jobs: [{ id: served.id, status: 'RUNNING' }] });
}

test('paths that lead elsewhere, or nowhere', async () => {
  await whileServed({}, async (served) => {
    const paths = [
      '/../../etc/passwd',
      '/jobs/../../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/jobs/..%2f..%2fetc%2fpasswd',
      '//evil.example/jobs',
      '/jobs/',
      '/__proto__',
      `/jobs/${served.id}/vertices/__proto__`,
      `/jobs/${served.id}/vertices/1e0`,
    ];
    for (const path of paths) {
      const response = await raw(served, get(path));
      assert.equal(statusOf(response), 404, path);
      assert.ok(isError(response), path);
    }
    for (const path of ['/jobs/%', '/%ff%fe', '/jobs/%c0%ae']) {
      assert.equal(statusOf(await raw(served, get(path))), 400, path);
    }
    await stillServes(served);
  });
});

test('heads and bodies that are too long, and bytes that are no request', async () => {
  await whileServed({}, async (served) => {
    const long = 'x'.repeat(20_000);
    for (const request of [get(`/${long}`), get('/jobs', `Host: localhost\r\nX-Long: ${long}`)]) {
      const response = await raw(served, request);
      assert.equal(statusOf(response), 431);
      assert.ok(isError(response));
    }
    assert.equal(statusOf(await raw(served, '\x16\x03\x01 no HTTP at all\r\n\r\n')), 400);
    const body = JSON.stringify({ 'target-directory': 'y'.repeat(100_000) });
    const tooLong = await served.ask(`/jobs/${served.id}/savepoints`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}` },
      body,
    });
    assert.equal(tooLong.status, 413);
    const chunks = `${'10000\r\n'}${'z'.repeat(65_536)}\r\n`.repeat(2);
    const chunked = await raw(
      served,
      `POST /jobs/${served.id}/stop HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n${chunks}`,
    );
    assert.equal(statusOf(chunked), 413);
    await stillServes(served);
  });
});

test('bodies that are not what a route takes', async () => {
  await whileServed({}, async (served) => {
    const path = `/jobs/${served.id}/savepoints`;
    const headers = { Authorization: `Bearer ${TOKEN}` };
    for (const body of [
      '{',
      '[]',
      '"text"',
      'null1',
      '{}',
      '{"target-directory": 5}',
      '{"target-directory": " "}',
      '{"target-directory": "x", "cancel-job": "yes"}',
      '{"target-direktory": "x"}',
      '{"__proto__": {"target-directory": "x"}}',
    ]) {
      const { status, body: answer } = await served.ask(path, { method: 'POST', headers, body });
      assert.equal(status, 400, body);
      assert.equal((answer as { errors: string[] }).errors.length, 1);
    }
    assert.equal((await served.change('PATCH', `/jobs/${served.id}?mode=kill`)).status, 400);
    await stillServes(served);
  });
});

test('methods that a path does not take', async () => {
  await whileServed({}, async (served) => {
    for (const [method, path, allow] of [
      ['DELETE', '/jobs', 'GET'],
      ['POST', '/metrics', 'GET'],
      ['PUT', `/jobs/${served.id}`, 'GET, PATCH'],
      ['GET', `/jobs/${served.id}/stop`, 'POST'],
      ['OPTIONS', '/jobs', 'GET'],
      ['HEAD', '/events', 'GET'],
    ] as const) {
      const answer = await served.ask(path, { method });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers.get('allow'), allow);
    }
    const head = await served.ask('/jobs', { method: 'HEAD' });
    assert.deepEqual([head.status, head.text], [200, '']);
  });
});

test('what changes the job needs the token', async () => {
  await whileServed({}, async (served) => {
    const path = `/jobs/${served.id}`;
    for (const given of [null, 'Bearer wrong', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`]) {
      const headers = given === null ? undefined : { Authorization: given };
      const answer = await served.ask(path, { method: 'PATCH', ...(headers && { headers }) });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    }
    assert.equal((await served.ask(`${path}/stop`, { method: 'POST' })).status, 401);
    assert.equal((await served.ask(`${path}/savepoints`, { method: 'POST' })).status, 401);
    await stillServes(served);
  });
});

test('pages of other origins may not ask, unless they are allowed; nor may other names', async () => {
  const allowed = 'https://ops.example.com';
  await whileServed({ allowedOrigins: [allowed] }, async (served) => {
    const evil = await served.ask('/jobs', { headers: { Origin: 'https://evil.example' } });
    assert.equal(evil.status, 403);
    assert.equal(evil.headers.get('access-control-allow-origin'), null);
    const own = await served.ask('/jobs', { headers: { Origin: served.base } });
    assert.deepEqual([own.status, own.headers.get('access-control-allow-origin')], [200, null]);
    const known = await served.ask('/jobs', { headers: { Origin: allowed } });
    assert.equal(known.headers.get('access-control-allow-origin'), allowed);
    const preflight = await served.ask('/jobs', {
      method: 'OPTIONS',
      headers: { Origin: allowed },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization/);
    for (const host of ['evil.example', 'localhost.evil.example:80', '127.0.0.1.evil.example']) {
      assert.equal(statusOf(await raw(served, get('/jobs', `Host: ${host}`))), 403, host);
    }
    for (const host of ['localhost:1234', '[::1]:80', '127.0.0.1', 'ops.example.com']) {
      assert.equal(statusOf(await raw(served, get('/jobs', `Host: ${host}`))), 200, host);
    }
  });
});

test('on an address that others reach, everything needs the token', async () => {
  await whileServed({ host: '0.0.0.0' }, async (served) => {
    for (const path of ['/jobs', '/metrics', '/events', '/openapi.json', '/nowhere']) {
      assert.equal((await served.ask(path)).status, 401, path);
    }
    const { status } = await served.ask('/jobs', { headers: { Authorization: `Bearer ${TOKEN}` } });
    assert.equal(status, 200);
  });
});

const short = job(import.meta, 'short', (flow) => {
  flow.from(collection([1, 2, 3])).to(blackhole());
});

test('no server without what it needs', async () => {
  const before = process.env.MILLRACE_TOKEN;
  delete process.env.MILLRACE_TOKEN;
  await assert.rejects(short.run({ threads: 0, port: 0, host: '0.0.0.0' }), {
    code: 'JOB_DEFINITION',
    message: /needs a token/,
  });
  for (const options of [
    { port: 70_000 },
    { port: -1 },
    { allowedOrigins: ['ops.example.com'] },
    { allowedOrigins: ['https://ops.example.com/'] },
    { token: ' ' },
  ]) {
    await assert.rejects(short.run({ threads: 0, ...options }), { code: 'JOB_DEFINITION' });
  }
  await whileServed({}, async ({ client }) => {
    await assert.rejects(short.run({ threads: 0, port: client.port! }), { code: 'SERVER_FAILED' });
  });
  if (before !== undefined) process.env.MILLRACE_TOKEN = before;
});

test('started without a token, the job is changed by nobody', async () => {
  const before = process.env.MILLRACE_TOKEN;
  delete process.env.MILLRACE_TOKEN;
  await whileServed({ token: undefined as never }, async (served) => {
    assert.equal((await served.change('PATCH', `/jobs/${served.id}`)).status, 403);
    await stillServes(served);
  });
  if (before !== undefined) process.env.MILLRACE_TOKEN = before;
});
