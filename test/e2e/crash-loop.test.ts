/**
 * Real processes, killed with SIGKILL at random instants, started again with another number of threads and subtasks: the
 * output is that of a run which nobody disturbed. More of them: `CRASHES=300 SEED=7 node ... --test` this file.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { Random } from '../../src/base/random.ts';
import { parquet } from '../../src/connector/file/parquet/parquet.ts';
import { record, t } from '../../src/data/schema.ts';
import { encode, inFolder } from '../connector/read-all.ts';
import { jobFile, millrace, type Running, startMillrace } from './command-line.ts';
import { entryOf } from './jobs/ledger.ts';

const CRASHES = process.env.CRASHES === undefined ? null : Number(process.env.CRASHES);
const SEED = Number(process.env.SEED ?? Math.floor(performance.timeOrigin) % 1_000_000);
const FLIGHTS = 'node_modules/vega-datasets/data/flights-3m.parquet';

/** Beyond those asked for, until half of the lives have gone on from a checkpoint: the first may all be killed while they start. */
const CRASHES_MORE_MAX = 20;

type Trial = {
  readonly module: string;
  readonly folder: string;
  /** Parameters of the job but for `out` and `rate`. */
  readonly params: readonly string[];
  readonly crashes: number;
  /** No more crashes behind this, but for those of CRASHES_MORE_MAX. */
  readonly budgetMs: number;
  readonly random: Random;
  /** Records a second, one of them in each life. */
  readonly rates: readonly number[];
};

type Lives = {
  /** Lives that ended by SIGKILL. */
  readonly killed: number;
  /** Lives that went on from a checkpoint that one before had taken. */
  readonly restored: number;
};

/** So many crashes, fewer on a machine that is slow; as many as were asked for on any. */
function amount(seed: number, crashes: number, budgetMs: number) {
  const random = new Random(seed);
  return CRASHES === null
    ? { random, crashes, budgetMs }
    : { random, crashes: CRASHES, budgetMs: Infinity };
}

function start({ module, folder, params, random }: Trial, rate: number): Running {
  const threads = random.below(3);
  const parallelism = 1 + random.below(3);
  return startMillrace(
    ...['run', module, '--no-progress', '--threads', threads, '--parallelism', parallelism],
    ...['--checkpoint-dir', `${folder}/state`, '--checkpoint-every', '200ms'],
    ...(random.below(2) === 0 ? ['--unaligned'] : []),
    ...(random.below(2) === 0 ? ['--incremental'] : []),
    ...[...params, `out=${folder}/crashed`, `rate=${rate}`].flatMap((one) => ['--param', one]),
  );
}

function newestCheckpoint(folder: string): string {
  try {
    const names = readdirSync(`${folder}/state`).filter((name) => name.startsWith('checkpoint-'));
    return names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).at(-1) ?? '';
  } catch {
    return '';
  }
}

/** Some are killed while they start, most a while after a checkpoint of theirs. */
async function instant(trial: Trial, running: Running): Promise<void> {
  const { folder, random } = trial;
  let hasEnded = false;
  void running.ended.then(() => {
    hasEnded = true;
  });
  if (random.below(4) === 0) return await sleep(random.below(900));
  const before = newestCheckpoint(folder);
  const delayMs = random.below(500);
  while (!hasEnded && newestCheckpoint(folder) === before) await sleep(5);
  await sleep(delayMs);
}

/** Kills until there were so many crashes, then lets the job come to its end. */
async function crashLoop(trial: Trial): Promise<Lives> {
  const { folder, random, crashes } = trial;
  let killed = 0;
  let restored = 0;
  const endMs = performance.now() + trial.budgetMs;
  const isEnough = (): boolean =>
    (killed >= crashes || performance.now() >= endMs) &&
    (restored >= killed / 2 || killed >= crashes + CRASHES_MORE_MAX);
  while (!isEnough()) {
    if (newestCheckpoint(folder) !== '') restored++;
    const running = start(trial, random.pick(trial.rates));
    await instant(trial, running);
    running.process.kill('SIGKILL');
    const { code, stderr } = await running.ended;
    if (code === 0) break;
    assert.equal(code, null, `SEED=${SEED}, crash ${killed}: ${stderr}`);
    killed++;
  }
  const { code, stderr } = await start(trial, 0).ended;
  assert.equal(code, 0, `SEED=${SEED}: ${stderr}`);
  return { killed, restored };
}

