/** Every figure runs, at a tiny scale, through the command that users call. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CHROMIUM } from '../../native-bench/dashboard/chromium.ts';
import type { Results } from '../../native-bench/results.ts';

const REGISTER = './src/base/typescript-register.mjs';

const RESULTS_FOLDER = mkdtempSync(join(tmpdir(), 'millrace-results-'));
after(() => rmSync(RESULTS_FOLDER, { recursive: true }));

function bench(...args: string[]): string {
  const command = ['--import', REGISTER, 'native-bench/run.ts', ...args];
  return execFileSync(process.execPath, command, { encoding: 'utf8', stdio: 'pipe' });
}

function tiny(...args: string[]): string {
  return bench(...args, '--scale', '0.0005', '--rounds', '1', '--results', RESULTS_FOLDER);
}

const ids = bench('--list')
  .trimEnd()
  .split('\n')
  .map((line) => line.split(' ')[0]!);

test('the list names each figure once', () => {
  assert.ok(ids.length > 0);
  assert.equal(new Set(ids).size, ids.length);
});

const NEEDS_BROWSER = 'dashboard-first-paint';

/** Of one run of all figures, which is made for the first test that asks. */
let lines: readonly string[] | null = null;

const wanted = CHROMIUM === null ? ids.filter((id) => id !== NEEDS_BROWSER) : ids;

function linesOfAll(): readonly string[] {
  lines ??= tiny('--figure', ...wanted)
    .trimEnd()
    .split('\n');
  return lines;
}

test('all figures together end in a table', () => {
  assert.deepEqual(
    linesOfAll()
      .slice(-2 - wanted.length)
      .map((line) => line.split(' | ')[0]),
    ['| figure', '| ---', ...wanted.map((id) => `| ${id}`)],
  );
});

for (const id of ids) {
  const skip = !wanted.includes(id) && 'there is no Chromium';
  test(`${id} ends in a line of JSON with its value and every run`, { skip }, () => {
    const line = linesOfAll().find((one) => one.startsWith(`{"id":${JSON.stringify(id)},`));
    const last = JSON.parse(line ?? 'null') as Record<string, unknown>;
    assert.deepEqual(Object.keys(last), ['id', 'value', 'unit', 'bar', 'holds', 'runs']);
    assert.ok(Number.isFinite(last.value));
    assert.equal(typeof last.holds, last.bar === null ? 'object' : 'boolean');
    assert.ok((last.runs as unknown[]).length > 0);
  });
}

test('results are written with machine, revision and the raw runs', () => {
  tiny('--figure', 'fusion');
  const files = readdirSync(RESULTS_FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort();
  const text = readFileSync(join(RESULTS_FOLDER, files.at(-1)!), 'utf8');
  const { machine, date, revision, node, figures } = JSON.parse(text) as Results;
  assert.equal(typeof machine.cpu, 'string');
  assert.ok(machine.cores > 0 && machine.memoryMb > 0);
  assert.ok(Date.now() - Date.parse(date) < 60_000);
  assert.match(revision, /^([0-9a-f]+(-dirty)?|unknown)$/);
  assert.equal(node, process.version);
  assert.deepEqual(
    figures.map(({ id, runs }) => [id, runs.map(({ variant }) => variant)]),
    [['fusion', ['fused', 'separate']]],
  );
});

test('an unknown figure is an error that names those there are', () => {
  assert.throws(() => bench('--figure', 'nonsense'), {
    status: 1,
    stderr: `error: there is no figure 'nonsense'; there are ${ids.join(', ')}\n`,
  });
});
