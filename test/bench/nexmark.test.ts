/** Each query gives what a plain program gives for the same events, on one thread and on two. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Outcome } from '../../native-bench/harness.ts';
import { Checksum, checksumOf } from '../../native-bench/nexmark/checksum.ts';
import { PASSES } from '../../native-bench/nexmark/command.ts';
import {
  type Auction,
  corpusFile,
  eventsOf,
  loadCorpus,
} from '../../native-bench/nexmark/corpus.ts';
import { AUCTION } from '../../native-bench/nexmark/corpus-format.ts';
import { cppLoops } from '../../native-bench/nexmark/cpp/build.ts';
import type { Event } from '../../native-bench/nexmark/events.ts';
import { decimal } from '../../native-bench/nexmark/fields.ts';
import { LOOP_KEYS, LOOPS } from '../../native-bench/nexmark/loops.ts';
import { expectedChecksum, ORACLES } from '../../native-bench/nexmark/oracle.ts';
import { PEER_QUERIES, PEERS } from '../../native-bench/nexmark/peers/peers.ts';
import { mayBeHighest } from '../../native-bench/nexmark/queries/windows.ts';
import { count, floor, QUERIES } from '../../native-bench/nexmark/queries.ts';
import { corpusEvents, provideCorpus } from '../../native-bench/nexmark/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-nexmark-'));
after(() => rmSync(folder, { recursive: true }));

/** At this rate they last for 40 seconds: several windows of each kind. */
const corpus = loadCorpus(corpusFile({ events: 20_000, rate: 500, folder }));
provideCorpus(corpus);

for (const { id, checksum } of [floor, count, ...QUERIES]) {
  if (ORACLES[id] === undefined) continue;
  const expected = expectedChecksum(id, eventsOf(corpus));
  for (const threads of [0, 2]) {
    test(`${id} with ${threads} threads`, async () => {
      const found = await checksum({ threads, parallelism: 2 });
      assert.equal(found.rows, expected.rows);
      assert.equal(String(found), String(expected));
      if (id !== 'floor') assert.ok(found.rows > 0);
    });
  }
}

for (const id of ['q2', 'q3', 'q4', 'q8', 'q11']) {
  test(`${id} over a corpus that is read three times, and goes on`, async () => {
    const path = corpusFile({ events: 10_000, rate: 500, folder });
    const passes = loadCorpus(path, { passes: 3, goesOn: true });
    const events = [...eventsOf(passes)];
    assert.equal(events.length, 30_000);
    assert.ok(events.every((event, i) => i === 0 || event.time >= events[i - 1]!.time));
    const auctions = events.filter(({ kind }) => kind === AUCTION) as Auction[];
    assert.equal(new Set(auctions.map(({ auction }) => auction)).size, 1800);
    provideCorpus(passes);
    const found = await QUERIES.find((query) => query.id === id)!.checksum({ threads: 2 });
    provideCorpus(corpus);
    assert.equal(String(found), String(expectedChecksum(id, events)));
    const ofOne = expectedChecksum(id, eventsOf(loadCorpus(path)));
    assert.notEqual(String(found), String(ofOne));
  });
}

test('what q7 without a join leaves out is below the highest bid of its window, and not at its beginning', () => {
  const goesOn = mayBeHighest();
  const bids = [
    ...[
      [5, 10_000],
      [3, 10_000],
      [3, 10_001],
      [5, 10_002],
      [6, 19_999],
      [5, 19_999],
    ],
    ...[
      [1, 20_000],
      [2, 20_001],
      [1, 20_002],
      [1, 19_998],
      [2, 20_003],
    ],
  ] as const;
  assert.deepEqual(
    bids.map(([price, time]) => goesOn({ price, time })),
    [true, true, false, true, true, false, true, true, false, true, true],
  );
});

test('the same events each time', async () => {
  const path = corpusFile({ events: 10_000, rate: 500, folder });
  const once = [...eventsOf(loadCorpus(path))];
  const twice = [...eventsOf(loadCorpus(path, { passes: 2, goesOn: false }))];
  assert.deepEqual(twice, [...once, ...once]);
});

test('ids of a corpus that ends within fifty events do not go on', () => {
  const path = corpusFile({ events: 10_010, rate: 500, folder });
  assert.throws(() => loadCorpus(path, { passes: 2, goesOn: true }), { code: 'CONFIG_INVALID' });
});

test('a reader goes on where another has stopped, and two of them give each event once', async () => {
  const source = corpusEvents();
  const context = { clock: { now: () => 0 }, wake() {}, malformed() {} } as never;
  const times: unknown[] = [];
  for (const split of await source.discoverSplits(2)) {
    let reader = source.createReader(split, null, context);
    for (let batch = reader.poll(); typeof batch !== 'string'; batch = reader.poll()) {
      times.push(...(batch.rowObjects() as Event[]).map(({ time }) => time));
      reader = source.createReader(split, reader.position(), context);
    }
  }
  const all = [...eventsOf(corpus)].map(({ time }) => time);
  assert.deepEqual(times.sort(), all);
});

