/** `millrace bench`: what the runs of variants say together, and as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Measurement, Variant } from '../../src/cli/bench/bench.ts';
import { benchText } from '../../src/cli/bench/bench-text.ts';
import { measureJob } from '../../src/cli/bench/measure.ts';
import { median, spread, summarize } from '../../src/cli/bench/summary.ts';
import type { WatchedJob } from '../../src/job/job.ts';

function variant(name: string): Variant {
  return { name, module: `${name}.ts`, threads: null, parallelism: null };
}

function run(records: number, wallMs: number, more: Partial<Measurement> = {}): Measurement {
  return {
    job: 'visits',
    threads: 2,
    parallelism: 2,
    records,
    wallMs,
    cpuMs: wallMs * 2,
    startUpMs: 300,
    peakMemoryBytes: 100 * 2 ** 20,
    gcShare: 0.04,
    busiest: { name: 'read > map', busy: 0.5, backPressured: 0.25 },
    ...more,
  };
}

test('a median is the one in the middle, or the mean of the two that are', () => {
  assert.equal(median([3, 1, 100]), 3);
  assert.equal(median([4, 1, 2, 100]), 3);
  assert.deepEqual(spread([4, 1, 2]), { median: 2, min: 1, max: 4 });
});

test('figures are medians of the rounds, and a ratio is one of the same round', () => {
  const slow = [run(1000, 1000), run(1000, 2000), run(1000, 4000)];
  const fast = [run(1000, 500), run(1000, 500), run(1000, 1000)];
  const [first, second] = summarize([
    { variant: variant('slow'), runs: slow },
    { variant: variant('fast'), runs: fast },
  ]);
  assert.deepEqual(first!.ratio, { median: 1, min: 1, max: 1 });
  assert.deepEqual(first!.recordsPerSecond, { median: 500, min: 250, max: 1000 });
  assert.deepEqual(first!.recordsPerCpuSecond, { median: 250, min: 125, max: 500 });
  assert.deepEqual(first!.wallMs, { median: 2000, min: 1000, max: 4000 });
  // That of the medians would be 2000 / 500; round by round it is 2, 4 and 4.
  assert.deepEqual(second!.ratio, { median: 4, min: 2, max: 4 });
  assert.deepEqual(second!.runs, fast);
});

test('what was not there to be measured is null, and the busiest task that of the run in the middle', () => {
  const runs = [
    run(0, 900, { startUpMs: null }),
    run(0, 900, { startUpMs: null, busiest: null }),
    run(0, 900, { startUpMs: null }),
  ];
  const [report] = summarize([{ variant: variant('silent'), runs }]);
  assert.deepEqual([report!.ratio, report!.startUpMs, report!.records], [null, null, 0]);
  const named = (name: string) => ({ name, busy: 1, backPressured: 0 });
  const [other] = summarize([
    {
      variant: variant('a'),
      runs: [
        run(1, 100, { busiest: named('fastest') }),
        run(1, 300, { busiest: named('slowest') }),
        run(1, 200, { busiest: named('typical') }),
      ],
    },
  ]);
  assert.equal(other!.busiest!.name, 'typical');
});

const FRAME = {
  node: 'v20.6.0',
  cpu: 'Some CPU',
  cores: 2,
  rounds: 2,
  warmUp: 1,
  durationMs: null,
};

test('the text of two variants', () => {
  const variants = summarize([
    { variant: variant('slow'), runs: [run(1_000_000, 2000), run(1_000_000, 2000)] },
    { variant: variant('fast'), runs: [run(1_000_000, 1000), run(1_000_000, 800)] },
  ]);
  assert.deepEqual(benchText({ ...FRAME, variants }).split('\n'), [
    '2 rounds after 1 warm-up, node v20.6.0, 2 cores of Some CPU',
    '',
    '      records    time    records/s  least      most       ratio  of rounds',
    'slow  1,000,000  2.0 s   500,000    500,000    500,000    1.00   1.00 to 1.00',
    'fast  1,000,000  900 ms  1,125,000  1,000,000  1,250,000  2.25   2.00 to 2.50',
    '',
    '      a CPU second  memory     GC   start-up  busiest     busy  held up',
    'slow  250,000       100.0 MiB  4 %  300 ms    read > map  50 %  25 %',
    'fast  562,500       100.0 MiB  4 %  300 ms    read > map  50 %  25 %',
  ]);
});

test('one variant has no ratio, and a short run is told to be one', () => {
  const variants = summarize([{ variant: variant('short'), runs: [run(10, 20)] }]);
  const text = benchText({ ...FRAME, rounds: 1, warmUp: 0, durationMs: 20, variants });
  assert.match(text, /^1 round after 0 warm-ups, each run for 20 ms, node/);
  assert.doesNotMatch(text, /ratio +of rounds/);
  assert.match(text, /\na run below 500 ms says little/);
});

test('a job that has read and ended between two looks is measured from the first of them, not from its start', async (t) => {
  // Threads of a job keep the process alive, and looks at it do not.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  for (const [read, records] of [
    ['all', 5000],
    ['nothing', 0],
  ] as const) {
    const looks: number[] = [];
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const job = {
      name: read,
      config: { threads: 1, parallelism: 1 },
      result: () => ended,
      status() {
        looks.push(performance.now());
        // Of three looks the last finds that it has ended.
        if (looks.length < 3) return { state: 'running', records: 0 };
        end();
        return { state: 'finished', records };
      },
      metrics: () => ({ tasks: [], threads: [] }),
    };
    const { startUpMs, wallMs } = await measureJob(job as unknown as WatchedJob, null);
    const endMs = performance.now();
    if (read === 'nothing') {
      assert.equal(startUpMs, null);
      continue;
    }
    assert.ok(startUpMs !== null, 'its start-up is known');
    assert.ok(startUpMs >= looks[0]! && startUpMs <= looks[2]!, `${startUpMs} of ${looks}`);
    assert.ok(startUpMs + wallMs <= endMs, `${startUpMs} + ${wallMs} ms, ${endMs}`);
  }
});
