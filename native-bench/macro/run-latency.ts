/**
 * Runs a job of latency.ts.
 *
 *   run-latency.ts <records a second> <seconds> [<bufferTimeout ms> [<record | window>]]
 *                                  prints { p50Ms, p99Ms, p999Ms, p9999Ms, maxMs, counted, perSecond, peakMb }
 *
 * `counted` are those whose latency is in it, `perSecond` is what the source has sent.
 */
import { latency, measured, windowLatency } from './latency.ts';

const [rate, seconds, bufferTimeout = '10', of = 'record'] = process.argv.slice(2);
const { operators, durationMs } = await (of === 'window' ? windowLatency : latency).run({
  threads: 2,
  bufferTimeout: Number(bufferTimeout),
  params: { rate: Number(rate), seconds: Number(seconds) },
});
const ms = (percentile: number): number => measured.getValueAtPercentile(percentile) / 1000;
console.log(
  JSON.stringify({
    p50Ms: ms(50),
    p99Ms: ms(99),
    p999Ms: ms(99.9),
    p9999Ms: ms(99.99),
    maxMs: measured.maxValue / 1000,
    counted: measured.totalCount,
    perSecond: (operators[0]!.recordsOut / durationMs) * 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
  }),
);
