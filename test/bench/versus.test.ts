/** The engine's side of each comparison runs, and gives what a slow, obvious model gives. The peer's side needs its tools. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { corpusFile, eventsOf, loadCorpus } from '../../native-bench/nexmark/corpus.ts';
import { expectedChecksum } from '../../native-bench/nexmark/oracle.ts';
import { holds, type Line, tableOf } from '../../native-bench/versus/comparison.ts';
import { flink, hazelcast } from '../../native-bench/versus/jvm.ts';
import { amountOf, hashOf, keyOf, timeOf } from '../../native-bench/versus/shape.ts';
import { timely, timelyPlain } from '../../native-bench/versus/timely.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'millrace-versus-'));
after(() => rmSync(FOLDER, { recursive: true }));

const RECORDS = 20_000;
const KEYS = 50;
const PER_MS = 2;
/** Of patterns: values come in turn, so that what follows within a key has any value only where keys are many. */
const PATTERN_KEYS = 1000;
const PATTERN_PER_MS = 100;

type Row = Record<string, number>;
type Window = { start: number; end: number };

const records = Array.from({ length: RECORDS }, (_, i) => ({
  key: keyOf(i, KEYS),
  value: amountOf(i),
  time: timeOf(i, PER_MS),
}));
const numbered = records.map((row, i) => ({ ...row, key: keyOf(i, 0), value: row.value + 1 }));

/** Count and sum of each key and window. */
function totals(windowsOf: (row: (typeof records)[0]) => readonly Window[]): readonly Row[] {
  const rows = new Map<string, { [field: string]: number; count: number; sum: number }>();
  for (const row of records) {
    for (const { start, end } of windowsOf(row)) {
      const place = `${row.key} ${start}`;
      const total = rows.get(place) ?? {
        key: row.key,
        windowStart: start,
        windowEnd: end,
        count: 0,
        sum: 0,
      };
      total.count++;
      total.sum += row.value;
      rows.set(place, total);
    }
  }
  return [...rows.values()];
}

function sliding(size: number, slide: number): readonly Row[] {
  return totals(({ time }) => {
    const last = time - (time % slide);
    return Array.from({ length: size / slide }, (_, n) => ({
      start: last - n * slide,
      end: last - n * slide + size,
    }));
  });
}

function sessions(gap: number): readonly Row[] {
  const open = new Map<
    number,
    { [field: string]: number; windowEnd: number; count: number; sum: number }
  >();
  const closed: Row[] = [];
  for (const { key, value, time } of records) {
    let session = open.get(key);
    if (session === undefined || time >= session.windowEnd) {
      if (session !== undefined) closed.push(session);
      session = { key, windowStart: time, windowEnd: 0, count: 0, sum: 0 };
      open.set(key, session);
    }
    session.windowEnd = time + gap;
    session.count++;
    session.sum += value;
  }
  return [...closed, ...open.values()];
}

function runningSums(): readonly Row[] {
  const first = new Map<number, (typeof records)[0]>();
  return records.map((row) => {
    const sum = first.get(row.key);
    const next = sum === undefined ? row : { ...sum, value: sum.value + row.value };
    first.set(row.key, next);
    return next;
  });
}

/** A first, a second and a third record of a key in less than 100 ms: without others between them, or with any. */
function matches(isStrict: boolean): readonly Row[] {
  const all = records.map(({ value }, i) => ({
    key: keyOf(i, PATTERN_KEYS),
    value,
    time: timeOf(i, PATTERN_PER_MS),
  }));
  return all.flatMap((first, i) => {
    if (first.value < 1000) return [];
    const behind = all
      .slice(i + 1)
      .filter(({ key, time }) => key === first.key && time - first.time < 100);
    const find = (from: number, is: (value: number) => boolean): number => {
      const found = behind.findIndex(({ value }, n) => n >= from && is(value));
      return isStrict && found !== from ? -1 : found;
    };
    const second = find(0, (value) => value < 300);
    const third = second < 0 ? -1 : find(second + 1, (value) => value >= 300 && value < 600);
    if (third < 0) return [];
    const [b, c] = [behind[second]!.value, behind[third]!.value];
    return [{ key: first.key, first: first.value, second: b, third: c }];
  });
}

const PATTERN = [
  ...['--keys', `${PATTERN_KEYS}`, '--per-ms', `${PATTERN_PER_MS}`],
  ...['--parallelism', '1'],
];

/** What each job must give, by its arguments. */
const EXPECTED: Readonly<
  Record<string, { args: string[]; forms: string[]; rows: readonly Row[] }>
