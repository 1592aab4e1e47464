/** The log of a job on the command line: lines of JSON on standard error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMillrace } from './command-line.ts';

const PRINTING = new URL('jobs/printing.ts', import.meta.url).pathname;

test('--log-level writes lines of JSON to standard error, and no others than asked for', async () => {
  const run = (level: string) =>
    startMillrace('run', PRINTING, '-t', 1, '-p', 'count=1', '--no-progress', '--log-level', level)
      .ended;
  const [info, error, wrong] = await Promise.all([run('info'), run('error'), run('loud')]);
  const lines = info.stderr.split('\n').filter((line) => line.startsWith('{'));
  const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
  assert.deepEqual(messages, [
    'attempt 1 runs from its start: 1 threads, parallelism 1',
    'the job is finished',
  ]);
  assert.deepEqual([info.code, error.code, wrong.code], [0, 0, 2]);
  assert.doesNotMatch(error.stderr, /^\{/m);
  assert.match(
    wrong.stderr,
    /--log-level <level>' argument 'loud' is invalid. Allowed choices are debug, info/,
  );
});
