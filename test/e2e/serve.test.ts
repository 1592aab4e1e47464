/** `millrace serve`: jobs side by side, what is told of them, and what is kept of those that have ended. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ARCHIVED_JOBS_MAX } from '../../src/base/limits.ts';
import { ArchiveFolder } from '../../src/cli/archive-folder.ts';
import type { ArchivedJob } from '../../src/server/archive.ts';
import { inFolder } from '../connector/read-all.ts';
import { millrace, type Running, startMillrace } from './command-line.ts';

const FOLDER = new URL('jobs/served/', import.meta.url).pathname;
const TOKEN = 'open sesame';

/** The alarm for what hangs: a machine that is busy takes long to start processes. */
const HANGS = { timeout: 600_000 };

type Answer = { readonly status: number; readonly body: unknown; readonly text: string };
type Job = { jid: string; name: string; state: string };
type Listed = { readonly id: string; readonly name: string; readonly where: string };

async function addressOf(server: Running): Promise<string> {
  await server.wrote('http://127.0.0.1:');
  return /http:\/\/127\.0\.0\.1:\d+/.exec(server.written())![0];
}

async function ask(url: string, method = 'GET', body?: unknown): Promise<Answer> {
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(url, { method, headers, ...sent });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : null };
}

/** The job, when it has come to a state. */
async function until(base: string, name: string, state: string): Promise<Job> {
  for (;;) {
    const { jobs } = (await ask(`${base}/jobs/overview`)).body as { jobs: Job[] };
    const found = jobs.find((one) => one.name === name && one.state === state);
    if (found !== undefined) return found;
    await delay(20);
  }
}

async function whileServing(archive: string, look: (base: string) => Promise<void>) {
  process.env.MILLRACE_TOKEN = TOKEN;
  const server = startMillrace('serve', FOLDER, '--port', 0, '--archive', archive);
  delete process.env.MILLRACE_TOKEN;
  try {
    await look(await addressOf(server));
  } finally {
    server.process.kill('SIGINT');
  }
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
}

