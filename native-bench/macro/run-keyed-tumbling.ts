/**
 * Runs a job of keyed-tumbling.ts, or collects its totals and adds their checksum.
 *
 *   run-keyed-tumbling.ts <columns | functions> <threads> <records> <keys>              { ms, records, results }
 *   run-keyed-tumbling.ts <columns | functions> <threads> <records> <keys> collect      { results, checksum }
 *
 * `ms` is the job's own duration: from before its threads start until they have ended.
 */
import assert from 'node:assert/strict';
import type { RunOptions } from 'millrace';
import { columns, functions } from './keyed-tumbling.ts';
import { checksumOf } from './keyed-tumbling-shape.ts';

const [name, threads, count, keys, action] = process.argv.slice(2);
const options = { threads: Number(threads), params: { count: Number(count), keys: Number(keys) } };
const report = action === 'collect' ? await collected(options) : await timed(options);
console.log(JSON.stringify(report));

async function timed(options: RunOptions) {
  const { durationMs, operators } = await (name === 'columns' ? columns : functions).run(options);
  const source = operators[0]!;
  const sink = operators.at(-1)!;
  for (const { lateRecords } of operators) assert.equal(lateRecords, 0, 'no record may be late');
  return { ms: durationMs, records: source.recordsOut, results: sink.recordsIn };
}

async function collected(options: RunOptions) {
  let checksum = 0;
  if (name === 'columns') {
    const { totals } = await columns.collect(options);
    for (const total of totals)
      checksum += checksumOf(total.key, total.windowStart, total.count, total.sum);
    return { results: totals.length, checksum };
  }
  const { totals } = await functions.collect(options);
  for (const { key, windowStart, total } of totals)
    checksum += checksumOf(key, windowStart, total.count, total.sum / 2);
  return { results: totals.length, checksum };
}