for (const [id, { run, text }] of Object.entries(LOOPS)) {
  if (text === undefined) continue;
  test(`the loop of ${id}`, () => {
    const identity = LOOP_KEYS[id];
    const rows = new Map<unknown, readonly number[]>();
    run(
      corpus,
      (...row) => rows.set(identity === undefined ? rows.size : row.slice(0, identity).join(), row),
      null,
    );
    const found = checksumOf([...rows.values()].map((row) => text(corpus, row).join('|')));
    assert.equal(String(found), String(expectedChecksum(id, eventsOf(corpus))));
  });
}

const program = cppLoops();

for (const [id, { text }] of Object.entries(LOOPS)) {
  if (text === undefined) continue;
  test(`the loop of ${id} in C++`, { skip: program === null && 'there is no g++' }, () => {
    const args = [id, corpusFile({ events: 20_000, rate: 500, folder }), 'check'];
    const output = JSON.parse(execFileSync(program!, args, { encoding: 'utf8' }));
    const expected = expectedChecksum(id, eventsOf(corpus));
    assert.deepEqual(output, { rows: expected.rows, checksum: String(expected) });
  });
}

for (const [name, peer] of Object.entries(PEERS)) {
  for (const id of PEER_QUERIES) {
    test(`${id} by ${name}`, async () => {
      const found = new Checksum();
      await peer(id, [...eventsOf(corpus)], (row) => {
        const fields = Object.entries(row).map(([field, of]) =>
          id === 'q1' && field === 'price' ? decimal(of) : of,
        );
        found.add(fields.join('|'));
      });
      assert.equal(String(found), String(expectedChecksum(id, eventsOf(corpus))));
    });
  }
}

test('the checksum is what other programs make it, too', () => {
  assert.equal(String(checksumOf(['1|abc'])), '41e81f5c181bed5a');
  assert.equal(String(checksumOf(['1|abc', '-5||0.908'])), '84db6013b7dc3a0b');
});

function bench(command: string, ...args: string[]): string {
  const run = ['--import', './src/base/typescript-register.mjs', 'native-bench/run.ts'];
  return execFileSync(process.execPath, [...run, command, ...args, '--folder', folder], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
}

test('the command measures queries beside their loops, and writes every run and a table', () => {
  const small = ['--events', '20000', '--rate', '500', '--rounds', '1', '--results', folder];
  const output = bench('nexmark', '--query', 'q2,q20', ...small);
  const written = readdirSync(folder).find((name) => name.endsWith('-nexmark.json'))!;
  const { figures, nexmark } = JSON.parse(readFileSync(join(folder, written), 'utf8'));
  assert.deepEqual(
    figures.flatMap(({ id, runs }: Outcome) => runs.map(({ variant }) => `${id} ${variant}`)),
    [
      ...['nexmark-floor job', 'nexmark-q2 job', 'nexmark-q2 loop'],
      ...(program === null ? [] : ['nexmark-q2 cpp']),
      'nexmark-q20 job',
    ],
  );
  assert.deepEqual(
    nexmark.lines.map(({ rows }: { rows: number }) => rows),
    ['q2', 'q20'].map((id) => {
      const passes = PASSES[id] ?? 1;
      const read = loadCorpus(output.split('\n')[0]!, { passes, goesOn: passes > 1 });
      return expectedChecksum(id, eventsOf(read)).rows;
    }),
  );
  const table = output.trimEnd().split('\n').slice(-5);
  assert.deepEqual(
    table.map((line) => line.split(' ')[1]),
    ['query', '---', 'floor', 'q2', 'q20'],
  );
});

test('an unknown query is an error that names those there are', () => {
  assert.throws(() => bench('nexmark', '--query', 'q6'), {
    status: 1,
    stderr: /^error: there is no query 'q6'; there are q0, q1, /,
  });
});

test('the command for peers runs each of them, and writes every run and a table', () => {
  const small = ['--events', '20000', '--rounds', '1', '--results', folder];
  const output = bench('peers', '--query', 'count', ...small);
  const written = readdirSync(folder).find((name) => name.endsWith('-peers.json'))!;
  const { figures } = JSON.parse(readFileSync(join(folder, written), 'utf8'));
  const [{ id, runs }] = figures as [Outcome];
  assert.equal(id, 'peers-count');
  assert.equal(runs.length, 5);
  assert.equal(new Set(runs.map(({ report }) => report!.results)).size, 1);
  assert.match(output.trimEnd().split('\n').at(-1)!, /^\| count( \| [0-9.]+){5} \|$/);
});
