/**
 * Runs the job of hourly.ts.
 *
 *   run-hourly.ts <batch | stream> <file>             { ms, cpuSeconds, peakMb, results }
 *   run-hourly.ts <batch | stream> <file> verify      { results, checksum }
 */
import { hourly, hours } from './hourly.ts';
import { report, THREADS } from './hours.ts';

const [mode, input, action] = process.argv.slice(2);
const isVerified = action === 'verify';
const start = performance.now();
await hourly.run({
  threads: THREADS,
  batch: mode === 'batch',
  params: { input: input!, verify: isVerified ? 1 : 0 },
});
report(performance.now() - start, hours, isVerified);
