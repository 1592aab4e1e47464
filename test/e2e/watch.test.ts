/** A job of one process watched and cancelled from others: over its control socket, and over its server. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { formatAddress, formatBytes, table } from '../../src/cli/format.ts';
import type { TopView } from '../../src/cli/top/top.ts';
import { inFolder } from '../connector/read-all.ts';
import { jobFile, millrace, type Running, startMillrace } from './command-line.ts';

async function whileRunning(
  args: readonly (string | number)[],
  look: (running: Running) => Promise<void>,
): Promise<void> {
  const running = startMillrace(
    'run',
    jobFile('watched'),
    '--threads',
    1,
    '--no-progress',
    ...args,
  );
  try {
    await look(running);
  } finally {
    running.process.kill('SIGKILL');
    await running.ended;
  }
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await millrace(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

type Listed = { readonly id: string; readonly name: string; readonly where: string };

/** The one job of a process, which answers as soon as it has time to. */
async function listedOf({ process }: Running): Promise<Listed> {
  const where = `process ${process.pid}`;
  for (;;) {
    const listed = (await json<(Listed | { id: null; where: string })[]>('list')).find(
      (one): one is Listed => one.where === where && one.id !== null,
    );
    if (listed !== undefined) return listed;
    assert.equal(process.exitCode, null);
  }
}

test('listed, looked at and cancelled over the control socket', async () => {
  await inFolder(async (folder) => {
    const state = join(folder, 'state');
    await whileRunning(
      ['--checkpoint-dir', state, '--checkpoint-every', '50ms'],
      async (running) => {
        const own = await listedOf(running);
        assert.equal(own.name, 'watched');
        const text = await millrace('list');
        assert.match(
          text.stdout,
          new RegExp(`^id +name +state[\\s\\S]*^${own.id} +watched +RUNNING`, 'm'),
        );
        const byId = await json<{ jid: string; vertices: unknown[] }>('info', own.id);
        const byDir = await json<{ jid: string }>('info', state);
        assert.deepEqual([byId.jid, byDir.jid, byId.vertices.length], [own.id, own.id, 2]);
        const info = await millrace('info', own.id);
        assert.match(
          info.stdout,
          /^watched \(\w+\): RUNNING for [\s\S]*^1 +totals > blackhole +1 +RUNNING/m,
        );
        let counts = { completed: 0 };
        while (counts.completed === 0) {
          ({ counts } = await json<{ counts: { completed: number } }>('checkpoints', own.id));
        }
        const checkpoints = await millrace('checkpoints', own.id);
        assert.match(
          checkpoints.stdout,
          /^\d+ +checkpoint +COMPLETED .*KiB|^\d+ +checkpoint +COMPLETED .* B/m,
        );
        const view = await json<TopView>('top');
        assert.ok(view.jobs.some(({ id }) => id === own.id));
        const frame = await millrace('top');
        assert.match(frame.stdout, /^millrace {2}\d{4}-.* UTC {2}\d+ jobs?\n/);
        assert.match(frame.stdout, new RegExp(`${own.id} +watched +RUNNING`));
        const saved = await json<{ path: string }>('savepoint', own.id, join(folder, 'saved'));
        assert.equal(saved.path, join(folder, 'saved'));
        const rowsOf = (state: string) =>
          millrace('snapshot', 'export', saved.path, '--uid', 'totals', '--state', state);
        // By its name in the job, as by that in the snapshot.
        const [named, stored] = await Promise.all([rowsOf('total'), rowsOf('state/total')]);
        assert.deepEqual([named.code, named.stdout], [0, stored.stdout], named.stderr);
        assert.equal(named.stdout.trim().split('\n').length, 97);
        const taken = await millrace('checkpoint', own.id);
        assert.match(taken.stdout, /^checkpoint \d+ in .*state.checkpoint-\d+$/m);
        const full = await json<{ path: string; type: string }>('checkpoint', own.id, '--full');
        assert.ok(full.path.startsWith(join(folder, 'state')));
        assert.equal(full.type, 'full');
        const cancelled = await millrace('cancel', own.id);
        assert.equal(cancelled.stdout.trim(), `watched (${own.id}) is being cancelled`);
        const { code, stderr } = await running.ended;
        assert.equal(code, 130, stderr);
        assert.match(stderr, /watched: cancelled/);
        const gone = await millrace('info', own.id);
        assert.equal(gone.code, 1);
        assert.match(gone.stderr, /error JOB_NOT_FOUND: .*millrace list/);
      },
    );
  });
});

test('stopped by its name, which tells its state and where its savepoint is', async () => {
  await inFolder(async (folder) => {
    const state = join(folder, 'state');
    const every = ['--checkpoint-dir', state, '--checkpoint-every', '50ms'];
    await whileRunning(every, async (running) => {
      const { id } = await listedOf(running);
      const savepoint = join(folder, 'saved');
      const stopped = await json('stop', id, '--savepoint', savepoint);
      assert.deepEqual(stopped, { state: 'stopped', savepoint });
      assert.equal((await running.ended).code, 0);
      const again = await millrace('stop', state);
      assert.equal(again.code, 1);
      assert.match(again.stderr, /error JOB_NOT_FOUND: no job runs on/);
    });
  });
});

test('over its server, where only the token cancels', async () => {
  process.env.MILLRACE_TOKEN = 'open sesame';
  try {
    await whileRunning(['--port', 0], async (running) => {
      await running.wrote('watched: http://127.0.0.1:');
      delete process.env.MILLRACE_TOKEN;
      const listed = await listedOf(running);
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(running.written())!;
      const [served] = await json<Listed[]>('list', url);
      assert.deepEqual([served!.id, served!.where], [listed.id, url]);
      const refused = await millrace('cancel', url);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /token/);
      await delay(50);
      assert.equal(running.process.exitCode, null);
      process.env.MILLRACE_TOKEN = 'open sesame';
      assert.equal((await millrace('cancel', url)).code, 0);
      assert.equal((await running.ended).code, 130);
    });
  } finally {
    delete process.env.MILLRACE_TOKEN;
  }
});

test('no server, a port that is none', async () => {
  const nobody = await millrace('list', 'http://127.0.0.1:1');
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /error JOB_NOT_FOUND: no server answers/);
  const wrong = await millrace('run', jobFile('watched'), '--port', 70_000);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /error CONFIG_INVALID: --port is a whole number from 0 to 65535/);
});

test('the address of a server is a URL, of IPv6 too', () => {
  for (const [host, name] of [
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['::1', '[::1]'],
  ] as const) {
    const { hostname, port } = new URL(formatAddress(host, 8081));
    assert.deepEqual([hostname, port], [name, '8081']);
  }
});

test('bytes for people, and columns', () => {
  assert.deepEqual([0, 1023, 1536, 12 * 2 ** 20].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.5 KiB',
    '12.0 MiB',
  ]);
  assert.equal(table(['a', 'long'], [['wide', 'x']]), 'a     long\nwide  x');
});
