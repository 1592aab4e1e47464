/** Each job of the micro list gives what a plain loop gives; the peer's side is compared by the command itself. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Job } from 'millrace';
import { measured } from '../../native-bench/versus/measured.ts';
import { MICRO_JOBS } from '../../native-bench/versus/micro-jobs.ts';
import { amountOf, hashOf, keyOf, timeOf } from '../../native-bench/versus/shape.ts';

const RECORDS = 10_000;
const KEYS = 50;
const PER_MS = 2;

type Row = { key: number; value: number; time: number };
type Result = Readonly<Record<string, number>>;

const rows = Array.from({ length: RECORDS }, (_, i): Row => {
  return { key: keyOf(i, KEYS), value: amountOf(i), time: timeOf(i, PER_MS) };
});
const plusOne = rows.map((row) => ({ ...row, value: row.value + 1 }));

/** The results that `of` gives for a record, with the state of its key. */
function keyed<State>(create: () => State, of: (row: Row, state: State) => number[]): Result[] {
  const states = new Map<number, State>();
  return rows.flatMap((row) => {
    const state = states.get(row.key) ?? create();
    states.set(row.key, state);
    return of(row, state).map((value) => ({ key: row.key, value }));
  });
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}

const EXPECTED: Readonly<Record<keyof typeof MICRO_JOBS, readonly Result[]>> = {
  'map-sink': plusOne,
  'key-by-array': rows.map(({ key, value }) => ({ 0: key, 1: value })),
  // Each source has half of the records.
  'two-inputs': [...plusOne.slice(0, RECORDS / 2), ...plusOne.slice(0, RECORDS / 2)],
  global: [...new Set(rows.map(({ key }) => key))].map((key) => ({
    key,
    value: sum(rows.filter((row) => row.key === key).map(({ value }) => value)),
  })),
  'async-ordered': plusOne,
  'async-unordered': plusOne,
  'serialize-objects': rows.map(({ key, value, time }) => ({
    key: `customer ${key}`.length + 3,
    value,
    time,
  })),
  'serialize-texts': rows.map(({ key }) => ({ key, value: 1024 })),
  'state-value': keyed(
    () => ({ sum: 0 }),
    ({ value }, state) => {
      state.sum += 10 * value;
      return [state.sum];
    },
  ),
  'state-list': keyed(
    () => [] as number[],
    ({ value }, state) => {
      state.push(...Array(10).fill(value));
      return state.length < 100 ? [] : [sum(state.splice(0))];
    },
  ),
  'state-map': keyed(
    () => ({ sum: 0 }),
    ({ value }, state) => {
      state.sum += value;
      return [state.sum];
    },
  ),
  'state-map-entries': keyed(
    () => new Map<number, number>(),
    ({ value }, state) => {
      state.set(value % 10, value);
      return [sum(state.values())];
    },
  ),
  timers: [...new Set(rows.map(({ key, time }) => `${key} ${time + 1000}`))].map((text) => {
    const [key, value] = text.split(' ').map(Number);
    return { key: key!, value: value! };
  }),
};

for (const [id, expected] of Object.entries(EXPECTED)) {
  test(`${id}: the results are those of the loop`, async () => {
    const job = MICRO_JOBS[id as keyof typeof MICRO_JOBS].functions as unknown as Job<unknown>;
    const params = { keys: KEYS, records: RECORDS, 'per-ms': PER_MS, verify: 1 };
    await job.run({ threads: 0, parallelism: 1, params });
    assert.equal(measured!.results, expected.length);
    assert.equal(
      measured!.checksum,
      expected.reduce((total, row) => (total + hashOf(row)) >>> 0, 0),
    );
  });
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-micro-'));
after(() => rmSync(folder, { recursive: true }));

function micro(...args: readonly string[]): string {
  const command = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts'];
  const all = [...command, 'micro', ...args];
  return execFileSync(process.execPath, all, { encoding: 'utf8', stdio: 'pipe' });
}

test('the command measures the engine alone, and writes every run and a table', () => {
  const small = ['--records', '20000', '--rounds', '1', '--results', folder];
  const lines = micro('--job', 'map-sink', 'checkpoint-unaligned', ...small)
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.slice(-2).map((line) => line.split(' | ')[0]),
    ['| source, map, sink', '| a checkpoint, unaligned, in front of a step of 10 us a record'],
  );
  const written = readdirSync(folder).find((name) => name.endsWith('-micro.json'))!;
  const { lines: measuredLines } = JSON.parse(readFileSync(join(folder, written), 'utf8'));
  for (const { value, peer } of measuredLines) assert.ok(value.millrace > 0 && peer === null);
});
