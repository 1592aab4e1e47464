/** The tables of latency and of recovery, at a tiny scale. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BatchBuilder, record, t } from 'millrace';
import {
  arrivals,
  countArrivals,
  measured,
  newHistogram,
} from '../../native-bench/macro/latency.ts';
import type { Results } from '../../native-bench/results.ts';
import { Random } from '../../src/base/random.ts';
import { contextOf } from '../connector/sink-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-latency-'));
after(() => rmSync(folder, { recursive: true }));

/** The rows of the table, and the results that have been written. */
function bench(command: string, ...args: readonly string[]) {
  const run = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts', command];
  const all = [...run, ...args, '--rounds', '1', '--results', folder];
  const output = execFileSync(process.execPath, all, { encoding: 'utf8', stdio: 'pipe' });
  const written = readdirSync(folder).find((name) => name.endsWith(`-${command}.json`))!;
  const results = JSON.parse(readFileSync(join(folder, written), 'utf8')) as Results;
  const rows = output.trimEnd().split('\n').slice(-4);
  return { rows: rows.map((row) => row.split('|').map((cell) => cell.trim())), results };
}

test('latency of windows at shares of the most records a second', () => {
  const args = ['--of', 'window', '--seconds', '0.6', '--maximum', '20000'];
  const { rows, results } = bench('latency', ...args);
  assert.deepEqual(
    rows.map((cells) => [cells[2], Number(cells[3])]),
    [
      ['25 %', 0.005],
      ['50 %', 0.01],
      ['75 %', 0.015],
      ['90 %', 0.018],
    ],
  );
  for (const { report } of results.figures[0]!.runs) {
    const { p50Ms, p99Ms, maxMs, counted } = report!;
    assert.ok(counted! > 0 && p50Ms! > 0 && p99Ms! >= p50Ms! && maxMs! >= p99Ms!);
    // The rate is that of the clock, whatever the machine does: none is lost.
    assert.ok(maxMs! < 60_000);
  }
});

test('latencies are counted as one by one, and what is not due yet is not', () => {
  const random = new Random(1);
  for (const unit of [1, 1000]) {
    const values = Array.from({ length: 500 }, () => random.below(20) + 90);
    values.splice(390, 10, ...Array.from({ length: 10 }, () => 91));
    const nowUs = 100.4 * unit;
    const counted = newHistogram();
    countArrivals(counted, values, 400, unit, nowUs);
    const expected = newHistogram();
    for (const value of values.slice(0, 400)) {
      if (value * unit <= nowUs) {
        expected.recordValue(Math.max(1, Math.round(nowUs - value * unit)));
      }
    }
    assert.equal(counted.totalCount, expected.totalCount);
    for (const p of [1, 10, 50, 90, 99, 100]) {
      assert.equal(counted.getValueAtPercentile(p), expected.getValueAtPercentile(p));
    }
  }
});

test('what the end of the input has closed does not end the warm-up: what was counted in it stays', async () => {
  const End = record({ windowEnd: t.timestamp });
  const sink = arrivals({ column: 'windowEnd', warmUpSeconds: 0.3 });
  const writer = sink.createWriter(contextOf());
  const nowMs = Date.now();
  for (const windowEnd of [nowMs - 500, nowMs + 3_600_000]) {
    const builder = new BatchBuilder(End);
    builder.appendRow({ windowEnd });
    writer.write(builder.seal());
  }
  await sink.commit(await writer.preCommit(true));
  assert.equal(measured.totalCount, 1);
});

test('checkpoints of a kind, and recovery from them', () => {
  const args = ['--keys', '20000', '--seconds', '0.1', '--kind', 'none', 'incremental'];
  const { rows, results } = bench('recovery', ...args);
  assert.deepEqual(
    rows.slice(-2).map((cells) => cells[1]),
    ['20000 keys, none', '20000 keys, incremental'],
  );
  const [costs, recoveries] = results.figures;
  const [none, incremental] = costs!.runs.map(({ report }) => report!);
  assert.equal(none!.writtenMb, 0);
  assert.ok(incremental!.writtenMb! > 0 && incremental!.writtenMb! <= incremental!.fullMb!);
  for (const { value } of recoveries!.runs) assert.ok(value > 0);
});
