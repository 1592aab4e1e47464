/** The command line in processes of its own: help, parameters, exit codes, progress, Ctrl-C. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { progressLine, RateMeter } from '../../src/cli/progress.ts';
import { jobFile, millrace, startMillrace } from './command-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'));
after(() => rm(folder, { recursive: true }));

const TWO_JOBS = jobFile('two-jobs');

test('help names the commands, and that of run teaches by examples', async () => {
  const [general, run] = await Promise.all([millrace('--help'), millrace('run', '--help')]);
  assert.equal(general.code, 0);
  assert.match(general.stdout, /run \[options\] <module>\s+run the job/);
  assert.equal(run.code, 0);
  assert.match(run.stdout, /--threads <n>[\s\S]*--param <name=value>/);
  assert.match(run.stdout, /Examples:\n {2}millrace run flights\.ts/);
  assert.match(run.stdout, /Exit codes: 0 finished, 1 failed, 130 cancelled/);
});

test('a job gets its parameters, typed by their defaults', async () => {
  const run = await millrace(
    'run',
    TWO_JOBS,
    '--job',
    'short',
    '--threads',
    1,
    '--param',
    'count=4',
    '-p',
    'factor=0.5',
    '-p',
    'label=n:',
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
  ['no such file', ['run', 'nowhere.ts'], /^error JOB_NOT_FOUND: there is no file 'nowhere.ts'\n$/],
  [
    'a module without a job',
    ['run', jobFile('no-job')],
    /^error JOB_NOT_FOUND: '.*' defines no job: call job\(import\.meta, name, define\) at its top level\n$/,
  ],
  ['an unknown command', ['rnu'], /unknown command 'rnu'[\s\S]*millrace --help tells more/],
];

for (const [what, args, message] of MISTAKES) {
  test(`${what}: exit code 1, and a message that helps`, async () => {
    const run = await millrace(...args);
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, message);
    assert.equal(run.stdout, '');
  });
}

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
      assert.deepEqual(
        (await readdir(out)).filter((name) => name.endsWith('.csv')),
        [],
      );
    });
  }
}

test('the progress line tells what is known, and no more', () => {
  const status = {
    name: 'flights',
    state: 'running',
    elapsedMs: 1000,
    records: 1_500_000,
    watermark: null,
    newestEventTime: null,
    inputShare: null,
    operators: [],
  } as const;
  assert.equal(progressLine(status, 2e6), 'flights  1,500,000 records  2,000,000/s');
  const known = { ...status, watermark: 0, newestEventTime: 300_000, inputShare: 0.25 };
  assert.equal(
    progressLine(known, 2e6),
    'flights  1,500,000 records  2,000,000/s  watermark 1970-01-01 00:00:00  lag 5 min 00 s  25 %  3.0 s left',
  );
});

test('records per second are those of the last two seconds', () => {
  const meter = new RateMeter();
  assert.equal(meter.update({ elapsedMs: 1000, records: 500 }), 500);
  for (let second = 2; second <= 10; second++) {
    meter.update({ elapsedMs: second * 1000, records: 500 });
  }
  assert.equal(meter.update({ elapsedMs: 11_000, records: 2500 }), 1000);
});
