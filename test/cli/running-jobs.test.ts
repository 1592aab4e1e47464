/** Finding running jobs by their control sockets, in a folder of sockets that is the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { millrace } from '../e2e/command-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-sockets-'));
process.env.TMPDIR = folder;
const { ask } = await import('../../src/cli/control.ts');
const { findRunningJob, placeOf, runningJobs } = await import('../../src/cli/running-jobs.ts');
after(() => rm(folder, { recursive: true }));

const LISTED = { jid: 'a1', name: 'flights', state: 'RUNNING', duration: 5, records: 7 };

/** A process that answers so many questions, then has ended, and has left its socket behind. */
async function listenFor(questions: number, pid: number, listed = LISTED): Promise<void> {
  let left = questions;
  const server = createServer((socket) => {
    if (left-- <= 0) socket.destroy();
    else socket.end(`${JSON.stringify({ rest: { status: 200, body: { jobs: [listed] } } })}\n`);
  });
  server.unref();
  await new Promise<void>((resolve) => {
    server.listen(join(folder, `millrace-${pid}.sock`), resolve);
  });
}

test('a process that ends while it is asked takes nothing from the list of the others', async () => {
  await listenFor(0, 11);
  await listenFor(1, 12);
  await listenFor(10, 13);
  const { jobs } = await runningJobs(null);
  assert.deepEqual(
    jobs.map(({ name, where }) => [name, where]),
    [
      ['flights', 'process 12'],
      ['flights', 'process 13'],
    ],
  );
  await assert.rejects(jobs[0]!.ask('GET', ''), /process 12 has ended/);
});

test('a process that takes questions and does not answer them holds up nobody', {
  timeout: 60_000,
}, async () => {
  await listenFor(10, 21);
  const path = join(folder, 'millrace-22.sock');
  const taken: Socket[] = [];
  const server = createServer((socket) => void taken.push(socket));
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  try {
    const { jobs, silent } = await runningJobs(null);
    assert.ok(jobs.some(({ where }) => where === 'process 21'));
    assert.deepEqual(silent, [22]);
    await assert.rejects(
      findRunningJob('other'),
      /no job 'other' runs here.*; process 22 does not/,
    );
    const list = await millrace('list', '--json');
    const listed = JSON.parse(list.stdout) as { state: string; where: string }[];
    assert.deepEqual(
      listed.find(({ where }) => where === 'process 22'),
      {
        id: null,
        name: null,
        state: 'NOT ANSWERING',
        durationMs: null,
        records: null,
        where: 'process 22',
      },
    );
  } finally {
    for (const socket of taken) socket.destroy();
    server.close();
  }
});

test('what a process that was killed has left is removed, and who has asked it for something is told', async () => {
  const listening = `require('node:net').createServer().listen(process.env.TMPDIR + '/millrace-' + process.pid + '.sock', () => console.log())`;
  const child = spawn(process.execPath, ['-e', listening], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const socket = join(folder, `millrace-${child.pid}.sock`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(existsSync(socket));
  await assert.rejects(ask(child.pid!, 'flights', { ask: 'stop', job: 'a1', options: {} }), {
    code: 'JOB_NOT_FOUND',
    message: `'flights' does not run any more: process ${child.pid} has ended; millrace list shows the jobs that run`,
  });
  assert.ok(!existsSync(socket));
});

test('a job is found by its name where a folder has that name too, unless the folder has its checkpoints', async () => {
  // The name is a path here, so that the folder need not lie where the tests are called.
  const name = join(folder, 'visits');
  await listenFor(10, 31, { ...LISTED, jid: 'b1', name });
  assert.deepEqual(await placeOf(name), { pid: 31, job: 'b1' });
  await mkdir(name);
  assert.deepEqual(await placeOf(name), { pid: 31, job: 'b1' });
  assert.equal((await findRunningJob(name)).jid, 'b1');
  await writeFile(join(name, 'lock'), '{"pid":32}');
  assert.deepEqual(await placeOf(name), { pid: 32, job: name });

  const ended = join(folder, 'ended');
  await mkdir(join(ended, 'checkpoint-7'), { recursive: true });
  await assert.rejects(placeOf(ended), /no job runs on '.*ended': give the --checkpoint-dir/);
});

test('of the jobs of a server the one that runs is meant, or the one whose id or name is in the address', async () => {
  let jobs = [
    { ...LISTED, jid: 'a1', name: 'a', state: 'FINISHED' },
    { ...LISTED, jid: 'b1', name: 'by day', state: 'FAILED' },
    { ...LISTED, jid: 'b2', name: 'by day', state: 'RESTARTING' },
  ];
  const asked: string[] = [];
  const server = createHttpServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.end(JSON.stringify({ jobs }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const found = async (address: string) => (await findRunningJob(address)).jid;
  try {
    for (const [address, jid] of [
      [url, 'b2'],
      [`${url}/`, 'b2'],
      [`${url}/jobs/a1`, 'a1'],
      [`${url}/jobs/a/`, 'a1'],
      [`${url}/jobs/b1`, 'b1'],
      [`${url}/jobs/by%20day`, 'b2'],
    ] as const) {
      assert.equal(await found(address), jid, address);
    }
    const { jobs: listed } = await runningJobs(new URL(url).host);
    assert.deepEqual(listed.map(({ jid, where }) => [jid, where]).at(0), ['a1', url]);
    await (await findRunningJob(`${url}/jobs/a`)).ask('PATCH', '?mode=cancel');
    assert.equal(asked.at(-1), 'PATCH /jobs/a1?mode=cancel');
    await assert.rejects(found(`${url}/jobs/c`), {
      code: 'JOB_NOT_FOUND',
      message: `no job is at ${url}/jobs/c: millrace list ${url} shows those of the server`,
    });
    jobs = jobs.map((job) => ({ ...job, state: 'RUNNING' }));
    await assert.rejects(found(`${url}/jobs/by day`), {
      code: 'JOB_NOT_FOUND',
      message: `several jobs are at ${url}/jobs/by day: choose one by its address: ${url}/jobs/b1, ${url}/jobs/b2`,
    });
    await assert.rejects(found(url), /several jobs are at .*: choose one by its address: .*\/a1, /);
    jobs = [{ ...LISTED, state: 'FINISHED' }];
    assert.equal(await found(url), 'a1');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
