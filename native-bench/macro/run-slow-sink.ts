/**
 * Runs the job of slow-sink.ts for a while, and looks at the resident memory of the process at SAMPLES moments.
 *
 *   run-slow-sink.ts <threads> <seconds>      prints { growth, earlyMb, lateMb, peakMb, recordsRead, recordsWritten }
 *
 * `growth` is the median of the last ten samples over that of samples 11 to 20: by then the heaps have their size.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from '../harness.ts';
import { slowSink } from './slow-sink.ts';

const SAMPLES = 60;
/** What the source may be ahead of the sink: rings and batches under way, in records. */
const AHEAD_MAX = 200_000;

const [threads, seconds] = process.argv.slice(2).map(Number);
const client = await slowSink.start({ threads: threads! });
client.result().catch(() => {});
const megabytes: number[] = [];
for (let sample = 0; sample < SAMPLES; sample++) {
  await delay((seconds! * 1000) / SAMPLES);
  assert.equal(client.status().state, 'running');
  megabytes.push(process.memoryUsage.rss() / 2 ** 20);
}
const { operators } = client.status();
await client.cancel();
const recordsRead = operators[0]!.recordsOut;
const recordsWritten = operators.at(-1)!.recordsIn;
assert(recordsWritten > 0, 'the sink gets records');
assert(recordsRead - recordsWritten < AHEAD_MAX, 'the source waits for the sink');
const earlyMb = median(megabytes.slice(10, 20));
const lateMb = median(megabytes.slice(-10));
const peakMb = Math.max(...megabytes);
console.log(
  JSON.stringify({
    growth: lateMb / earlyMb,
    earlyMb,
    lateMb,
    peakMb,
    recordsRead,
    recordsWritten,
  }),
);