> = {
  chain: {
    args: ['--keys', '0'],
    forms: ['functions'],
    rows: numbered.filter(({ key }) => (key & 7) !== 0),
  },
  rebalance: { args: ['--keys', '0'], forms: ['functions'], rows: numbered },
  'key-by': { args: [], forms: ['functions'], rows: records },
  tumbling: {
    args: ['--size-ms', '1000'],
    forms: ['typed', 'functions'],
    rows: sliding(1000, 1000),
  },
  sliding: {
    args: ['--size-ms', '1000', '--slide-ms', '250'],
    forms: ['typed', 'functions'],
    rows: sliding(1000, 250),
  },
  session: { args: ['--gap-ms', '31'], forms: ['typed', 'functions'], rows: sessions(31) },
  reduce: {
    args: ['--parallelism', '1', '--checkpoint-ms', '50', '--dir', FOLDER],
    forms: ['typed', 'functions'],
    rows: runningSums(),
  },
  'cep-strict': { args: PATTERN, forms: ['functions'], rows: matches(true) },
  'cep-relaxed': { args: PATTERN, forms: ['functions'], rows: matches(false) },
};

function run(program: string, args: readonly string[]): Record<string, number> {
  const command = [
    '--import',
    './src/base/typescript-register.mjs',
    `native-bench/versus/${program}`,
  ];
  const all = [...command, ...args];
  return JSON.parse(execFileSync(process.execPath, all, { encoding: 'utf8', stdio: 'pipe' }));
}

function runJob(job: string, form: string, args: readonly string[]): Record<string, number> {
  const size = ['--keys', `${KEYS}`, '--records', `${RECORDS}`, '--per-ms', `${PER_MS}`];
  return run('run-job.ts', ['--job', job, '--form', form, ...size, ...args]);
}

for (const [job, { args, forms, rows }] of Object.entries(EXPECTED)) {
  for (const form of forms) {
    test(`${job}, ${form}: the results are those of the model`, () => {
      const checksum = rows.reduce((sum, row) => (sum + hashOf(row)) >>> 0, 0);
      assert.deepEqual(runJob(job, form, [...args, '--verify', '1']), {
        results: rows.length,
        checksum,
      });
    });
  }
}

test('a timed run reports the records behind the warm-up, and what they cost', () => {
  const { timedRecords, seconds, cpuSeconds, peakMb, rows } = runJob('tumbling', 'typed', []);
  assert.equal(timedRecords, RECORDS * 0.7);
  assert.ok(seconds! > 0 && cpuSeconds! > 0 && peakMb! > 0);
  assert.equal(rows, sliding(10_000, 10_000).length);
});

test('a query of Nexmark reports the checksum that its oracle gives, in the bits that a number holds', () => {
  const path = corpusFile({ events: RECORDS, folder: FOLDER });
  const args = ['--job', 'q2', '--form', 'functions', '--corpus', path];
  const expected = expectedChecksum('q2', eventsOf(loadCorpus(path)));
  assert.deepEqual(run('run-nexmark.ts', [...args, '--verify', '1']), {
    results: expected.rows,
    checksum: Number(BigInt(`0x${expected}`) & ((1n << 53n) - 1n)),
  });
  const { timedRecords, seconds, rows } = run('run-nexmark.ts', args);
  assert.ok(timedRecords! > RECORDS / 2 && timedRecords! < RECORDS && seconds! > 0);
  assert.equal(rows, expected.rows);
});

test('the table holds each ratio against its bar', () => {
  const line: Line = {
    work: 'work',
    peer: 'Peer',
    unit: 'M records/s',
    value: { millrace: 6, peer: 2 },
    recordsPerCpuSecond: { millrace: 4, peer: 1 },
    memory: null,
    bar: { direction: 'at least', limit: 4 },
  };
  assert.equal(holds(line), false);
  assert.equal(holds({ ...line, value: { millrace: 8, peer: 2 } }), true);
  assert.equal(holds({ ...line, bar: { direction: 'at most', limit: 3 } }), true);
  assert.equal(holds({ ...line, bar: null }), null);
  assert.equal(
    tableOf([line]).split('\n').at(-1),
    '| work | Peer | 6.00 M records/s | 2.00 M records/s | 3.00 | 4.00 | 1.00 | 4.00 |  | at least 4 | no |',
  );
});

test('a second table has what queries take beyond their source, unless it is less than that takes', () => {
  const line = (work: string, millrace: number, peer: number): Line => ({
    ...{ work, peer: 'Peer', unit: 'M records/s', value: { millrace, peer } },
    ...{ recordsPerCpuSecond: { millrace, peer }, memory: null, bar: null },
    ofCorpus: work === 'floor' ? 'floor' : 'query',
  });
  const table = tableOf([line('floor', 100, 50), line('q0', 80, 40), line('q3', 25, 5)]);
  assert.deepEqual(table.split('\n').slice(-4), [
    '| floor | 10.0 | 20.0 | 2.00 |  |  |  |  |',
    '| q0 | 12.5 | 25.0 | 2.00 |  |  |  | source-bound |',
    '| q3 | 40.0 | 200 | 5.00 | 30.0 | 180 | 6.00 |  |',
    '| geometric mean of the queries |  |  | 3.16 |  |  | 6.00 |  |',
  ]);
});

