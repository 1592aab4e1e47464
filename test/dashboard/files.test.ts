/** The files of the dashboard: what the server says of them, that there is no way to others, and that they are small. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Served, whileServed } from '../server/served.ts';

const FOLDER = new URL('../../dist/dashboard/', import.meta.url);
const NAMES = readdirSync(FOLDER);
const SCRIPT = NAMES.find((name) => name.endsWith('.js'))!;
/** In all, packed. */
const BYTES_MAX = 80 * 1024;

type Raw = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
};

/** As `fetch` does not ask: with the path as it is, and nothing unpacked. */
function ask(
  { client }: Served,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: client.port!, path, headers, method });
    asked.on('error', reject).on('response', (response) => {
      const parts: Buffer[] = [];
      response
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
    });
    asked.end();
  });
}

function built(name: string): Buffer {
  return readFileSync(new URL(name, FOLDER));
}

test('all that a browser loads is below 80 KiB, packed', () => {
  const packed = NAMES.filter((name) => name.endsWith('.gz'));
  assert.deepEqual(packed.map((name) => name.split('.').at(-2)).sort(), [
    'css',
    'html',
    'js',
    'svg',
  ]);
  const bytes = packed.reduce((sum, name) => sum + statSync(new URL(name, FOLDER)).size, 0);
  assert.ok(bytes > 0 && bytes <= BYTES_MAX, `${bytes} bytes`);
  for (const name of packed) {
    assert.deepEqual(gunzipSync(built(name)), built(name.slice(0, -'.gz'.length)));
  }
});

test('the page loads its own files alone, and has no script within', () => {
  const page = built('index.html').toString();
  const loaded = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, path]) => path!);
  assert.equal(loaded.length, 3);
  for (const path of loaded) assert.ok(NAMES.includes(path.replace(/^\.\//, '')), path);
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\bon\w+=/);
  for (const library of ['preact', 'uplot', '@dagrejs/dagre', '@dagrejs/graphlib']) {
    assert.ok(built('licences.txt').toString().includes(`${library}\n`), library);
  }
});

test('the page: strict, asked for again each time, packed for those who can unpack', async () => {
  await whileServed({}, async (served) => {
    const plain = await ask(served, '/');
    assert.equal(plain.status, 200);
    assert.deepEqual(plain.body, built('index.html'));
    assert.equal(plain.headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(plain.headers['cache-control'], 'no-cache');
    assert.equal(plain.headers['x-content-type-options'], 'nosniff');
    assert.equal(plain.headers['access-control-allow-origin'], undefined);
    const policy = String(plain.headers['content-security-policy']).split('; ');
    assert.ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"));
    for (const kind of ['script', 'style', 'connect', 'img']) {
      assert.ok(policy.includes(`${kind}-src 'self'`), kind);
    }
    const packed = await ask(served, '/', { 'Accept-Encoding': 'br, gzip' });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(packed.headers.vary, 'Accept-Encoding');
    assert.deepEqual(gunzipSync(packed.body), plain.body);
    const refused = await ask(served, '/', { 'Accept-Encoding': 'gzip;q=0' });
    assert.equal(refused.headers['content-encoding'], undefined);
    const etag = String(plain.headers.etag);
    for (const [known, status] of [
      [etag, 304],
      [`"other", ${etag}`, 304],
      ['"other"', 200],
    ] as const) {
      const again = await ask(served, '/', { 'If-None-Match': known });
      assert.deepEqual([again.status, again.body.length > 0], [status, status === 200]);
    }
    const head = await ask(served, '/', {}, 'HEAD');
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers['content-length'], String(plain.body.length));
    const posted = await ask(served, '/', {}, 'POST');
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET']);
  });
});

test('files have names that change with them, and are kept for ever', async () => {
  await whileServed({}, async (served) => {
    const script = await ask(served, `/${SCRIPT}?x=1`);
    assert.deepEqual(
      [script.status, script.headers['content-type']],
      [200, 'text/javascript; charset=utf-8'],
    );
    assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.match(SCRIPT, /^index-[\w-]{8}\.js$/);
  });
});

test('no path leads to a file that was not built for it', async () => {
  await whileServed({}, async (served) => {
    for (const path of [
      '/index.html',
      '/licences.txt',
      `/${SCRIPT}.gz`,
      `/${SCRIPT}/`,
      `/%2e/${SCRIPT}`.replace('/%2e', '/%2e%2e/dashboard'),
      '/../package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/dashboard/../../package.json',
      '/__proto__',
      '/constructor',
    ]) {
      assert.equal((await ask(served, path)).status, 404, path);
    }
  });
});

test('on an address that others reach the files need no token, and tell nothing', async () => {
  await whileServed({ host: '0.0.0.0' }, async (served) => {
    assert.equal((await ask(served, '/')).status, 200);
    assert.equal((await ask(served, '/jobs')).status, 401);
    assert.equal(
      (await ask(served, '/', { Host: 'evil.example', Origin: 'http://x.example' })).status,
      403,
    );
  });
});
