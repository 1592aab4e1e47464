/** What becomes of a job, as entries: kept for those who ask, written by the logger of its program. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { pino } from 'pino';
import { job } from '../../src/api/job.ts';
import { VirtualClock } from '../../src/base/clock.ts';
import { LOG_ENTRIES_MAX, LOG_MESSAGE_MAX } from '../../src/base/limits.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { csv } from '../../src/connector/file/csv.ts';
import { files } from '../../src/connector/file/files.ts';
import { record, t } from '../../src/data/schema.ts';
import { JobLog, type Logger } from '../../src/job/log.ts';
import { inFolder } from '../connector/read-all.ts';

type Line = { level: number; job: string; jobId: string; operator?: string; msg: string };

/** A logger, and the lines that it has written. */
function memory(level = 'info') {
  const lines: Line[] = [];
  const stream = new Writable({
    write(text, _encoding, done) {
      lines.push(JSON.parse(String(text)));
      done();
    },
  });
  return { lines, log: pino({ level }, stream) };
}

const Row = record({ n: t.int32 });
let failures = 0;

const logged = job(import.meta, 'logged', (flow) => {
  flow
    .from(files(flow.param('input', ''), csv(Row), { onMalformed: 'skip' }))
    .map((row) => {
      if (row.n === 2 && failures++ === 0) throw new Error('at two');
      return row.n;
    })
    .name('picky')
    .to(blackhole());
});

test('attempts, failures, checkpoints and skipped records, with their job and operator', async () => {
  await inFolder(async (folder) => {
    const input = join(folder, 'rows.csv');
    writeFileSync(input, 'n\n1\nx\n2\n');
    const { lines, log } = memory();
    await logged.run({
      threads: 0,
      params: { input },
      checkpoints: { dir: join(folder, 'state') },
      restart: { strategy: 'fixedDelay', delay: 0 },
      log,
    });
    const told = lines.map(({ level, msg }) => `${level} ${msg}`);
    const expected = [
      /^30 attempt 1 runs from its start: 0 threads, parallelism 1$/,
      /^40 skipped .*rows\.csv:3: /,
      /^50 operator 'picky' .*at two/,
      /^40 job 'logged' failed and goes on in 0 ms/,
      /^30 attempt 2 runs from its start/,
      /^30 checkpoint \d+ is complete after \d+ ms: \d+ bytes written$/,
      /^30 the job is finished$/,
    ];
    let at = 0;
    for (const one of told) if (expected[at]?.test(one)) at++;
    assert.equal(at, expected.length, `${told.join('\n')}\nmisses ${expected[at]}`);
    assert.equal(lines.find(({ level }) => level === 50)!.operator, 'picky');
    assert.equal(new Set(lines.map(({ jobId }) => jobId)).size, 1);
    assert.ok(lines.every((line) => line.job === 'logged' && line.jobId !== ''));
  });
});

test('a job goes on without a logger that fails', async () => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  const fail = (): never => {
    throw new Error('disk full');
  };
  const log: Logger = { debug: fail, info: fail, warn: fail, error: fail };
  const tiny = job(import.meta, 'tiny', (flow) => {
    flow.from(collection([1])).to(blackhole());
  });
  assert.equal((await tiny.run({ threads: 0, log })).state, 'finished');
  assert.match((await warned).message, /the logger of job 'tiny' failed: disk full/);
});

test('the last entries are kept, and their numbers rise', () => {
  const log = new JobLog('x', 'id', null, new VirtualClock(7));
  for (let n = 0; n < LOG_ENTRIES_MAX + 5; n++) log.add('info', String(n));
  log.add('warn', 'y'.repeat(LOG_MESSAGE_MAX + 1), 'some step');
  const all = log.after(0);
  assert.equal(all.length, LOG_ENTRIES_MAX);
  assert.equal(all[0]!.seq, 7);
  const [last, ...more] = log.after(LOG_ENTRIES_MAX + 5);
  assert.deepEqual(more, []);
  assert.deepEqual(last, {
    seq: LOG_ENTRIES_MAX + 6,
    timestamp: 7,
    level: 'warn',
    message: 'y'.repeat(LOG_MESSAGE_MAX),
    operator: 'some step',
  });
});

test('what is no logger is refused', async () => {
  const tiny = job(import.meta, 'refused', (flow) => {
    flow.from(collection([1])).to(blackhole());
  });
  for (const log of ['loud', 5, null, { info() {} }]) {
    await assert.rejects(tiny.run({ threads: 0, log: log as never }), {
      code: 'JOB_DEFINITION',
      message: /is one of 'debug', 'info', 'warn', 'error', or a logger/,
    });
  }
});