test('jobs of a folder run side by side, are started and cancelled, and kept when they have ended', async () => {
  await inFolder(async (archive) => {
    let failed: Job | null = null;
    await whileServing(archive, async (base) => {
      const endless = await until(base, 'endless', 'RUNNING');
      await until(base, 'short', 'FINISHED');
      failed = await until(base, 'failing', 'FAILED');

      const { modules } = (await ask(`${base}/modules`)).body as {
        modules: { id: string; jobs: string[]; error: string | null }[];
      };
      assert.deepEqual(
        modules.map(({ id, jobs }) => [id, jobs]),
        [
          ['broken.ts', []],
          ['endless.ts', ['endless']],
          ['short.ts', ['short', 'failing']],
        ],
      );
      assert.match(modules[0]!.error!, /broken from its first line on/);

      const kept = `${base}/jobs/${failed.jid}`;
      const { exceptionHistory } = (await ask(`${kept}/exceptions`)).body as {
        exceptionHistory: { entries: { message: string }[] };
      };
      assert.match(exceptionHistory.entries[0]!.message, /five/);
      assert.equal(((await ask(kept)).body as Job).state, 'FAILED');
      assert.equal((await ask(`${kept}/vertices/0`)).status, 200);
      assert.match((await ask(`${kept}/logs`)).text, /the job is failed/);
      assert.equal((await fetch(`${kept}/logs`)).status, 401);
      for (const path of ['thread-dump', 'states', 'states/0/sum/lookup?key=5']) {
        const { status, text } = await ask(`${kept}/${path}`);
        assert.equal(status, 409, path);
        assert.match(text, /has ended: this is told only while it runs/);
      }
      assert.equal((await ask(kept, 'PATCH')).status, 409);

      const run = (module: string, body: unknown) =>
        ask(`${base}/modules/${module}/run`, 'POST', body);
      assert.equal((await fetch(`${base}/modules/short.ts/run`, { method: 'POST' })).status, 401);
      for (const [status, module, body] of [
        [409, 'endless.ts', {}],
        [409, 'broken.ts', {}],
        [404, '..%2f..%2fwatched.ts', {}],
        [404, '__proto__', {}],
        [400, 'short.ts', {}],
        [400, 'short.ts', { job: 'endless' }],
        [400, 'short.ts', { job: 'short', params: { count: {} } }],
        [400, 'short.ts', { job: 'short', params: { count: 'many' } }],
        [400, 'short.ts', { job: 'short', threads: 'all' }],
        [400, 'short.ts', { job: 'short', threads: -1 }],
        [400, 'short.ts', { job: 'short', checkpoints: { dir: '/' } }],
      ] as const) {
        const answer = await run(module, body);
        assert.equal(answer.status, status, `${module} ${JSON.stringify(body)}: ${answer.text}`);
      }
      const started = await run('short.ts', { job: 'short', params: { count: 3 }, threads: 0 });
      const { jobid } = started.body as { jobid: string };
      let records = -1;
      while (records !== 3) {
        records = ((await ask(`${base}/jobs/${jobid}`)).body as { records: number }).records;
      }

      const metrics = (await ask(`${base}/metrics`)).text;
      assert.match(metrics, /millrace_job_running\{job_name="endless",job_id="\w+"\} 1/);
      assert.equal(metrics.split('# TYPE millrace_job_running ').length, 2);
      assert.equal((await ask(`${base}/jobs/${endless.jid}`, 'PATCH')).status, 202);
      await until(base, 'endless', 'CANCELED');
      const again = await run('endless.ts', {});
      assert.equal(again.status, 200, again.text);
      await until(base, 'endless', 'RUNNING');
    });
    const names = new ArchiveFolder(archive, assert.fail).all().map(({ name }) => name);
    assert.deepEqual(new Set(names), new Set(['endless', 'short', 'failing']));
    await whileServing(archive, async (base) => {
      const found = await ask(`${base}/jobs/${failed!.jid}/exceptions`);
      assert.match(found.text, /five/, 'kept over a restart of the server');
    });
  });
});

test(
  'a job that never begins, or throws what cannot be read, holds up neither the others nor the end',
  HANGS,
  async () => {
    await inFolder(async (archive) => {
      const folder = new URL('jobs/held/', import.meta.url).pathname;
      const server = startMillrace('serve', folder, '--port', 0, '--archive', archive);
      try {
        await server.wrote('c-unreadable.ts: error: what was thrown cannot be read');
        await server.wrote('behind: finished');
      } finally {
        server.process.kill('SIGINT');
      }
      assert.equal((await server.ended).code, 0);
    });
  },
);

test('what is kept of a job that has finished stays when it is started again', HANGS, async () => {
  await inFolder(async (folder) => {
    const [archive, state] = [join(folder, 'archive'), join(folder, 'state')];
    const flags = ['--port', 0, '--archive', archive, '--checkpoint-dir', state];
    let kept: Job | null = null;
    for (const run of ['first', 'second']) {
      process.env.MILLRACE_TOKEN = TOKEN;
      const server = startMillrace('serve', FOLDER, ...flags);
      delete process.env.MILLRACE_TOKEN;
      try {
        const base = await addressOf(server);
        const records = async () =>
          ((await ask(`${base}/jobs/${kept!.jid}`)).body as { records: number }).records;
        if (run === 'first') {
          kept = await until(base, 'short', 'FINISHED');
          assert.equal(await records(), 10);
          // It is forgotten a moment after it is kept.
          let status = 409;
          while (status === 409) {
            status = (await ask(`${base}/modules/short.ts/run`, 'POST', { job: 'short' })).status;
          }
          assert.equal(status, 200);
        }
        await server.wrote('short: it had finished before; start it anew by');
        await until(base, 'short', 'FINISHED');
        assert.equal(await records(), 10, run);
      } finally {
        server.process.kill('SIGINT');
      }
      assert.equal((await server.ended).code, 0);
    }
  });
});

