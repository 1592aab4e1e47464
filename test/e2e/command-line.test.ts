/** The command line in processes of its own: help, parameters, exit codes, progress, Ctrl-C. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { JobClient } from 'millrace';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { PaceMeter, progressLine, showProgress } from '../../src/cli/progress.ts';
import { jobFile, millrace, startMillrace } from './command-line.ts';

/** In the package, where job files find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'cli-'));
after(() => rm(folder, { recursive: true }));

const TWO_JOBS = jobFile('two-jobs');
const SERVED = new URL('jobs/served/', import.meta.url).pathname;

test('help names the commands, and that of run teaches by examples', async () => {
  const [general, run, explain] = await Promise.all([
    millrace('--help'),
    millrace('run', '--help'),
    millrace('explain', '--help'),
  ]);
  assert.equal(general.code, 0);
  assert.match(general.stdout, /run \[options\] <module>\s+run the job/);
  for (const { code, stdout } of [run, explain]) {
    assert.equal(code, 0);
    assert.match(
      stdout,
      /-t, --threads <n>[\s\S]*-P, --parallelism <n>[\s\S]*-p, --param <name=value>[\s\S]*-j, --job <name>/,
    );
  }
  assert.match(run.stdout, /Examples:\n {2}millrace run flights\.ts/);
  assert.match(run.stdout, /Exit codes: 0 finished, 1 failed, 130 cancelled/);
});

test('explain shows a job as text, as plain data and as a drawing, and runs nothing', async () => {
  const shown = (...flags: string[]) =>
    millrace('explain', TWO_JOBS, '--job', 'short', '--threads', 1, ...flags);
  const [text, json, dot] = await Promise.all([shown(), shown('--json'), shown('--dot')]);
  for (const { code, stderr } of [text, json, dot]) assert.deepEqual([code, stderr], [0, '']);
  assert.match(text.stdout, /^job short, fingerprint [0-9a-f]{16}\n1 threads, parallelism 1\n/);
  assert.match(text.stdout, /\nSteps\n[\s\S]*\nTasks\n[\s\S]*\nExchanges\n/);
  const { job, threads, steps, tasks } = JSON.parse(json.stdout);
  assert.deepEqual([job, threads], ['short', 1]);
  assert.ok(steps.length > 1 && tasks[0].operators.length > 0);
  const alone = JSON.parse((await shown('--json', '--no-chaining')).stdout);
  assert.equal(alone.tasks.length, steps.length);
  assert.ok(tasks.length < steps.length);
  assert.match(dot.stdout, /^digraph "short" \{\n[\s\S]*\n\}\n$/);
});

test('explain takes as many threads and subtasks as run does', async () => {
  for (const [flag, value, least, most] of [
    ['--threads', 99_999, 0, 1024],
    ['--parallelism', 0, 1, 32_768],
    ['--parallelism', 40_000, 1, 32_768],
  ] as const) {
    const { code, stderr } = await millrace('explain', TWO_JOBS, '--job', 'short', flag, value);
    assert.equal(
      stderr,
      `error CONFIG_INVALID: ${flag} must be a whole number from ${least} to ${most}, got ${value}\n`,
    );
    assert.equal(code, EXIT.usage);
  }
});

test('explain has one form at a time, and its help teaches how to read it', async () => {
  const [both, help] = await Promise.all([
    millrace('explain', TWO_JOBS, '--json', '--dot'),
    millrace('explain', '--help'),
  ]);
  assert.equal(both.code, EXIT.usage);
  assert.match(both.stderr, /'--json' cannot be used with option '--dot'|'--dot' cannot be used/);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /explain flights\.ts --dot \| dot -Tsvg/);
  for (const part of ['Steps', 'Tasks', 'Exchanges', '{ title, source }']) {
    assert.ok(help.stdout.includes(part), part);
  }
});

test('a job gets its parameters, typed by their defaults', async () => {
  const run = await millrace(
    ...['run', TWO_JOBS, '--job', 'short', '--threads', 1, '--no-progress'],
    ...['--param', 'count=4', '-p', 'factor=0.5', '-p', 'label=n:'],
  );
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(run.stdout.split('\n'), [
    'n: {"n":0}',
    'n: {"n":0.5}',
    'n: {"n":1}',
    'n: {"n":1.5}',
    '',
  ]);
  assert.match(run.stderr, /^short: finished in [\d.]+ m?s, 4 records\n$/);
});

test('run --json: the result is the last line of standard output, behind what the job prints', async () => {
  const run = await millrace('run', TWO_JOBS, '--job', 'short', '-t', 1, '--json');
  assert.equal(run.code, 0, run.stderr);
  const lines = run.stdout.trimEnd().split('\n');
  assert.equal(lines.length, 4);
  const { name, state, records, durationMs, operators, lastCheckpoint } = JSON.parse(lines[3]!);
  assert.deepEqual([name, state, records, lastCheckpoint], ['short', 'finished', 3, null]);
  assert.ok(durationMs > 0);
  assert.equal(operators[0].recordsOut, 3);
});

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  [
    'an unknown parameter',
    ['run', TWO_JOBS, '-j', 'short', '-p', 'cuont=1'],
    /^error PARAM_INVALID: unknown parameter 'cuont'; the job has factor, count, label\n$/,
  ],
  [
    'a parameter of another type',
    ['run', TWO_JOBS, '-j', 'short', '-p', 'count=many'],
    /^error PARAM_INVALID: parameter 'count' must be a number, got "many"\n$/,
  ],
  ['a parameter without a value', ['run', TWO_JOBS, '-p', 'count'], /must look like name=value/],
  ['a number that is none', ['run', TWO_JOBS, '-t', 'two'], /must be a whole number/],
  [
    'several jobs and none chosen',
    ['run', TWO_JOBS],
    /^error JOB_NOT_FOUND: choose one of the jobs of '.*' by --job: short, endless\n$/,
  ],
  [
    'a job that is not there',
    ['run', TWO_JOBS, '--job', 'long'],
    /^error JOB_NOT_FOUND: choose one/,
  ],
  [
    'a parameter that is blank, for a number',
    ['run', TWO_JOBS, '-j', 'short', '-p', 'count= '],
    /^error PARAM_INVALID: parameter 'count' must be a number, got " "\n$/,
  ],
  [
    'more threads than there may be',
    ['run', TWO_JOBS, '-j', 'short', '-t', '5000'],
    /^error CONFIG_INVALID: --threads must be a whole number from 0 to 1024, got 5000\n$/,
  ],
  [
    'more threads than there may be, to measure',
    ['bench', TWO_JOBS, '-j', 'short', '-t', '1,5000'],
    /^error CONFIG_INVALID: --threads must be a whole number from 0 to 1024, got 5000\n$/,
  ],
  [
    'more threads than there may be, of each job',
    ['serve', SERVED, '-t', '5000'],
    /^error CONFIG_INVALID: --threads must be a whole number from 0 to 1024, got 5000\n$/,
  ],
  [
    'no subtask',
    ['run', TWO_JOBS, '-j', 'short', '-P', '0'],
    /^error CONFIG_INVALID: --parallelism must be a whole number from 1 to 32768, got 0\n$/,
  ],
  [
    'threads without a heap',
    ['run', TWO_JOBS, '-j', 'short', '--thread-heap', '0'],
    /^error CONFIG_INVALID: --thread-heap must be a whole number from 1 to \d+, got 0\n$/,
  ],
  [
    'a port that is none',
    ['run', TWO_JOBS, '-j', 'short', '--port', '99999'],
    /^error CONFIG_INVALID: --port is a whole number from 0 to 65535, got 99999\n$/,
  ],
  [
    'a time that is none',
    ['run', TWO_JOBS, '--checkpoint-dir', 'none', '--checkpoint-every', '5 parsecs'],
    /^error CONFIG_INVALID: --checkpoint-every must be milliseconds or .*, got '5 parsecs'\n$/,
  ],
  [
    'a time until which barriers wait that is none',
    ['run', TWO_JOBS, '--checkpoint-dir', 'none', '--unaligned-after', 'soon'],
    /^error CONFIG_INVALID: --unaligned-after must be milliseconds or .*, got 'soon'\n$/,
  ],
  ...(['run', 'serve'] as const).map(
    (command) =>
      [
        `a time between checkpoints that are not taken, by ${command}`,
        [command, command === 'run' ? TWO_JOBS : SERVED, '--checkpoint-every', '5s'],
        /^error CONFIG_INVALID: --checkpoint-every needs --checkpoint-dir\n$/,
      ] as const,
  ),
  ...(['run', 'serve'] as const).map(
    (command) =>
      [
        `a server for all and no token, by ${command}`,
        [command, command === 'run' ? TWO_JOBS : SERVED, '--host', '0.0.0.0', '--port', '0'],
        /^error CONFIG_INVALID: --host: '0\.0\.0\.0' can be reached by others, so it needs MILLRACE_TOKEN\n$/,
      ] as const,
  ),
  [
    'a module that fails',
    ['run', jobFile('fails-at-import')],
    /^error: Error: not today\n.*fails-at-import\.ts:1:7/,
  ],
  ['a folder', ['run', 'test'], /^error JOB_NOT_FOUND: there is no file 'test'\n$/],
  ['no module', ['run'], /missing required argument 'module'[\s\S]*millrace --help tells more/],
  ['no command', [], /Usage: millrace/],
  ['no such file', ['run', 'nowhere.ts'], /^error JOB_NOT_FOUND: there is no file 'nowhere.ts'\n$/],
  [
    'a module without a job',
    ['run', jobFile('no-job')],
    /^error JOB_NOT_FOUND: '.*' defines no job: call job\(import\.meta, name, define\) at its top level\n$/,
  ],
  ['an unknown command', ['rnu'], /unknown command 'rnu'[\s\S]*millrace --help tells more/],
];

describe('mistakes', { concurrency: true }, () => {
  for (const [what, args, message] of MISTAKES) {
    test(`${what}: the exit code says so, and a message helps`, async () => {
      const run = await millrace(...args);
      const isUsage = /tells more\)|^Usage: |^error CONFIG_INVALID: /.test(run.stderr);
      assert.equal(run.code, isUsage ? EXIT.usage : EXIT.failed, run.stderr);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    });
  }
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  for (const threads of [0, 2]) {
    test(`${signal} cancels a job on ${threads} threads: exit code 130, no results`, async () => {
      const out = join(folder, `${signal}-${threads}`);
      const run = startMillrace(
        'run',
        TWO_JOBS,
        '-j',
        'endless',
        '-t',
        threads,
        '-p',
        `out=${out}`,
      );
      await run.wrote('started');
      run.process.kill(signal);
      const { code, stderr } = await run.ended;
      assert.equal(code, 130, stderr);
      assert.match(stderr, /endless: cancelled\n$/);
      assert.deepEqual(await readdir(out), []);
    });
  }
}

test('a job file may lie anywhere, and be reached through a link', async () => {
  const place = join(folder, 'a b#c%20é (copy)');
  await mkdir(place);
  const file = join(place, 'sevens.ts');
  await writeFile(
    file,
    `import { collection, job } from 'millrace';
export default job(import.meta, 'sevens', (flow) => {
  const divisor = flow.param('divisor', 1);
  flow.from(collection([7])).map((n) => {
    if (divisor === 0) throw new RangeError('by nothing');
    return n / divisor;
  }).print();
});`,
  );
  const link = join(folder, 'link.ts');
  await symlink(file, link);
  for (const path of [file, link]) {
    for (const threads of [0, 1]) {
      const run = await millrace('run', path, '-t', threads);
      assert.equal(run.stdout, '7\n', run.stderr);
    }
  }
  const failed = await millrace('run', link, '-t', 1, '-p', 'divisor=0', '--no-progress');
  assert.equal(failed.code, 1);
  assert.equal(
    failed.stderr,
    `error USER_FUNCTION: operator 'map' (subtask 0, record 0): by nothing\n    at ${file}:5:30\n`,
  );
});

test('a module that runs its job itself is run once, and told where the rows are that it would have collected', async () => {
  const run = await millrace('run', jobFile('own-run'), '-t', 1, '--no-progress');
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.stdout, '');
  const [said, finished] = run.stderr.split('\n');
  assert.match(
    said!,
    /^the job returns 'squares' to a program .* millrace run is none: .*\.print\(\)/,
  );
  assert.match(finished!, /^squares: finished in [\d.]+ m?s, 1,000 records$/);
});

const STATUS = {
  name: 'flights',
  state: 'running',
  elapsedMs: 1000,
  records: 1_500_000,
  watermark: null,
  newestEventTime: null,
  inputShare: null,
  operators: [],
} as const;

test('the progress line tells what is known, and no more', () => {
  const pace = { recordsPerSecond: 2e6, leftMs: null };
  assert.equal(progressLine(STATUS, pace), 'flights  1,500,000 records  2,000,000/s');
  const known = { ...STATUS, watermark: 0, newestEventTime: 300_000, inputShare: 0.25 };
  assert.equal(
    progressLine(known, { ...pace, leftMs: 3000 }),
    'flights  1,500,000 records  2,000,000/s  watermark 1970-01-01 00:00:00  lag 5 min 00 s  25 %  3.0 s left',
  );
});

test('records per second are those of the last two seconds', () => {
  const meter = new PaceMeter();
  const rate = (elapsedMs: number, records: number): number =>
    meter.update({ elapsedMs, records, inputShare: null }).recordsPerSecond;
  assert.equal(rate(1000, 500), 500);
  for (let second = 2; second <= 10; second++) rate(second * 1000, 500);
  assert.equal(rate(11_000, 2500), 1000);
});

test('how long it takes is told by what this attempt has read', () => {
  const meter = new PaceMeter();
  const left = (elapsedMs: number, records: number, inputShare: number): number | null =>
    meter.update({ elapsedMs, records, inputShare }).leftMs;
  // It goes on from a checkpoint in the middle.
  assert.equal(left(200, 0, 0), null);
  assert.equal(left(400, 10, 0.5), null);
  assert.equal(left(600, 110, 0.75), 200);
  for (let second = 1; second <= 20; second++) left(600 + second * 1000, 110, 0.75);
  assert.equal(left(30_000, 110, 0.75), null);
});

test('an attempt behind a failure counts anew', () => {
  const meter = new PaceMeter();
  meter.update({ elapsedMs: 9000, records: 90_000, inputShare: 0.8 });
  meter.update({ elapsedMs: 10_000, records: 100_000, inputShare: 0.9 });
  const begun = meter.update({ elapsedMs: 11_000, records: 100, inputShare: 0.5 });
  assert.ok(begun.recordsPerSecond >= 0 && begun.recordsPerSecond <= 100);
  assert.equal(begun.leftMs, null);
  const goesOn = meter.update({ elapsedMs: 12_000, records: 1100, inputShare: 0.75 });
  assert.deepEqual(goesOn, { recordsPerSecond: 1000, leftMs: 1000 });
});

test('progress is one line drawn anew on a terminal, and a line now and then elsewhere', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const client = { status: () => STATUS } as unknown as JobClient;
  const written = (terminal: object, ms: number): string => {
    const texts: string[] = [];
    const stream = { ...terminal, write: (text: string) => texts.push(text) };
    const progress = showProgress(client, stream as unknown as NodeJS.WriteStream);
    t.mock.timers.tick(ms);
    progress.stop();
    t.mock.timers.tick(60_000);
    return texts.join('');
  };
  const line = 'flights  1,500,000 records  1,500,000/s';
  assert.equal(written({ isTTY: true, columns: 80 }, 200), `${line}\x1b[K\r\x1b[K`);
  assert.equal(written({ isTTY: true, columns: 8 }, 200), 'flights\x1b[K\r\x1b[K');
  assert.equal(written({}, 4000), '');
  assert.equal(written({}, 5000), `${line}\n`);
});
