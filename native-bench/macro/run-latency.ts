/**
 * Runs the job of latency.ts.
 *
 *   run-latency.ts <records a second> <seconds>      prints { p50Ms, p99Ms, maxMs, records }
 */
import { latency, measured } from './latency.ts';

const [rate, seconds] = process.argv.slice(2).map(Number);
await latency.run({ threads: 2, params: { rate: rate!, seconds: seconds! } });
const { counts } = measured;
const records = counts.reduce((sum, count) => sum + count, 0);
const maxUs = counts.findLastIndex((count) => count > 0);
console.log(
  JSON.stringify({ p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: maxUs / 1000, records }),
);

function quantile(share: number): number {
  let left = records * share;
  for (let us = 0; us < counts.length; us++) {
    left -= counts[us]!;
    if (left <= 0) return us / 1000;
  }
  return maxUs / 1000;
}
