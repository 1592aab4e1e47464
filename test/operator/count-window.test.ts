/** Count windows in every mode, against a slow model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slidingCount, tumblingCount } from '../../src/api/windows.ts';
import { Random } from '../../src/base/random.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, t } from '../../src/data/schema.ts';
import {
  CountWindowOperator,
  type CountWindowSpec,
} from '../../src/operator/window/count-window.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode } from '../modes.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';

const Row = record({ key: t.string, n: t.int32 });
type Row = { key: string; n: number };

const random = new Random(11);
/** A key has two windows of the longest, and more; each row is a restart in some of the modes. */
const ROWS: readonly Row[] = Array.from({ length: 130 }, () => ({
  key: 'abcde'[random.below(5)]!,
  n: random.below(1000),
}));

/** Results of each key in order: every `slide` rows, over the last `size`. */
function model({ size, slide }: CountWindowSpec) {
  const byKey = new Map<string, Row[]>();
  const results = new Map<string, object[]>();
  for (const [time, row] of ROWS.entries()) {
    const rows = byKey.get(row.key) ?? [];
    byKey.set(row.key, [...rows, row]);
    if ((rows.length + 1) % slide !== 0) continue;
    const last = byKey.get(row.key)!.slice(-size);
    const result = {
      key: row.key,
      rows: last.length,
      sum: last.reduce((sum, { n }) => sum + n, 0),
      least: Math.min(...last.map(({ n }) => n)),
      first: last[0]!.n,
      all: last.map(({ n }) => n),
    };
    results.set(row.key, [...(results.get(row.key) ?? []), { record: result, timestamp: time }]);
  }
  return results;
}

for (const [name, window] of Object.entries({
  'tumbling 1': tumblingCount(1),
  'tumbling 7': tumblingCount(7),
  'sliding 6 by 2': slidingCount(6, 2),
  'sliding 10 by 4': slidingCount(10, 4),
  'sliding 7 by 3': slidingCount(7, 3),
  'sliding 8 by 7': slidingCount(8, 7),
  'sliding 3 by 5, with gaps': slidingCount(3, 5),
  'sliding 7 by 9, with gaps': slidingCount(7, 9),
  'sliding 1 by 3, with gaps': slidingCount(1, 3),
})) {
  const expected = model(window);
  inEveryMode(
    name,
    Row,
    (stream) =>
      stream
        .keyBy('key')
        .window(window)
        .aggregate(({ count, sum, min, first, collect }) => ({
          rows: count(),
          sum: sum('n'),
          least: min('n'),
          first: first('n'),
          all: collect('n'),
        })),
    async (h) => {
      for (const [time, row] of ROWS.entries()) h.push(row, time);
      await h.end();
      const got = h.take();
      for (const [key, results] of expected) {
        const own = got.filter((e) => 'record' in e && e.record.key === key);
        assert.deepEqual(own, results);
      }
    },
  );
}

test('more keys than a batch has rows, and int keys', async () => {
  const h = await harness<{ key: number; n: number }>(
    (stream) =>
      stream
        .keyBy('key')
        .window(tumblingCount(2))
        .aggregate(({ sum }) => ({ sum: sum('n') })),
    { schema: record({ key: t.int32, n: t.int32 }) },
  );
  for (let n = 0; n < 20_000; n++) h.push({ key: n % 10_000, n });
  const got = h.takeRecords() as { key: number; sum: number }[];
  assert.equal(got.length, 10_000);
  for (const { key, sum } of got) assert.equal(sum, key + key + 10_000);
});

for (const [name, keyOf] of [
  ['texts', (n: number) => `key ${n}`],
  ['ints', (n: number) => n],
] as const) {
  for (const [what, window] of [
    ['tumbling', tumblingCount(3)],
    ['with gaps', slidingCount(2, 3)],
  ] as const) {
    test(`keys that come and go, ${name}, ${what}`, async () => {
      const h = await harness<{ key: string | number; n: number }>((stream) =>
        stream
          .keyBy('key')
          .window(window)
          .aggregate(({ sum, collect }) => ({ sum: sum('n'), all: collect('n') })),
      );
      const before = new Map<string | number, number[]>();
      const expected: object[] = [];
      for (let n = 0; n < 40_000; n++) {
        // Most have a window or two, and then come no more.
        const key = keyOf(Math.floor(n / 4) + random.below(400));
        h.push({ key, n });
        const ns = [...(before.get(key) ?? []), n];
        before.set(key, ns.length === 3 ? [] : ns);
        if (ns.length === 3) {
          const all = ns.slice(-window.size);
          expected.push({ key, sum: all.reduce((sum, one) => sum + one, 0), all });
        }
        if (n === 30_000) await h.restart();
      }
      assert.deepEqual(h.takeRecords(), expected);
    });
  }
}

