/** Sources whose splits end at a record: what goes out, over restarts too, and what a job does then. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { job } from '../../src/api/job.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { hybrid } from '../../src/connector/hybrid/hybrid.ts';
import { defineSource } from '../../src/connector/kit/define-source.ts';
import { record, t } from '../../src/data/schema.ts';
import type { RestoredSplits } from '../../src/job/restore.ts';
import type { Source, SplitReader } from '../../src/operator/source.ts';
import { sourceUntil } from '../../src/operator/source-until.ts';
import { fromItsStart } from '../../src/task/split-state.ts';
import { sourceConformance } from '../../src/testing/conformance/source-conformance.ts';
import { SourceLife } from '../../src/testing/conformance/source-life.ts';
import { simulate } from '../../src/testing/simulate.ts';
import type { Duration } from '../../src/time/duration.ts';

const Row = record({ n: t.int32, shard: t.string });
type Row = { n: number; shard: string };
const rowsOf = (shard: string, count: number, from = 0): Row[] =>
  Array.from({ length: count }, (_, n) => ({ n: from + n, shard }));

/** Two shards without an end, whose pages take their time. */
function shards(discover?: Duration): Source<Row> {
  return defineSource({
    name: 'shards',
    schema: Row,
    start: 0,
    ...(discover === undefined ? {} : { discover }),
    splits: () => ['a', 'b'].map((id) => ({ id, detail: { id } })),
    async *read({ position, split }) {
      for (let from = position; ; from += 10) {
        await Promise.resolve();
        yield { records: rowsOf(split.detail.id, 10, from), position: from + 10 };
      }
    },
  });
}

const LAST: Readonly<Record<string, number>> = { a: 25, b: 40 };

const CASES: readonly (readonly [string, () => Source<Row>, readonly Row[]])[] = [
  [
    'a generator without an end',
    () =>
      sourceUntil(generate({ schema: Row, row: (n) => ({ n, shard: 'g' }) }), ({ n }) => n >= 5000),
    rowsOf('g', 5000),
  ],
  [
    'rows without a schema',
    () => sourceUntil(collection(rowsOf('c', 6000)), (row) => row.n >= 4500),
    rowsOf('c', 4500),
  ],
  [
    'the first row of a batch',
    () => sourceUntil(collection(rowsOf('c', 6000), Row), ({ n }) => n === 4096),
    rowsOf('c', 4096),
  ],
  ['the first row', () => sourceUntil(collection(rowsOf('c', 10), Row), () => true), []],
  ['no row', () => sourceUntil(collection(rowsOf('c', 10), Row), () => false), rowsOf('c', 10)],
  [
    'splits that end apart',
    () => sourceUntil(shards(), ({ n, shard }) => n === LAST[shard]),
    [...rowsOf('a', 25), ...rowsOf('b', 40)],
  ],
  [
    'splits that are found later',
    () => sourceUntil(shards('1 s'), ({ n, shard }) => n === LAST[shard]),
    [...rowsOf('a', 25), ...rowsOf('b', 40)],
  ],
  [
    'a stage, behind which the next begins',
    () =>
      sourceUntil(
        hybrid(
          generate({ schema: Row, count: 100, row: (n) => ({ n, shard: 'first' }) }),
          generate({ schema: Row, row: (n) => ({ n, shard: 'second' }) }),
        ),
        ({ n, shard }) => n >= (shard === 'first' ? 50 : 70),
      ),
    [...rowsOf('first', 50), ...rowsOf('second', 70)],
  ],
];

for (const [what, source, rows] of CASES) {
  for (const { name, run } of sourceConformance<Row>({ source, rows, runs: 3 })) {
    test(`${what}: ${name}`, run);
  }
}

