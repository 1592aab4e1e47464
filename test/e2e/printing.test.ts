/** Rows that jobs print: whole lines on standard output and standard error, on a terminal, and for readers that stop or go away. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jobFile, MAIN, millrace, startMillrace } from './command-line.ts';

for (const to of ['stdout', 'stderr'] as const) {
  test(`lines of several threads do not mix on ${to}`, async () => {
    const flags = ['-t', 2, '-p', 'count=20000', '-p', `to=${to}`];
    const run = await millrace('run', jobFile('printing'), ...flags);
    // Progress and the end are told on standard error.
    const lines = run[to].trimEnd().split('\n');
    const rows = lines
      .filter((line) => !line.startsWith('printing'))
      .map((line) => JSON.parse(line) as { n: number; text: string });
    assert.equal(new Set(rows.map(({ n }) => n)).size, 20_000);
    assert.ok(rows.every(({ n, text }) => text.length === n % 300));
    assert.equal(run.stdout.includes('"n"'), to === 'stdout');
    assert.match(run.stderr, /^printing: finished in /m);
  });

  const script = existsSync('/usr/bin/script') && process.platform === 'linux';
  test(`a row on the ${to} of a terminal leaves nothing of the progress behind it`, {
    skip: !script && 'needs script(1)',
  }, () => {
    const job = `${process.execPath} ${MAIN} run ${jobFile('printing')} -t 0 -p count=9 -p to=${to}`;
    const shown = execFileSync('/usr/bin/script', ['-qec', job, '/dev/null'], { encoding: 'utf8' });
    const rows = shown.split('\r\n').filter((line) => line.includes('"n":'));
    assert.equal(rows.length, 9);
    for (const row of rows) {
      assert.ok(row.includes('\x1b[K'), row);
      assert.match(row.split('\x1b[K').at(-1)!, /^\{"n":\d+,"text":"x*"\}$/);
    }
  });
}

for (const threads of [0, 2]) {
  test(`a reader that stops reading does not stop Ctrl-C, with ${threads} threads`, async () => {
    const { process, wrote, ended } = startMillrace('run', jobFile('printing'), '-t', threads);
    await wrote('"n":');
    process.stdout!.pause();
    // The pipe fills meanwhile; however far it comes, the job must end.
    await delay(200);
    process.kill('SIGINT');
    const [code] = await once(process, 'exit');
    assert.equal(code, 130);
    process.stdout!.resume();
    assert.match((await ended).stderr, /printing: cancelled\n$/);
  });

  test(`a reader that goes away ends the job, with ${threads} threads`, async () => {
    // A machine that is busy has time for a line of progress.
    const flags = ['-t', threads, '--no-progress'];
    const { process, wrote, ended } = startMillrace('run', jobFile('printing'), ...flags);
    await wrote('"n":');
    process.stdout!.destroy();
    const { code, stderr } = await ended;
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error OUTPUT_FAILED: operator 'print': cannot write to standard output: EPIPE.*\n$/,
    );
  });
}