test('keys of which nothing is left are forgotten, also between two snapshots', () => {
  const operator = new CountWindowOperator({
    key: { kind: 'fields', fields: ['key'] },
    window: { kind: 'count', size: 2, slide: 2 },
    aggregates: [],
    inputSchema: Row,
    functions: [],
  });
  const alone = new OneSubtask(operator, ALONE, []);
  const add = (keys: readonly string[]): void => {
    const builder = new BatchBuilder(Row, keys.length);
    for (const key of keys) builder.appendRow({ key, n: 1 }, 0);
    operator.processBatch(builder.seal());
  };
  const keysFrom = (from: number): string[] =>
    Array.from({ length: 1000 }, (_, n) => `key ${from + n}`);
  add(['with one']);
  let most = 0;
  for (let from = 0; from < 100_000; from += 1000) {
    add(keysFrom(from));
    add(keysFrom(from));
    most = Math.max(most, operator.look().keyCount!);
  }
  assert.ok(most <= 6000, `${most} keys at once`);
  assert.deepEqual(operator.look().valueOf('windows', 'with one'), { records: 1, panes: [{}] });

  // What is being written stays until it is.
  const first = operator.look().keyCount!;
  alone.barrier();
  for (let from = 200_000; from < 210_000; from += 1000) {
    add(keysFrom(from));
    add(keysFrom(from));
  }
  assert.equal(operator.look().keyCount, first + 10_000);
  alone.finish();
  assert.equal(
    alone.blocks.reduce((sum, { rows }) => sum + rows, 0),
    first,
  );
  add(['with one']);
  assert.ok(operator.look().keyCount! <= 1);
});

for (const [what, window, joins, adds] of [
  [
    'windows that overlap by little are joined of three panes',
    slidingCount(101, 100),
    2 + 3 * 9,
    1000,
  ],
  [
    'windows a pane apart are joined of as many as they have',
    slidingCount(300, 100),
    1 + 2 + 3 * 8,
    1000,
  ],
  ['records in no window are not added', slidingCount(1, 100), 0, 10],
] as const) {
  test(what, async () => {
    let [joined, added] = [0, 0];
    const h = await harness<Row, unknown>((stream) =>
      stream
        .keyBy('key')
        .window(window)
        .aggregate(({ aggregate }) => ({
          rows: aggregate({
            create: () => 0,
            add: (rows) => {
              added++;
              return rows + 1;
            },
            merge: (a, b) => {
              if (b > 0) joined++;
              return a + b;
            },
            result: (rows) => rows,
          }),
        })),
    );
    for (let n = 0; n < 1000; n++) h.push({ key: 'a', n }, n);
    await h.end();
    assert.equal(h.takeRecords().length, 10);
    assert.deepEqual({ joined, added }, { joined: joins, added: adds });
  });
}

for (const [size, slide] of [
  [4, 4],
  [10, 4],
  [8, 7],
  [3, 5],
] as const) {
  test(`a key shows what it has of its next window, ${size} by ${slide}`, () => {
    const operator = new CountWindowOperator({
      key: { kind: 'fields', fields: ['key'] },
      window: { kind: 'count', size, slide },
      aggregates: [
        {
          name: 'all',
          kind: 'sum',
          input: { kind: 'field', field: 'n' },
          user: null,
          quantile: null,
        },
      ],
      inputSchema: Row,
      functions: [],
    });
    const { results } = new OneSubtask(operator, ALONE, []);
    for (let records = 1; records <= 30; records++) {
      const builder = new BatchBuilder(Row, 1);
      builder.appendRow({ key: 'a', n: 2 ** (records - 1) }, records);
      operator.processBatch(builder.seal());
      const { panes, ...rest } = operator.look().valueOf('windows', 'a') as {
        records: number;
        panes: readonly { 'sum n': number }[];
      };
      assert.deepEqual(rest, { records });
      const start = Math.max(0, (Math.floor(records / slide) + 1) * slide - size);
      const sum = panes.reduce((all, pane) => all + pane['sum n'], 0);
      assert.equal(sum, start < records ? 2 ** records - 2 ** start : 0, `${records} records`);
    }
    assert.equal(results.length, Math.floor(30 / slide));
  });
}

for (const [what, window, throwsIn, record] of [
  ['result of a tumbling window', tumblingCount(2), 'result', 5],
  ['result of a sliding window', slidingCount(2, 1), 'result', 4],
  ['merge of a sliding window', slidingCount(2, 1), 'merge', 4],
] as const) {
  test(`an error in the ${what} names the record that completes it`, async () => {
    for (const batchSize of [1, 2, 'all'] as const) {
      const fail = (sum: number, where: string): number => {
        if (sum >= 100 && where === throwsIn) throw new RangeError('too much');
        return sum;
      };
      const h = await harness<Row, unknown>(
        (stream) =>
          stream
            .keyBy('key')
            .window(window)
            .aggregate(({ aggregate }) => ({
              sum: aggregate({
                create: () => 0,
                add: (sum, { n }) => sum + n,
                merge: (a, b) => fail(a + b, 'merge'),
                result: (sum) => fail(sum, 'result'),
              }),
            })),
        { batchSize },
      );
      // Two windows before; the last one is complete by record 5, and has 100 by record 4.
      const work = (): void => {
        for (const n of [1, 2, 3, 4]) h.push({ key: 'a', n }, n);
        for (const n of [100, 6]) h.push({ key: 'b', n }, n);
        for (const n of [7, 8]) h.push({ key: 'a', n }, n);
        h.take();
      };
      assert.throws(work, {
        code: 'USER_FUNCTION',
        message: new RegExp(`\\(subtask 0, record ${record}\\): too much`),
      });
    }
  });
}

for (const bad of [0, -1, 1.5, Number.NaN]) {
  test(`a count of ${bad} is refused`, () => {
    assert.throws(() => tumblingCount(bad), { code: 'JOB_DEFINITION' });
    assert.throws(() => slidingCount(1, bad), { code: 'JOB_DEFINITION' });
  });
}
