/** The same results on any number of threads and subtasks; jobs that run themselves, and hold back. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { RunOptions } from 'millrace';
import { jobFile } from './command-line.ts';
import { byKeys, countsBy, expectedNumbers, KEYS, stepwise } from './jobs/keys.ts';
import { firstArrivals, whenBlocked } from './jobs/pace.ts';
import { expectedShapes, expectedWide, freeForm, large, typed, wide } from './jobs/shapes.ts';

const PLACES: readonly RunOptions[] = [
  { threads: 0 },
  { threads: 0, parallelism: 3 },
  { threads: 1 },
  { threads: 2 },
  { threads: 2, parallelism: 5 },
  { threads: 4 },
  { threads: 2, chaining: false },
  { threads: 0, chaining: false },
];

/** Fewer, for what does not depend on all of them. */
const SOME_PLACES: readonly RunOptions[] = [
  { threads: 0 },
  { threads: 2 },
  { threads: 2, parallelism: 5, maxParallelism: 3 },
];

/** Rows as text, in an order of their own. */
function textOf(rows: readonly unknown[]): string[] {
  return rows.map((row) => inspect(row, { depth: 9, maxStringLength: 200 })).sort();
}

test('windows over typed rows give the same on any number of threads and subtasks', async () => {
  const [first, ...others] = PLACES;
  const expected = await typed.collect(first);
  const perSensor = textOf(expected.perSensor);
  const perUnit = textOf(expected.perUnit);
  assert.ok(perSensor.length > 800 && perUnit.length > 250);
  for (const place of others) {
    const got = await typed.collect(place);
    assert.deepEqual(textOf(got.perSensor), perSensor, inspect(place));
    assert.deepEqual(textOf(got.perUnit), perUnit, inspect(place));
  }
});

test('keys of every kind, by fields and by function, count what a plain loop counts', async () => {
  const names = Object.keys(KEYS) as (keyof typeof KEYS)[];
  const expected = names.map((name) => textOf(countsBy(KEYS[name])));
  for (const place of SOME_PLACES) {
    const got = await byKeys.collect(place);
    names.forEach((name, i) => {
      assert.ok(isDeepStrictEqual(textOf(got[name]), expected[i]), `${name} ${inspect(place)}`);
    });
  }
});

test('steps of any parallelism neither lose nor repeat a row', async () => {
  for (const place of SOME_PLACES) {
    const { numbers } = await stepwise.collect(place);
    const inOrder = (all: readonly number[]) => all.toSorted((a, b) => a - b);
    assert.deepEqual(inOrder(numbers), inOrder(expectedNumbers), inspect(place));
  }
});

test('free-form rows of any shape cross threads as they are', async () => {
  const inOrder = (rows: typeof expectedShapes) => rows.toSorted((a, b) => a.row.id - b.row.id);
  const expected = inOrder(expectedShapes);
  for (const place of PLACES) {
    const { rows } = await freeForm.collect(place);
    assert.deepStrictEqual(inOrder(rows), expected, inspect(place));
  }
});

test('rows larger than a ring cross threads in parts', async () => {
  const { sizes, typedSizes } = await large.collect({ threads: 2 });
  const expected = (digits: (n: number) => number) =>
    Array.from({ length: 12 }, (_, n) => ({ n, size: digits(n) * 700_000 }));
  const inOrder = (rows: readonly { n: number }[]) => rows.toSorted((a, b) => a.n - b.n);
  assert.deepEqual(
    inOrder(sizes),
    expected((n) => (n < 10 ? 1 : 2)),
  );
  assert.deepEqual(
    inOrder(typedSizes),
    expected(() => 1),
  );
});

test('rows of hundreds of KiB, several to a ring, cross threads as they are', async () => {
  for (const place of SOME_PLACES) {
    const { rows } = await wide.collect(place);
    const inOrder = rows.toSorted((a, b) => a.n - b.n);
    assert.equal(inOrder.length, expectedWide.length);
    inOrder.forEach((row, n) => {
      assert.ok(isDeepStrictEqual(row, expectedWide[n]), `row ${n} ${inspect(place)}`);
    });
  }
});

test('a file may define a job and run it at its top level; threads that import it do not run it again', () => {
  const run = runByNode('own-run');
  assert.equal(run.stderr, '');
  assert.equal(run.stdout, '332833500 finished\n');
});

test('a job that is defined behind the run of another is not found by threads, which say why', () => {
  const run = runByNode('defined-late');
  assert.equal(run.stderr, '');
  assert.match(
    run.stdout,
    /does not define job 'second' at its top level \(found: 'first'\): define all jobs of a module before it runs one/,
  );
});

test('threads see the arguments of the program', () => {
  assert.equal(runByNode('arguments').stdout, '3\n');
  assert.equal(runByNode('arguments', 'twice').stdout, '6\n');
});

/** Runs a job module as a program of its own. */
function runByNode(module: string, ...args: readonly string[]) {
  const hooks = new URL('../../src/base/typescript-register.mjs', import.meta.url).href;
  return spawnSync(process.execPath, ['--import', hooks, jobFile(module), ...args], {
    encoding: 'utf8',
  });
}

test('a row does not wait for its batch to fill when nothing else comes', async () => {
  // Ten rows a second, of which a batch would take 4096, and a timeout that would hold them back for a minute.
  for (const threads of [0, 2]) {
    await firstArrivals({ threads, bufferTimeout: '1 min' }, 3);
  }
});

test('a row does not wait for its batch to fill when its thread has other work without end', async () => {
  // A batch would take minutes to fill, and the thread is never idle.
  for (const threads of [0, 2]) {
    await firstArrivals({ threads, bufferTimeout: '20 ms', params: { hasNeighbour: true } }, 3);
  }
});

test('rows of a step wait as long as it says, not as long as those of the job', async () => {
  // On fewer threads they arrive in any case.
  const params = { hasNeighbour: true, waitMs: 20 };
  await firstArrivals({ threads: 2, bufferTimeout: '1 h', params }, 3);
});

test('a sink that is busy holds an endless source back', async () => {
  for (const threads of [0, 2]) {
    const { read, written } = await whenBlocked({ threads });
    assert.ok(written > 0 && read >= written);
    assert.ok(read - written < 500_000, `${read} read for ${written} written`);
  }
});
