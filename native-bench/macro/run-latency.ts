/**
 * Runs the job of latency.ts.
 *
 *   run-latency.ts <records a second> <seconds> [<bufferTimeout ms>]
 *                                            prints { p50Ms, p99Ms, p999Ms, maxMs, records, peakMb }
 */
import { latency, measured } from './latency.ts';

const [rate, seconds, bufferTimeout = 10] = process.argv.slice(2).map(Number);
await latency.run({
  threads: 2,
  bufferTimeout,
  params: { rate: rate!, seconds: seconds! },
});
const { counts } = measured;
const records = counts.reduce((sum, count) => sum + count, 0);
const maxUs = counts.findLastIndex((count) => count > 0);
console.log(
  JSON.stringify({
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999),
    maxMs: maxUs / 1000,
    records,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
);

function quantile(share: number): number {
  let left = records * share;
  for (let us = 0; us < counts.length; us++) {
    left -= counts[us]!;
    if (left <= 0) return us / 1000;
  }
  return maxUs / 1000;
}