/** A program of a peer is built by the command, not by the tests: Maven and Cargo take long. */
const JVM = { collector: 'parallel', heap: '1g' } as const;
const BUILT = {
  flink: 'flink/target/flink-peer.jar',
  hazelcast: 'hazelcast/target/hazelcast-peer.jar',
  timely: 'timely/target/release/timely-peer',
  'timely-plain': 'timely/target/release/timely-peer',
};
for (const peer of [flink(JVM), hazelcast(JVM), timely(), timelyPlain()]) {
  const isBuilt = existsSync(`native-bench/peers/${BUILT[peer.id]}`);
  const skip = !isBuilt && `it is not built: npm run bench -- versus --engine ${peer.id}`;
  test(`${peer.name} gives the results of the model`, { skip }, () => {
    const size = ['--keys', `${KEYS}`, '--records', `${RECORDS}`, '--per-ms', `${PER_MS}`];
    const { args: windowed, rows } = EXPECTED.sliding!;
    const all = ['--job', 'sliding', ...size, ...windowed, '--verify', '1'];
    const { program, args } = peer.command(all);
    const output = execFileSync(program!, args, { encoding: 'utf8', stdio: 'pipe' });
    assert.deepEqual(JSON.parse(output.trimEnd().split('\n').at(-1)!), {
      results: rows.length,
      checksum: rows.reduce((sum, row) => (sum + hashOf(row)) >>> 0, 0),
    });
  });
}

const SQL = flink({ ...JVM, api: 'sql' });
const sqlSkip = !existsSync('native-bench/peers/flink/target/flink-peer.jar');
test('a statement in Flink gives the checksum of the oracle', {
  skip: sqlSkip && 'it is not built',
}, () => {
  const path = corpusFile({ events: RECORDS, folder: FOLDER });
  const { program, args } = SQL.command(['--job', 'q2', '--corpus', path, '--verify', '1']);
  const output = execFileSync(program!, args, { encoding: 'utf8', stdio: 'pipe' });
  const expected = expectedChecksum('q2', eventsOf(loadCorpus(path)));
  assert.deepEqual(JSON.parse(output.trimEnd().split('\n').at(-1)!), {
    results: expected.rows,
    checksum: Number(BigInt(`0x${expected}`) & ((1n << 53n) - 1n)),
  });
});

function versus(args: readonly string[], path = process.env.PATH) {
  const command = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts'];
  return spawnSync(process.execPath, [...command, 'versus', ...args], {
    encoding: 'utf8',
    env: { ...process.env, PATH: path },
  });
}

test('without its tools a peer is an error that says what it needs', () => {
  const needs = {
    flink: "Flink needs a JDK, 17 or newer: there is no 'java' on the path",
    hazelcast: "Hazelcast needs a JDK, 17 or newer: there is no 'java' on the path",
    timely: "timely dataflow needs Rust: there is no 'cargo' on the path",
    'timely-plain': "timely dataflow needs Rust: there is no 'cargo' on the path",
  };
  for (const [engine, message] of Object.entries(needs)) {
    const { status, stderr } = versus(['--engine', engine, '--job', 'sliding'], FOLDER);
    assert.equal(status, 1);
    assert.equal(stderr, `error: ${message}\n`);
  }
});

test('Flink SQL has the queries of Nexmark alone', () => {
  const ids = versus(['--api', 'sql', '--list']).stdout.trimEnd().split('\n');
  assert.deepEqual(
    ids.map((line) => line.split(' ')[0]),
    ['nexmark-floor', 'q0', 'q1', 'q2', 'q3', 'q4', 'q5', 'q7', 'q8', 'q11', 'q18'],
  );
});

test('each engine has its list of jobs, and an unknown one is an error that names it', () => {
  const { stdout } = versus(['--engine', 'timely', '--list']);
  const ids = stdout.trimEnd().split('\n');
  assert.deepEqual(
    ids.map((line) => line.split(' ')[0]),
    ['tumbling-10k', 'tumbling-1m', 'sliding'],
  );
  const { status, stderr } = versus(['--job', 'nonsense']);
  assert.equal(status, 1);
  assert.match(stderr, /^error: there is no comparison 'nonsense'; there are chain, rebalance, /);
});