test('other commands reach the jobs of a server by their names', async () => {
  await inFolder(async (folder) => {
    const state = join(folder, 'state');
    const server = startMillrace(
      ...['serve', FOLDER, '--port', 0, '--archive', join(folder, 'archive')],
      ...['--checkpoint-dir', state],
    );
    try {
      const base = await addressOf(server);
      const { jid } = await until(base, 'endless', 'RUNNING');
      await until(base, 'short', 'FINISHED');
      const list = JSON.parse((await millrace('list', '--json')).stdout) as Listed[];
      const here = list.filter(({ where }) => where === `process ${server.process.pid}`);
      const idsOf = (job: string) => here.filter(({ name }) => name === job).map(({ id }) => id);
      assert.deepEqual(idsOf('endless'), [jid]);
      assert.deepEqual(idsOf('short'), [], 'it has ended');
      assert.equal((await millrace('info', jid)).code, 0);
      const byFolder = await millrace('info', join(state, 'endless'), '--json');
      assert.equal(
        JSON.parse(byFolder.stdout).jid,
        jid,
        'among jobs that wait for their next attempt',
      );
      const savepoint = join(folder, 'savepoint');
      assert.deepEqual(await millrace('savepoint', jid, savepoint), {
        code: 0,
        stdout: `savepoint in ${savepoint}\n`,
        stderr: '',
      });
      // By its directory, among those of all jobs of the server.
      const stopped = await millrace('stop', join(state, 'endless'));
      assert.equal(stopped.code, 0, stopped.stderr);
      await until(base, 'endless', 'FINISHED');
      const late = await millrace('stop', jid);
      assert.equal(late.code, 1);
    } finally {
      server.process.kill('SIGINT');
      await server.ended;
    }
  });
});

function ended(id: string, endedAt: number): ArchivedJob {
  return { id, name: id, state: 'FINISHED', endedAt, row: {} as never, archive: [] };
}

test('who means a job that has ended does not get the one that runs', async () => {
  await inFolder(async (folder) => {
    await whileServing(join(folder, 'archive'), async (base) => {
      await until(base, 'endless', 'RUNNING');
      await until(base, 'failing', 'FAILED');
      const { jid } = await until(base, 'short', 'FINISHED');
      const { code, stderr } = await millrace('savepoint', jid, join(folder, 'savepoint'));
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`runs no job '${jid}'`));
    });
  });
});

test('the newest jobs are kept, damaged files are told and left alone, ids are no paths', async () => {
  await inFolder((folder) => {
    const archive = new ArchiveFolder(folder, assert.fail);
    for (let n = 0; n <= ARCHIVED_JOBS_MAX; n++) archive.add(ended(`job${n}`, n));
    archive.add(ended('job7', 1000));
    assert.equal(archive.all().length, ARCHIVED_JOBS_MAX);
    assert.equal(archive.all()[0]!.id, 'job7');
    assert.equal(archive.find('job0'), null);
    for (const id of ['../evil', '', 'a/b', '..']) {
      assert.throws(() => archive.add(ended(id, 5000)), /is no id of a job/);
    }
    const whole = readFileSync(join(folder, 'job8.json'), 'utf8');
    writeFileSync(join(folder, 'job8.json'), whole.slice(0, 20));
    writeFileSync(join(folder, 'job9.json'), 'null');
    writeFileSync(join(folder, 'other.json'), whole);
    const told: string[] = [];
    const read = new ArchiveFolder(folder, (message) => told.push(message));
    assert.equal(read.all().length, ARCHIVED_JOBS_MAX - 2);
    assert.equal(told.length, 3);
    assert.equal(readFileSync(join(folder, 'job9.json'), 'utf8'), 'null');
  });
});
