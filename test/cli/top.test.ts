/** `millrace top`: what two samples say, the text of a view, and what a terminal gets. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { JobSample, Sample } from '../../src/cli/top/sample.ts';
import { frame, type Key, keyOf, Screen } from '../../src/cli/top/screen.ts';
import { topText } from '../../src/cli/top/top-text.ts';
import { topView } from '../../src/cli/top/view.ts';

const WIDE = { columns: 140, rows: 40 };
const NOON = Date.UTC(2026, 0, 31, 12);

function sampleAt(seconds: number, counts: { in: number; busy: number; held: number }): Sample {
  const at = NOON + seconds * 1000;
  const vertex = (id: string, name: string) => ({
    id,
    name,
    parallelism: 2,
    status: 'RUNNING',
    metrics: {
      'read-records': counts.in,
      'write-records': counts.in / 2,
      'accumulated-busy-time': counts.busy,
      'accumulated-backpressured-time': counts.held,
      'accumulated-idle-time': seconds * 2000 - counts.busy - counts.held,
    },
  });
  const job = { jid: 'a1', name: 'flights', state: 'RUNNING', duration: seconds * 1000 };
  const chosen: JobSample = {
    info: {
      ...job,
      records: counts.in,
      restarts: 1,
      vertices: [vertex('0', 'read > map'), vertex('1', 'hourly')],
    },
    checkpoints: {
      counts: { completed: 3, failed: 1, in_progress: 0 },
      history: [
        {
          id: 4,
          status: 'COMPLETED',
          is_savepoint: false,
          trigger_timestamp: at - 2500,
          end_to_end_duration: 20,
          checkpointed_size: 1536,
          state_size: 4096,
          external_path: 'state/checkpoint-4',
          failure_message: null,
        },
      ],
    },
    watermarks: new Map([
      ['0', [{ value: String(NOON) }, { value: String(NOON - 60_000) }]],
      ['1', [{ value: '-9223372036854775808' }, { value: String(NOON) }]],
    ]),
  };
  const other = { jid: 'b2', name: 'words', state: 'FINISHED', duration: 500, records: 7 };
  return {
    at,
    jobs: [
      { ...job, records: counts.in, where: 'process 12' },
      { ...other, where: 'process 34' },
    ],
    silent: [],
    chosen,
  };
}

const FIRST = sampleAt(1, { in: 1000, busy: 100, held: 0 });
const SECOND = sampleAt(3, { in: 9000, busy: 2100, held: 1000 });

test('rates and shares are those of the time between two samples', () => {
  const { jobs, chosen } = topView(FIRST, SECOND);
  assert.deepEqual(
    jobs.map((job) => job.recordsPerSecond),
    [4000, 0],
  );
  const [read, hourly] = chosen!.tasks;
  assert.deepEqual([read!.inPerSecond, read!.outPerSecond], [4000, 2000]);
  assert.deepEqual([read!.busy, read!.backPressured], [0.5, 0.25]);
  assert.deepEqual([read!.watermark, hourly!.watermark], [NOON - 60_000, null]);
  const first = topView(null, FIRST);
  assert.deepEqual([first.jobs[0]!.recordsPerSecond, first.chosen!.tasks[0]!.busy], [null, null]);
  const restarted = topView(SECOND, sampleAt(5, { in: 10, busy: 1, held: 0 }));
  assert.deepEqual(
    [restarted.jobs[0]!.recordsPerSecond, restarted.chosen!.tasks[0]!.inPerSecond],
    [null, null],
  );
});

test('the text of a view', () => {
  assert.deepEqual(topText(topView(FIRST, SECOND), WIDE, 'q quit'), [
    'millrace  2026-01-31 12:00:03 UTC  2 jobs',
    '',
    '   id  name     state     for     records  records/s  where',
    '>  a1  flights  RUNNING   3.0 s   9,000    4,000      process 12',
    '   b2  words    FINISHED  500 ms  7        0          process 34',
    '',
    'flights: checkpoint 4 COMPLETED 2.5 s ago, took 20 ms, 1.5 KiB written; 3 completed, 1 failed, 1 restarts',
    '   task        subtasks  state    in/s   out/s  busy             held up          watermark',
    '0  read > map  2         RUNNING  4,000  2,000  █████░░░░░ 50 %  ███░░░░░░░ 25 %  2026-01-31 11:59:00',
    '1  hourly      2         RUNNING  4,000  2,000  █████░░░░░ 50 %  ███░░░░░░░ 25 %  -',
    'q quit',
  ]);
});

test('a process that does not answer is shown, with jobs of others and alone', () => {
  const withOthers = topText(topView(FIRST, { ...SECOND, silent: [56, 78] }), WIDE);
  assert.deepEqual(withOthers.slice(4, 10), [
    '   b2  words    FINISHED  500 ms  7        0          process 34',
    '',
    'process 56 does not answer',
    'process 78 does not answer',
    '',
    'flights: checkpoint 4 COMPLETED 2.5 s ago, took 20 ms, 1.5 KiB written; 3 completed, 1 failed, 1 restarts',
  ]);
  const alone = topView(null, { at: NOON, jobs: [], silent: [56], chosen: null });
  assert.deepEqual(topText(alone, WIDE).slice(1), ['', 'process 56 does not answer']);
});

test('names of any characters leave the columns where they are, and a job in its line', () => {
  const [job] = SECOND.jobs;
  const lines = topText(
    topView(null, {
      ...SECOND,
      jobs: ['漢字 👩‍👩‍👧', 'a\tb\nc'].map((name, n) => ({ ...job!, jid: `a${n + 1}`, name })),
    }),
    WIDE,
  );
  assert.deepEqual(
    lines.slice(2, 5).map((line) => line.slice(0, line.indexOf('  ', 24))),
    [
      '   id  name         state',
      '>  a1  漢字 👩‍👩‍👧      RUNNING',
      '   a2  a\\u0009b\\nc  RUNNING',
    ],
  );
});

test('no line is wider than the terminal, and none is behind its last row', () => {
  const lines = topText(topView(null, FIRST), { columns: 24, rows: 5 }, 'q quit');
  assert.deepEqual(lines, [
    'millrace  2026-01-31 12…',
    '',
    '   id  name     state  …',
    '>  a1  flights  RUNNING…',
    'q quit',
  ]);
  assert.deepEqual(topText({ at: NOON, jobs: [], silent: [], chosen: null }, WIDE), [
    'millrace  2026-01-31 12:00:00 UTC  0 jobs',
    '',
    'no job runs here',
  ]);
});

test('a frame is drawn over the one before, and never clears the screen first', () => {
  assert.equal(frame(['a', 'b']), '\x1b[?2026h\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J\x1b[?2026l');
});

test('keys choose and quit, and the terminal is left as it was', async () => {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), {
    setRawMode: (isRaw: boolean) => modes.push(isRaw),
  }) as unknown as NodeJS.ReadStream & PassThrough;
  const output = Object.assign(new PassThrough(), {
    columns: 30,
    rows: 9,
  }) as unknown as NodeJS.WriteStream & PassThrough;
  const keys: Key[] = [];
  const screen = new Screen(
    input,
    output,
    (key) => keys.push(key),
    () => {},
  );
  assert.deepEqual(screen.size, { columns: 30, rows: 9 });
  screen.draw(['hello']);
  for (const text of ['\t', '\x1b[B', '\x1b[A', 'x', '\x1b[Z', 'q', '\x03']) {
    input.write(text);
    await new Promise((resolve) => setImmediate(resolve));
  }
  screen.close();
  assert.deepEqual(keys, ['next', 'next', 'previous', 'previous', 'quit', 'quit']);
  assert.deepEqual(modes, [true, false]);
  const written = String(output.read());
  assert.ok(written.startsWith('\x1b[?1049h\x1b[?25l') && written.endsWith('\x1b[?25h\x1b[?1049l'));
  assert.ok(written.includes('hello'));
  assert.equal(keyOf({ name: 'd', ctrl: true }), null);
});
