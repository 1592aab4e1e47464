/**
 * Runs a job of jobs.ts by the arguments that the peer's program has too.
 *
 *   run-job.ts --job tumbling --form typed --keys 10000 --records 60000000
 *                                                          { timedRecords, seconds, cpuSeconds, peakMb, rows }
 *   ... --verify 1                                         { results, checksum }
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import type { Job } from 'millrace';
import { JOBS } from './jobs.ts';
import { measured } from './measured.ts';

const { values } = parseArgs({
  options: Object.fromEntries(
    [
      'job',
      'form',
      'keys',
      'records',
      'warmup',
      'per-ms',
      'size-ms',
      'slide-ms',
      'gap-ms',
      'parallelism',
      'checkpoint-ms',
      'operations',
      'verify',
      'dir',
    ].map((name) => [name, { type: 'string' as const }]),
  ),
});
const {
  job: name = '',
  form = '',
  parallelism = '2',
  dir = '',
  ...rest
} = values as Record<string, string>;
const { 'checkpoint-ms': checkpointMs = '0', ...texts } = rest;
const forms: Readonly<Record<string, Readonly<Record<string, Job<unknown>>>>> = JOBS;
const job = forms[name]?.[form];
assert(job !== undefined, `there is no job '${name}' in form '${form}'`);
const params = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Number(text)]));
const { operators } = await job.run({
  threads: Number(parallelism),
  params,
  ...(checkpointMs === '0'
    ? {}
    : { checkpoints: { dir, every: Number(checkpointMs) }, fresh: true }),
});
for (const { lateRecords } of operators) assert.equal(lateRecords, 0, 'no record may be late');
assert(measured !== null);
const { results, checksum, seconds, cpuSeconds } = measured;
const { records = 1_000_000, warmup = Math.floor(records * 0.3) } = params;
console.log(
  JSON.stringify(
    params.verify === 1
      ? { results, checksum }
      : {
          timedRecords: records - warmup,
          seconds,
          cpuSeconds,
          peakMb: process.resourceUsage().maxRSS / 1024,
          rows: results,
        },
  ),
);
