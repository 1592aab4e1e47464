/** `--json` of every command: standard output is plain data, whether it went well or not, and the exit code is the same. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { inFolder } from '../connector/read-all.ts';
import { checkpointsOf } from './checkpoint-files.ts';
import { jobFile, millrace, startMillrace } from './command-line.ts';

const SERVED = new URL('jobs/served/', import.meta.url).pathname;
/** Where a folder is expected. */
const FILE = jobFile('two-jobs');

/** What each line of standard output is. */
function lines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const FAILING: readonly (readonly [args: readonly string[], code: string, exit: number])[] = [
  [['run', 'none.ts'], 'JOB_NOT_FOUND', EXIT.failed],
  [['run', 'none.ts', '--watch'], 'CONFIG_INVALID', EXIT.usage],
  [
    ['run', jobFile('two-jobs'), '-j', 'short', '-p', 'nope=1', '-w', '--checkpoint-dir', 'none/'],
    'PARAM_INVALID',
    EXIT.failed,
  ],
  [['run', jobFile('two-jobs'), '--config', 'none.json'], 'CONFIG_INVALID', EXIT.usage],
  [['explain', 'none.ts'], 'JOB_NOT_FOUND', EXIT.failed],
  [['diff', 'none.ts', 'none.ts'], 'JOB_NOT_FOUND', EXIT.failed],
  [['bench', 'none.ts'], 'JOB_NOT_FOUND', EXIT.failed],
  [['config', '--config', 'none.json'], 'CONFIG_INVALID', EXIT.usage],
  [['serve', 'none/'], 'JOB_NOT_FOUND', EXIT.failed],
  [['init', SERVED], 'OUTPUT_EXISTS', EXIT.failed],
  [['list', 'http://127.0.0.1:1'], 'JOB_NOT_FOUND', EXIT.failed],
  [['top', 'http://127.0.0.1:1'], 'JOB_NOT_FOUND', EXIT.failed],
  [['info', 'no such job'], 'JOB_NOT_FOUND', EXIT.failed],
  [['checkpoints', 'no such job'], 'JOB_NOT_FOUND', EXIT.failed],
  [['cancel', 'no such job'], 'JOB_NOT_FOUND', EXIT.failed],
  [['checkpoint', 'no such job'], 'JOB_NOT_FOUND', EXIT.failed],
  [['savepoint', 'no such job', 'out'], 'JOB_NOT_FOUND', EXIT.failed],
  [['stop', 'no such job'], 'JOB_NOT_FOUND', EXIT.failed],
  [['snapshot', 'inspect', 'none/'], 'CHECKPOINT_NOT_FOUND', EXIT.failed],
  [['snapshot', 'inspect', FILE], 'CHECKPOINT_NOT_FOUND', EXIT.failed],
  [
    ['snapshot', 'export', FILE, '--uid', 'a', '--state', 'b', '--out', 'c.jsonl'],
    'CHECKPOINT_NOT_FOUND',
    EXIT.failed,
  ],
  [['init', FILE], 'OUTPUT_FAILED', EXIT.failed],
  [['init', join(FILE, 'below'), '--yes'], 'OUTPUT_FAILED', EXIT.failed],
  [['serve', SERVED, '--archive', FILE], 'OUTPUT_FAILED', EXIT.failed],
  [['serve', FILE], 'JOB_NOT_FOUND', EXIT.failed],
  [['top', '--every', '10parsecs', '--once'], 'CONFIG_INVALID', EXIT.usage],
  [
    ['snapshot', 'export', 'none/', '--uid', 'a', '--state', 'b', '--out', 'c.jsonl'],
    'CHECKPOINT_NOT_FOUND',
    EXIT.failed,
  ],
  [['snapshot', 'export', 'none/', '--uid', 'a', '--state', 'b'], 'CONFIG_INVALID', EXIT.usage],
  [['snapshot', 'create', 'none.ts', '--to', 'out'], 'JOB_NOT_FOUND', EXIT.failed],
  [
    ['snapshot', 'import', 'none/', '--uid', 'a', '--state', 'b', '--from', 'c.csv', '--to', 'd'],
    'CONFIG_INVALID',
    EXIT.usage,
  ],
];