/** Rows of all part files of a folder as text, sorted; nothing else may be there, but what is known of compacted ones. */
async function rowsIn(folder: string): Promise<string[]> {
  const rows: string[] = [];
  for (const name of readdirSync(folder)) {
    if (/^\.part-.*\.compaction$/.test(name)) continue;
    assert.match(name, /^part-/, `SEED=${SEED}: ${folder} has only finished parts`);
    const bytes = readFileSync(`${folder}/${name}`);
    if (name.endsWith('.parquet')) {
      const objects = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer });
      for (const row of objects) rows.push(JSON.stringify(row, (_, value) => textOf(value)));
      continue;
    }
    const lines = bytes.toString().trimEnd().split('\n');
    for (const line of name.endsWith('.csv') ? lines.slice(1) : lines) rows.push(line);
  }
  return rows.sort();
}

function textOf(value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

async function checkSame(folder: string, outputs: readonly string[], lives: Lives): Promise<void> {
  const told = `SEED=${SEED}, ${lives.killed} crashes, ${lives.restored} lives from a checkpoint`;
  for (const output of outputs) {
    const expected = await rowsIn(`${folder}/calm/${output}`);
    const actual = await rowsIn(`${folder}/crashed/${output}`);
    assert.ok(expected.length > 0);
    assert.equal(actual.length, expected.length, `${told}: rows in ${output}`);
    const wrong = actual.findIndex((row, n) => row !== expected[n]);
    assert.equal(actual[wrong], expected[wrong], `${told}: ${output}`);
  }
}

test('flights, killed again and again, gives what it gives undisturbed', async (context) => {
  context.diagnostic(`SEED=${SEED}`);
  await inFolder(async (folder) => {
    const module = 'examples/flights.ts';
    const params = [`input=${FLIGHTS}`];
    const calm = await millrace(
      ...['run', module, '--no-progress'],
      ...[...params, `out=${folder}/calm`].flatMap((one) => ['--param', one]),
    );
    assert.equal(calm.code, 0, calm.stderr);
    const rates = [30_000, 100_000, 200_000];
    const lives = await crashLoop({ module, folder, params, rates, ...amount(SEED, 30, 30_000) });
    context.diagnostic(`${lives.killed} crashes`);
    assert.ok(lives.killed > 0 && lives.restored >= lives.killed / 2, JSON.stringify(lives));
    await checkSame(folder, ['hourly', 'routes'], lives);
  });
});

const Entry = record({ account: t.string, amount: t.int32, time: t.timestamp });

/** The inputs of the ledger job: two files of each format, with bad lines in the CSV. */
function writeLedger(folder: string, rows: number): void {
  mkdirSync(folder);
  for (const half of [0, 1]) {
    const of = (input: string) =>
      Array.from({ length: rows / 2 }, (_, n) => entryOf(input, (half * rows) / 2 + n));
    const csv = of('csv').flatMap(({ account, amount, time }, n) => [
      `${account},${amount},${new Date(time).toISOString()}`,
      ...(n % 100 === 7 ? [`bad ${half} ${n},what,never`] : []),
    ]);
    const text = `account,amount,time\n${csv.join('\n')}\n`;
    writeFileSync(`${folder}/${half}.csv.gz`, gzipSync(text));
    const json = of('json').map((row) => JSON.stringify(row));
    writeFileSync(`${folder}/${half}.jsonl`, `${json.join('\n')}\n`);
    writeFileSync(`${folder}/${half}.parquet`, encode(parquet(Entry), Entry, of('parquet')));
  }
}

test('a union of all kinds of input, running sums, counts and dead letters, killed again and again', async (context) => {
  context.diagnostic(`SEED=${SEED}`);
  await inFolder(async (folder) => {
    const rows = 40_000;
    writeLedger(`${folder}/in`, rows);
    const module = jobFile('ledger');
    const params = [`input=${folder}/in`, `rows=${rows}`];
    const calm = await millrace(
      ...['run', module, '--no-progress'],
      ...[...params, `out=${folder}/calm`].flatMap((one) => ['--param', one]),
    );
    assert.equal(calm.code, 0, calm.stderr);
    const totals = await rowsIn(`${folder}/calm/totals`);
    assert.equal(totals.length, 4 * rows);
    const rates = [500, 2000, 6000];
    const lives = await crashLoop({
      module,
      folder,
      params,
      rates,
      ...amount(SEED + 1, 12, 15_000),
    });
    context.diagnostic(`${lives.killed} crashes`);
    assert.ok(lives.killed > 0 && lives.restored >= lives.killed / 2, JSON.stringify(lives));
    await checkSame(folder, ['totals', 'tens', 'minutes', 'letters'], lives);
  });
});
