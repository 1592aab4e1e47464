/** Standard streams that nobody reads or that are full, and the end of commands whose module leaves something open. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { jobFile, MAIN, millrace } from './command-line.ts';

/** In the package, where job files find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'streams-'));
after(() => rm(folder, { recursive: true }));

const TWO_JOBS = jobFile('two-jobs');

async function written(name: string, module: string): Promise<string> {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, module);
  return file;
}

const OPEN = await written(
  'open/job.ts',
  `import { blackhole, generate, job } from 'millrace';
setInterval(() => {}, 1000);
export default job(import.meta, 'open', (flow) => {
  const count = flow.param('count', 0);
  flow.from(generate({ ...(count > 0 ? { count } : {}), row: (n) => ({ n }) }), { rate: 1000 }).to(blackhole());
});`,
);
const NEVER = await written('never/never.ts', 'await new Promise(() => {});');

/** The alarm for what hangs: a machine that is busy takes long to start processes. */
const LATE = { timeout: 600_000, killSignal: 'SIGKILL' } as const;

/** A command with pipes that the test reads, or not. */
function start(...args: readonly (string | number)[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...LATE,
  });
}

/** What it has written when it has written this. */
async function wrote(stream: Readable, what: string): Promise<string> {
  let all = '';
  for await (const more of stream.iterator({ destroyOnReturn: false })) {
    all += more;
    if (all.includes(what)) return all;
  }
  throw new Error(`ended without '${what}': ${all}`);
}

/** What it has ended with. */
async function endOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode ?? child.signalCode;
}

test('a server whose events nobody reads any more serves on, and is ended by Ctrl-C', async () => {
  const archive = join(folder, 'archive');
  const child = start('serve', join(OPEN, '..'), '--port', 0, '--json', '--archive', archive);
  try {
    const told = await wrote(child.stdout!, '"started"');
    const url = /http:[^"]+/.exec(told)![0];
    child.stdout!.destroy();
    const { jobs } = (await (await fetch(`${url}jobs`)).json()) as { jobs: { id: string }[] };
    assert.equal(jobs.length, 1);
    child.kill('SIGINT');
    assert.equal(await endOf(child), EXIT.done);
  } finally {
    child.kill('SIGKILL');
  }
});

describe('a job whose progress nobody reads runs on', { concurrency: 2 }, () => {
  const watched = ['--watch', '--checkpoint-dir', join(folder, 'unread')];
  for (const [how, flags] of [
    ['alone', []],
    ['watched', watched],
  ] as const) {
    test(how, async () => {
      // Long enough for a line of progress.
      const child = start('run', OPEN, '-t', 1, '-p', 'count=7000', '--json', ...flags);
      try {
        child.stderr!.destroy();
        const { state, records } = JSON.parse(await text(child.stdout!));
        assert.deepEqual([state, records], ['finished', 7000]);
        assert.equal(await endOf(child), EXIT.done);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
});

const ANSWERS: readonly (readonly string[])[] = [
  ['--help'],
  ['list', '--json'],
  ['config'],
  ['completion', 'bash'],
  ['explain', TWO_JOBS, '--job', 'short'],
  ['run', OPEN, '-p', 'count=10', '--json', '--no-progress'],
  ['diff', TWO_JOBS, TWO_JOBS, '--job', 'short'],
];

describe('a standard output that is full', {
  skip: !existsSync('/dev/full'),
  concurrency: 2,
}, () => {
  for (const args of ANSWERS) {
    test(`${args[0]} tells so, and fails`, async () => {
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [MAIN, ...args], {
        stdio: ['ignore', full, 'pipe'],
        ...LATE,
      });
      closeSync(full);
      const said = await text(child.stderr!);
      assert.match(
        said.replace(/^open: finished .*\n/, ''),
        /^error OUTPUT_FAILED: cannot write to standard output: ENOSPC.*\n$/,
      );
      assert.equal(await endOf(child), EXIT.failed);
    });
  }
});

test('a reader that has what it wants is no failure', async () => {
  const child = start('explain', TWO_JOBS, '--job', 'short');
  child.stdout!.destroy();
  assert.equal(await text(child.stderr!), '');
  assert.equal(await endOf(child), EXIT.done);
});

test('an answer that is larger than a pipe is written whole to a reader that comes late', async () => {
  const steps = `flow.from(collection([1]))${'.map((n) => n + 1)'.repeat(2500)}.print()`;
  const large = await written(
    'large.ts',
    `import { collection, job } from 'millrace';
setInterval(() => {}, 1000);
export default job(import.meta, 'large', (flow) => ${steps});`,
  );
  const child = start('explain', large, '--json', '-t', 1);
  await delay(3000);
  const answer = await text(child.stdout!);
  assert.ok(answer.length > 200_000, `${answer.length} characters`);
  assert.equal(JSON.parse(answer).job, 'large');
  assert.equal(await endOf(child), EXIT.done);
});

describe('a module that leaves a timer', { concurrency: 2 }, () => {
  const state = join(folder, 'timer');
  for (const [how, args] of [
    ['run', ['run', OPEN, '-p', 'count=10']],
    ['run in one thread', ['run', OPEN, '-p', 'count=10', '-t', '0']],
    ['run --watch', ['run', OPEN, '-p', 'count=10', '--watch', '--checkpoint-dir', state]],
    ['explain', ['explain', OPEN]],
    ['diff', ['diff', OPEN, OPEN]],
  ] as const) {
    test(`does not keep ${how} from its end`, async () => {
      const child = start(...args);
      assert.equal(await endOf(child), EXIT.done);
    });
  }

  for (const [how, flags] of [
    ['run', []],
    ['run --watch', ['--watch', '--checkpoint-dir', join(folder, 'cancelled')]],
  ] as const) {
    test(`does not keep Ctrl-C from ending ${how}`, async () => {
      const child = start('run', OPEN, ...flags, '-t', 1, '--port', 0);
      await wrote(child.stderr!, 'open: http://');
      child.kill('SIGINT');
      assert.match(await text(child.stderr!), /^open: cancelled\n$/m);
      assert.equal(await endOf(child), EXIT.cancelled);
    });
  }
});

describe('a module that waits for something that never comes', { concurrency: 2 }, () => {
  for (const args of [
    ['run', NEVER, '--threads', '0'],
    ['explain', NEVER],
    ['diff', NEVER, NEVER],
  ]) {
    test(`is told by ${args[0]}`, async () => {
      const { code, stdout, stderr } = await millrace(...args, '--json');
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^error JOB_DEFINITION: '.*never\.ts' waits at its top level/);
      assert.equal(JSON.parse(stdout).error.code, 'JOB_DEFINITION');
    });
  }

  test('is told of a config file', async () => {
    const config = await written('millrace.config.mjs', 'await new Promise(() => {});');
    const { code, stderr } = await millrace('config', '--config', config);
    assert.equal(code, EXIT.usage);
    assert.match(
      stderr,
      /^error CONFIG_INVALID: .*config\.mjs cannot be read: it waits at its top/,
    );
  });

  test('does not hold up Ctrl-C of a server', async () => {
    const saying = await written(
      'saying/never.ts',
      "console.error('it waits'); await new Promise(() => {});",
    );
    const archive = join(folder, 'archive-never');
    const child = start('serve', join(saying, '..'), '--port', 0, '--archive', archive);
    await wrote(child.stderr!, 'it waits');
    child.kill('SIGINT');
    assert.equal(await endOf(child), EXIT.done);
  });
});