for (const [args, code, exit] of FAILING) {
  test(`an error of ${args.slice(0, 2).join(' ')} is data, and text for people`, async () => {
    const ended = await millrace(...args, '--json');
    const [{ error }] = lines(ended.stdout) as [{ error: { code: string; message: string } }];
    assert.deepEqual([error.code, ended.code], [code, exit], ended.stderr);
    assert.match(ended.stderr, new RegExp(`^error ${code}: `));
    assert.ok(ended.stderr.includes(error.message.split('\n')[0]!));
    assert.equal((await millrace(...args)).stdout, '', 'without --json');
  });
}

test('init: the files, and what comes next', async () => {
  await inFolder(async (folder) => {
    const project = join(folder, 'visits');
    const { code, stdout, stderr } = await millrace('init', project, '--yes', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    const made = JSON.parse(stdout) as { folder: string; files: string[]; next: string };
    assert.equal(made.folder, project);
    assert.ok(made.files.includes('src/visits.ts'));
    for (const path of made.files) assert.ok(existsSync(join(project, path)), path);
    assert.match(made.next, /npm install && npm start && npm test$/);
  });
});

test('serve: what becomes of modules and jobs, a line each', async () => {
  await inFolder(async (archive) => {
    const server = startMillrace('serve', SERVED, '--port', 0, '--archive', archive, '--json');
    await server.wrote('"event":"listening"');
    await server.wrote('"job":"failing","id"');
    await server.wrote('"event":"ended","job":"short"');
    await server.wrote('"event":"ended","job":"failing"');
    await server.wrote('"event":"started","job":"endless"');
    server.process.kill('SIGINT');
    const { code, stdout, stderr } = await server.ended;
    assert.equal(code, EXIT.done, stderr);
    const events = lines(stdout).filter(({ event }) => event !== undefined);
    const of = (event: string, job?: string) =>
      events.find((one) => one.event === event && (job === undefined || one.job === job)) as {
        id: string;
        state: string;
        durationMs: number;
        url: string;
        module: string;
        error: { code: string | null; message: string } | null;
      };
    assert.match(of('listening').url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assert.equal(of('notLoaded').module, 'broken.ts');
    assert.match(of('notLoaded').error!.message, /broken from its first line on/);
    const short = of('ended', 'short');
    assert.deepEqual(
      [short.id, short.state, short.error],
      [of('started', 'short').id, 'finished', null],
    );
    assert.ok(short.durationMs > 0);
    const failing = of('ended', 'failing');
    assert.equal(failing.state, 'failed');
    assert.match(failing.error!.message, /five/);
    assert.doesNotMatch(stderr, /listening|runs, job/);
  });
});

test('a job that is cancelled, and one that fails, have a last line too', async () => {
  const running = startMillrace('run', jobFile('watched'), '--threads', 1, '--port', 0, '--json');
  await running.wrote('http://');
  running.process.kill('SIGINT');
  const cancelled = await running.ended;
  assert.equal(cancelled.code, EXIT.cancelled);
  const [result] = lines(cancelled.stdout);
  assert.deepEqual([result!.name, result!.state], ['watched', 'cancelled']);
  assert.ok((result!.durationMs as number) > 0);

  const failing = await millrace('run', join(SERVED, 'short.ts'), '--job', 'failing', '--json');
  assert.equal(failing.code, EXIT.failed);
  const { error } = lines(failing.stdout).at(-1) as { error: { code: string; message: string } };
  assert.equal(error.code, 'USER_FUNCTION');
  assert.match(error.message, /five/);
});

test('snapshot export: what was written', async () => {
  await inFolder(async (folder) => {
    const state = join(folder, 'state');
    const running = startMillrace(
      'run',
      jobFile('watched'),
      ...['--threads', 1, '--checkpoint-dir', state, '--checkpoint-every', '50ms'],
    );
    // Each is there only until the next one is.
    while ((checkpointsOf(state).at(-1) ?? 0) < 3) await delay(20);
    running.process.kill('SIGKILL');
    await running.ended;
    const out = join(folder, 'total.jsonl');
    const { code, stdout, stderr } = await millrace(
      ...['snapshot', 'export', state, '--uid', 'totals', '--state', 'total'],
      ...['--out', out, '--json'],
    );
    assert.deepEqual([code, stderr], [0, '']);
    const written = readFileSync(out, 'utf8').trimEnd().split('\n').length;
    assert.deepEqual(JSON.parse(stdout), {
      rows: written,
      uid: 'totals',
      state: 'total',
      path: out,
    });
  });
});
