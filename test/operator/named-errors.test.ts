/** Whatever a keyed operator calls of the user's, and whenever: what goes wrong names the operator. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { sliding, slidingCount, tumbling, tumblingCount } from '../../src/api/windows.ts';
import { record, t } from '../../src/data/schema.ts';
import type { UserAggregate } from '../../src/operator/window/aggregate.ts';
import { harness } from '../../src/testing/harness.ts';

type Row = { key: string; n: number };

/** A sum of which one part throws from the second call on: the first may be that of a trial. */
function failing(part: 'create' | 'add' | 'merge' | 'result'): UserAggregate<Row, number, number> {
  let calls = 0;
  const checked = <T>(name: string, value: T): T => {
    if (name === part && ++calls > 1) throw new Error(`no ${part}`);
    return value;
  };
  return {
    create: () => checked('create', 0),
    add: (sum, row) => checked('add', sum + row.n),
    merge: (a, b) => checked('merge', a + b),
    result: (sum) => checked('result', sum),
  };
}

type Build = (stream: Stream<Row>, sum: UserAggregate<Row, number, number>) => RowStream<unknown>;

const WINDOWS: Readonly<Record<string, Build>> = {
  tumbling: (stream, sum) =>
    stream
      .keyBy('key')
      .window(tumbling(10))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
  sliding: (stream, sum) =>
    stream
      .keyBy('key')
      .window(sliding(20, 10))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
  'tumbling of processing time': (stream, sum) =>
    stream
      .keyBy('key')
      .window(tumbling(10, { time: 'processing' }))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
  'sliding of processing time': (stream, sum) =>
    stream
      .keyBy('key')
      .window(sliding(20, 10, { time: 'processing' }))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
  'tumbling count': (stream, sum) =>
    stream
      .keyBy('key')
      .window(tumblingCount(2))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
  'sliding count': (stream, sum) =>
    stream
      .keyBy('key')
      .window(slidingCount(2, 1))
      .aggregate(({ aggregate }) => ({ sum: aggregate(sum) })),
};

for (const [name, build] of Object.entries(WINDOWS)) {
  for (const part of ['create', 'add', 'merge', 'result'] as const) {
    for (const parallelism of [1, 2]) {
      const joins = name.startsWith('sliding') || (parallelism > 1 && name === 'tumbling');
      if (part === 'merge' && !joins) continue;
      test(`${name}, ${parallelism} subtasks: what ${part} throws names the operator`, async () => {
        const h = await harness<Row>((stream) => build(stream, failing(part)), { parallelism });
        const run = async (): Promise<void> => {
          for (let n = 0; n < 12; n++) {
            h.push({ key: 'abc'[n % 3]!, n }, n * 2);
            h.processingTime(n * 2);
          }
          h.watermark(100);
          h.processingTime(100);
          await h.end();
        };
        await assert.rejects(run(), {
          code: 'USER_FUNCTION',
          message: new RegExp(
            `^operator 'window' \\(subtask \\d, record \\d+\\): no ${part}\\n {4}at .*named-errors`,
          ),
        });
      });
    }
  }
}

test('a rolling sum that leaves its range names the operator and the field', async () => {
  const Big = record({ key: t.string, n: t.int64 });
  const h = await harness<{ key: string; n: bigint }>((stream) => stream.keyBy('key').sum('n'), {
    schema: Big,
  });
  for (let n = 0; n < 2; n++) h.push({ key: 'a', n: 2n ** 62n });
  assert.throws(() => h.take(), {
    code: 'FIELD_TYPE',
    message:
      "operator 'sum' (subtask 0, record 1): field 'n' wants int64, got 9223372036854775808n",
  });
});

class Counter {
  n = 0;
}

for (const [when, records] of [
  ['with the watermark', 1],
  ['record by record', 60_000],
] as const) {
  test(`an accumulator that cannot leave its thread ${when} names the operator, once`, async () => {
    const h = await harness<{ key: number; time: number }>(
      (stream) =>
        stream
          .keyBy('key')
          .window(tumbling(10))
          .aggregate(({ aggregate }) => ({
            n: aggregate({
              create: (): Counter | number => 0,
              add: (of, row) => (row.key === records - 1 ? new Counter() : of),
              merge: (a) => a,
              result: () => 0,
            }),
          })),
      { parallelism: 2 },
    );
    const run = (): void => {
      for (let key = 0; key < records; key++) h.push({ key, time: 0 }, 0);
      h.watermark(20);
    };
    assert.throws(run, {
      code: 'VALUE_NOT_TRANSFERABLE',
      message: /^operator 'window': the accumulator of an aggregate is \[object Object\], which/,
    });
  });
}

class Named {
  name = 'a class';
  n = 0;
}

for (const keys of [3, 40]) {
  test(`of ${keys} accumulators in a snapshot one that is an instance of a class is told, whatever the others look like`, async () => {
    const h = await harness<{ key: number; isLast: boolean }>(
      (stream) =>
        stream
          .keyBy('key')
          .window(tumbling(10))
          .aggregate(({ aggregate }) => ({
            n: aggregate({
              create: () => ({ name: 'no class', n: 0 }),
              add: ({ name, n }, row) => (row.isLast ? new Named() : { name, n: n + 1 }),
              merge: (a) => a,
              result: ({ n }) => n,
            }),
          })),
      { batchSize: keys, restartEach: [1] },
    );
    for (let key = 0; key < keys; key++) h.push({ key, isLast: false }, 0);
    const run = (): void => {
      for (let key = 0; key < keys; key++) h.push({ key, isLast: key === keys >> 1 }, 0);
      h.watermark(1);
    };
    assert.throws(run, {
      code: 'VALUE_NOT_TRANSFERABLE',
      message: /^the accumulator of an aggregate is \[object Object\], which/,
    });
  });
}

test('behind the restarts of a harness a step is still told with the place where it was given', async () => {
  const { stack = '' } = new Error();
  const line = Number(/named-errors\.test\.ts:(\d+)/.exec(stack)?.[1]) + 3;
  const build = (rows: Stream<number>) =>
    rows.map((n) => {
      const text: unknown = `no ${n}`;
      if (n === 3) throw text;
      return n;
    });
  const h = await harness(build, { batchSize: 1, restartEach: [1] });
  for (const n of [1, 2]) h.push(n);
  assert.throws(() => h.push(3), new RegExp(`no 3(?:.|\\n)*named-errors\\.test\\.ts:${line}\\b`));
});
