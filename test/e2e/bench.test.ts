/** `millrace bench` in processes of its own: what it measures, and what becomes of jobs that fail, never end or are cancelled. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchReport } from '../../src/cli/bench/bench.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { jobFile, millrace, startMillrace } from './command-line.ts';

/** In the package, where job files find it by its name. */
const OUT = new URL('../../out/', import.meta.url).pathname;
await mkdir(OUT, { recursive: true });
const folder = await mkdtemp(join(OUT, 'bench-'));
after(() => rm(folder, { recursive: true }));

async function written(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

/** Says on each stream how often it has been run. */
const job = await written(
  'totals.ts',
  `import { blackhole, generate, job } from 'millrace';
export default job(import.meta, 'totals', (flow) => {
  const rows = flow.from(generate({ count: flow.param('count', 20_000), row: (n) => ({ n, key: n % 10 }) }));
  rows.keyBy('key').sum('n').name('totals').to(blackhole());
  rows.filter((row) => row.n === 0).print('printed ');
});`,
);
const failing = await written(
  'failing.ts',
  `import { blackhole, generate, job } from 'millrace';
export default job(import.meta, 'failing', (flow) => {
  flow.from(generate({ count: 10, row: (n) => n })).map((n) => {
    if (n === 5) throw new RangeError('five is too many');
    return n;
  }).to(blackhole());
});`,
);
const leaving = await written(
  'leaving.ts',
  `import { isMainThread } from 'node:worker_threads';
import { blackhole, collection, job } from 'millrace';
if (isMainThread && process.send) process.exit(7);
export default job(import.meta, 'leaving', (flow) => flow.from(collection([1])).to(blackhole()));`,
);

test('two modules: the table on standard output, what each run took on standard error', async () => {
  const { code, stdout, stderr } = await millrace('bench', job, job, '--rounds', 2, '-t', 1);
  assert.equal(code, EXIT.done, stderr);
  const [head, , titles, first, second] = stdout.split('\n');
  assert.match(head!, /^2 rounds after 1 warm-up, node v\d+\..*, \d+ cores? of ./);
  assert.match(titles!, /^ +records +time +records\/s +least +most +ratio +of rounds$/);
  assert.match(first!, /totals\.ts +20,000 .* 1\.00 +1\.00 to 1\.00$/);
  assert.match(second!, /totals\.ts +20,000 .* \d+\.\d\d +\d+\.\d\d to \d+\.\d\d$/);
  assert.match(stdout, /\n +a CPU second +memory +GC +start-up +busiest +busy +held up\n/);
  assert.doesNotMatch(stdout, /printed/);
  const lines = stderr.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => line.split('  ')[0]),
    ['warm-up', 'warm-up', ...Array(2).fill('round 1 of 2'), ...Array(2).fill('round 2 of 2')],
  );
  assert.match(lines[0]!, /20,000 records in .*, [\d,]+\/s$/);
});

test('--json has every run; the order alternates; several sizes are variants', async () => {
  const { code, stdout, stderr } = await millrace(
    'bench',
    job,
    ...['--threads', '0,1', '--parallelism', 2, '--rounds', 2, '--warm-up', 0],
    ...['--param', 'count=5000', '--json'],
  );
  assert.equal(code, EXIT.done, stderr);
  const { variants, ...frame } = JSON.parse(stdout) as BenchReport;
  assert.deepEqual([frame.rounds, frame.warmUp, frame.durationMs], [2, 0, null]);
  assert.ok(frame.cores > 0 && frame.node === process.version && frame.cpu.length > 0);
  assert.deepEqual(
    variants.map(({ name, module, threads, parallelism }) => [name, module, threads, parallelism]),
    [
      ['threads 0', job, 0, 2],
      ['threads 1', job, 1, 2],
    ],
  );
  for (const { runs, records, recordsPerSecond, ratio, threads, ...figures } of variants) {
    assert.equal(records, 5000);
    assert.deepEqual(
      runs.map((run) => [run.job, run.threads, run.parallelism, run.records]),
      Array(2).fill(['totals', threads, 2, 5000]),
    );
    assert.ok(recordsPerSecond.min > 0 && recordsPerSecond.min <= recordsPerSecond.median);
    assert.ok(recordsPerSecond.median <= recordsPerSecond.max && ratio!.median > 0);
    assert.ok(figures.recordsPerCpuSecond.median > 0 && figures.peakMemoryBytes > 2 ** 24);
    assert.ok(figures.gcShare >= 0 && figures.gcShare <= 1);
    for (const { wallMs, cpuMs, startUpMs } of runs) {
      assert.ok(wallMs > 0 && cpuMs > 0 && startUpMs !== null && startUpMs > wallMs / 1e6);
    }
    const { name, busy, backPressured } = figures.busiest!;
    assert.ok(name.length > 0 && busy > 0 && busy + backPressured <= 1 + 1e-9);
  }
  const order = stderr.match(/threads \d/g);
  assert.deepEqual(order, ['threads 1', 'threads 0', 'threads 0', 'threads 1']);
});