test('positions are those of the source; behind the last row the reader says that nothing is left', async () => {
  const plain = collection(rowsOf('c', 10), Row);
  const source = sourceUntil(plain, ({ n }) => n === 5);
  const [split] = await source.discoverSplits(1);
  const context = { clock: undefined as never, wake() {}, malformed() {} };
  const reader: SplitReader = source.createReader(split!, null, context);
  const before = plain.createReader(split!, null, context).position();
  assert.deepEqual(reader.position(), before);
  assert.equal(reader.hasEnded, false);
  assert.equal((reader.poll() as { rowCount: number }).rowCount, 5);
  const own = plain.createReader(split!, null, context);
  own.poll();
  assert.deepEqual(reader.position(), own.position());
  assert.equal(reader.hasEnded, true);
  assert.equal(reader.poll(), 'end');
  assert.equal(reader.progress(), 1);
});

test('a split that stands at its end stays ended where the source is read without the function', async () => {
  const plain = defineSource({
    name: 'numbers',
    schema: Row,
    start: 0,
    splits: () => [{ id: 'one', detail: {} }],
    *read({ position }) {
      assert.equal(typeof position, 'number');
      for (let from = position; from < 100; from += 10)
        yield { records: rowsOf('n', 10, from), position: from + 10 };
    },
  });
  const left = (await plain.discoverSplits(1)).map(fromItsStart);
  const given: unknown[] = [];
  const onRows = (rows: readonly unknown[]): void => void given.push(...rows);
  const options = { parallelism: 1, rate: null, patienceMs: 1000, onRows };
  const source = sourceUntil(plain, ({ n }) => n === 25) as Source;
  let input: RestoredSplits = { left, read: [] };
  const first = new SourceLife({ ...options, source, input });
  while (given.length < 25) await first.step();
  assert.equal(first.isOver, false);
  input = first.snapshot();
  first.close();
  const second = new SourceLife({ ...options, source: plain as Source, input });
  while (!second.isOver) await second.step();
  second.close();
  assert.deepEqual(given, rowsOf('n', 25));
});

const counting = job(import.meta, 'until', (flow) => {
  const rows = flow.from(shards(), { until: ({ n, shard }) => n === LAST[shard] });
  return { counts: rows.keyBy('shard').sum('n') };
});

test('a source that finds splits while it is read still does', () => {
  const source = shards('1 s');
  assert.equal(sourceUntil(source, () => false).discovery, source.discovery);
  assert.ok(!('discovery' in sourceUntil(shards(), () => false)));
});

test('a job whose sources have all ended is finished', async () => {
  const rows: unknown[] = [];
  const client = await counting.start({ threads: 0, parallelism: 2 });
  for await (const row of client.outputs.counts) rows.push(row);
  assert.equal((await client.result()).state, 'finished');
  assert.equal(rows.length, 65);
});

test('crashes change nothing of where splits end', async () => {
  const simulated = job(import.meta, 'until, simulated', (flow) => {
    const rows = flow.from(generate({ schema: Row, row: (n) => ({ n, shard: `${n % 3}` }) }), {
      until: ({ n }) => n >= 700,
    });
    return { sums: rows.keyBy('shard').sum('n') };
  });
  for (let seed = 0; seed < 15; seed++) {
    const { rows } = await simulate(simulated, { seed });
    assert.deepEqual(Object.values(rows), [700], `seed ${seed}`);
  }
});

test('what throws is told with the name of the source, what gives no answer at once is refused', async () => {
  const throwing = job(import.meta, 'until throws', (flow) => {
    const rows = flow.from(generate({ schema: Row, row: (n) => ({ n, shard: 'x' }) }), {
      name: 'numbers',
      until: ({ n }) => {
        if (n === 3) throw new Error('no such row');
        return false;
      },
    });
    return { rows };
  });
  await assert.rejects(throwing.run({ threads: 0 }), /numbers.*no such row/s);
  const waiting = job(import.meta, 'until waits', (flow) => {
    const until = (async () => true) as unknown as () => boolean;
    return { rows: flow.from(collection([1]), { until }) };
  });
  await assert.rejects(waiting.run({ threads: 0 }), { code: 'JOB_DEFINITION', message: /until/ });
});
