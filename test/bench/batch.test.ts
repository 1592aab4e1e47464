/** The hourly delays of a small file, by the engine and by each library that is installed, are those of a plain model. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { HOUR_MS, Hours, LATE_MINUTES } from '../../native-bench/batch/hours.ts';
import { LIBRARIES, library } from '../../native-bench/batch/peers.ts';
import { sharesOf } from '../../native-bench/batch/profile.ts';
import { type Command, typescript } from '../../native-bench/figure.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-batch-'));
after(() => rmSync(folder, { recursive: true }));

const AIRPORTS = ['LAS', 'ATL', 'SEA'];
const flights = Array.from({ length: 2000 }, (_, n) => ({
  date: Date.UTC(2001, 0, 1) + n * 61_000,
  delay: ((n * 7919) % 101) - 20,
  origin: AIRPORTS[n % AIRPORTS.length]!,
}));
const input = join(folder, 'flights.parquet');
writeFileSync(
  input,
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'date', data: flights.map(({ date }) => new Date(date)), type: 'TIMESTAMP' },
        { name: 'delay', data: flights.map(({ delay }) => BigInt(delay)), type: 'INT64' },
        { name: 'origin', data: flights.map(({ origin }) => origin), type: 'STRING' },
      ],
    }),
  ),
);

const expected = new Hours();
const groups = new Map<string, typeof flights>();
for (const flight of flights) {
  const key = `${flight.origin} ${Math.floor(flight.date / HOUR_MS) * HOUR_MS}`;
  groups.set(key, [...(groups.get(key) ?? []), flight]);
}
for (const [key, rows] of groups) {
  const [origin, start] = key.split(' ');
  const delays = rows.map(({ delay }) => delay);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  expected.add({
    origin: origin!,
    windowStart: Number(start),
    flights: rows.length,
    mean: mean(delays),
    worst: Math.max(...delays),
    best: Math.min(...delays),
    late: mean(delays.map((delay) => (delay > LATE_MINUTES ? 1 : 0))),
  });
}

function run({ args }: Command): Record<string, number> {
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: 'pipe' }));
}

test('the engine, in batch; the command compares it with the stream', () => {
  const command = typescript('native-bench/batch/run-hourly.ts', 'batch', input, 'verify');
  assert.deepEqual(run(command), { results: expected.rows, checksum: expected.checksum });
});

for (const name of LIBRARIES) {
  const isThere = existsSync('native-bench/peers/batch/node_modules');
  const skip = !isThere && 'it is not installed: npm run bench -- batch';
  test(`${name}`, { skip }, () => {
    const command = library(name, input, 'verify');
    assert.deepEqual(run(command), { results: expected.rows, checksum: expected.checksum });
  });
}

function bench(...args: string[]): string {
  const command = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts'];
  const all = [...command, 'batch', '--input', input, ...args];
  return execFileSync(process.execPath, all, { encoding: 'utf8', stdio: 'pipe' });
}

test('the command writes every run and a table', () => {
  const output = bench('--no-peers', '--rounds', '1', '--results', folder);
  assert.match(
    output.trimEnd().split('\n').at(-1)!,
    /^\| millrace, as a stream( \| [0-9.]+){4} \|$/,
  );
  const written = readdirSync(folder).find((name) => name.endsWith('-batch.json'))!;
  const { figures } = JSON.parse(readFileSync(join(folder, written), 'utf8'));
  assert.deepEqual(
    figures[0].runs.map(({ variant }: { variant: string }) => variant),
    ['batch', 'stream'],
  );
});

test('a file that there is not is an error, and no table', () => {
  const missing = ['--input', join(folder, 'missing.parquet'), '--no-peers', '--rounds', '1'];
  assert.throws(
    () => bench(...missing, '--results', folder),
    (error: { status: number; stderr: string }) =>
      error.status === 1 &&
      /^error: .*missing\.parquet/.test(error.stderr) &&
      !/TypeError/.test(error.stderr),
  );
});

test('the profile of the engine is a table of modules', () => {
  const lines = bench('--profile').trimEnd().split('\n');
  assert.match(lines[0]!, /^\| module \| ms, all threads \| % \|$/);
  assert.match(lines.at(-1)!, /^\| [0-9]+ others \|/);
  assert.ok(lines.some((line) => line.startsWith('| Node |')));
});

test('a profile counts time by module, and leaves out what waits', () => {
  const node = (id: number, functionName: string, url: string) => ({
    id,
    callFrame: { functionName, url },
  });
  const here = new URL('../../dist/data/batch.js', import.meta.url).href;
  const library = new URL('../../node_modules/@scope/name/a.js', import.meta.url).href;
  const nodes = [node(1, '(idle)', ''), node(2, 'f', here), node(3, 'g', library)];
  const samples = [2, 1, 3, 2];
  const timeDeltas = [1000, 9000, 1000, 2000];
  assert.deepEqual(sharesOf([{ nodes, samples, timeDeltas }]), [
    { module: 'dist/data/batch.js', ms: 3, percent: 75 },
    { module: '@scope/name', ms: 1, percent: 25 },
  ]);
});