test('input without an end: refused at once, or measured for so long and cancelled', async () => {
  const out = join(folder, 'endless');
  const args = ['bench', jobFile('two-jobs'), '--job', 'endless', '-p', `out=${out}`, '-t', 1];
  const refused = await millrace(...args);
  assert.equal(refused.code, EXIT.usage);
  assert.match(refused.stderr, /source 'generate' has no end: .* --duration 10s\n$/);
  assert.equal(existsSync(out), false);
  const { code, stdout, stderr } = await millrace(
    ...args,
    ...['--duration', '300ms', '--rounds', 2, '--warm-up', 0, '--no-progress', '--json'],
  );
  assert.deepEqual([code, stderr], [EXIT.done, '']);
  const { variants, durationMs } = JSON.parse(stdout) as BenchReport;
  assert.equal(durationMs, 300);
  for (const { wallMs, records } of variants[0]!.runs) assert.ok(wallMs >= 299 && records > 0);
  assert.deepEqual(await readdir(out), [], 'a run that was cancelled leaves nothing');
});

const MISTAKES: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['a file that is not there', [job, 'nowhere.ts'], EXIT.failed, /^error JOB_NOT_FOUND: there is/],
  ['no module', [], EXIT.usage, /missing required argument 'module'/],
  ['no rounds', [job, '--rounds', '0'], EXIT.usage, /must be 1 or more/],
  ['a list that is none', [job, '-P', '1,two'], EXIT.usage, /must be a whole number/],
  ['no unit', [job, '--duration', '10'], EXIT.usage, /must be a time such as 10s/],
  ['no time', [job, '--duration', '0s'], EXIT.usage, /must be a time such as 10s/],
  [
    'a parallelism of none',
    [job, '-P', '0'],
    EXIT.usage,
    /^error CONFIG_INVALID: --parallelism must be a whole number from 1 to 32768, got 0\n$/,
  ],
  [
    'a parameter that the job does not have',
    [job, '-p', 'cuont=1'],
    EXIT.failed,
    /failed\nerror PARAM_INVALID: unknown parameter 'cuont'/,
  ],
  [
    'a job that fails, as told by itself',
    [failing, '-t', '1'],
    EXIT.failed,
    /failing\.ts {2}failed\nerror USER_FUNCTION: operator 'map' \(subtask 0, record 5\): five is too many\n/,
  ],
  [
    'a process that ends without a word',
    [leaving],
    EXIT.failed,
    /leaving\.ts {2}failed\nerror: its process ended by exit code 7, before the job had\n$/,
  ],
];

describe('mistakes', { concurrency: true }, () => {
  for (const [what, args, code, message] of MISTAKES) {
    test(`${what}: the exit code says so, and a message helps`, async () => {
      const run = await millrace('bench', ...args);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    });
  }
});

test('--json tells the code of what went wrong in the process of a run, and no more than that', async () => {
  for (const [args, code, message] of [
    [
      [failing, '-t', '1'],
      'USER_FUNCTION',
      /^operator 'map' \(subtask 0, record 5\): five is too many/,
    ],
    [
      [jobFile('two-jobs'), '--job', 'endless'],
      'JOB_DEFINITION',
      /^source 'generate' has no end: /,
    ],
    [[leaving], null, /^its process ended by exit code 7, before the job had$/],
  ] as const) {
    const { stdout, stderr } = await millrace('bench', ...args, '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string | null; message: string } };
    assert.equal(error.code, code, stderr);
    assert.match(error.message, message);
  }
});

test('the config file holds, and its checkpoints are taken elsewhere', async () => {
  const state = join(folder, 'state');
  const checkpoints = { dir: state, every: '10 ms' };
  const good = { checkpoints, threads: 1, parallelism: 3, params: { count: 100_000 } };
  const config = await written('good.json', JSON.stringify({ ...good, progress: false }));
  const { code, stdout, stderr } = await millrace(
    ...['bench', job, '--config', config, '--rounds', 1, '--warm-up', 0, '--json'],
  );
  assert.deepEqual([code, stderr], [EXIT.done, '']);
  const [run] = (JSON.parse(stdout) as BenchReport).variants[0]!.runs;
  assert.deepEqual([run!.threads, run!.parallelism, run!.records], [1, 3, 100_000]);
  assert.equal(existsSync(state), false);
  const bad = await written('bad.json', JSON.stringify({ thread: 1 }));
  const refused = await millrace('bench', job, '--config', bad);
  assert.equal(refused.code, EXIT.usage);
  assert.match(refused.stderr, /^error CONFIG_INVALID: /);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} cancels the job that runs, and with it the benchmark`, async () => {
    const out = join(folder, signal);
    const { process, ended } = startMillrace(
      ...['bench', jobFile('two-jobs'), '--job', 'endless', '-p', `out=${out}`],
      ...['-t', 1, '--duration', '1 h'],
    );
    while (!existsSync(out) || (await readdir(out)).length === 0) {
      assert.equal(process.exitCode, null, 'it has ended before its job has written anything');
      await delay(10);
    }
    process.kill(signal);
    const { code, stdout, stderr } = await ended;
    assert.deepEqual([code, stdout, stderr], [EXIT.cancelled, '', 'bench: cancelled\n']);
    assert.deepEqual(await readdir(out), []);
  });
}
