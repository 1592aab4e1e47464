/** Stateless steps in every mode, and what they do to columns, event times and errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { record, t } from '../../src/data/schema.ts';
import { harness } from '../../src/testing/harness.ts';
import { inEveryMode, inOrderOf } from '../modes.ts';

const Row = record({ a: t.int32, s: t.nullable(t.string) });
const RowOfA = record({ a: t.int32 });

function countUp(row: { a: number }, out: (n: number) => void): void {
  for (let i = 0; i < row.a; i++) out(i);
}

inEveryMode(
  'map, filter, project and flatMap keep order and event time',
  Row,
  (stream) =>
    stream
      .filter((row) => row.a % 2 === 0)
      .project('a')
      .map((row) => row.a)
      .filter((a) => a !== 4)
      .flatMap((a) => [a, -a]),
  async (h, mode) => {
    for (let a = 0; a < 10; a++) h.push({ a, s: null }, a * 10);
    await h.end();
    const got = h.take().flatMap((e) => ('record' in e ? [`${e.record}@${e.timestamp}`] : []));
    const expected = ['0@0', '0@0', '2@20', '-2@20', '6@60', '-6@60', '8@80', '-8@80'];
    assert.deepEqual(inOrderOf(mode, got), inOrderOf(mode, expected));
  },
);

inEveryMode(
  'filter and project leave rows as they were',
  Row,
  (stream) => stream.filter((row) => row.s !== 'no'),
  (h, mode) => {
    const rows = [
      { a: 1, s: 'yes' },
      { a: 2, s: 'no' },
      { a: 3, s: null },
      { a: 4, s: 'ÿ漢' },
    ];
    for (const row of rows) h.push(row);
    assert.deepEqual(
      inOrderOf(mode, h.takeRecords()),
      inOrderOf(
        mode,
        rows.filter((row) => row.s !== 'no'),
      ),
    );
  },
);

inEveryMode(
  'flatMap by pushing, also far more than one batch',
  Row,
  (stream) => stream.flatMap(countUp),
  (h) => {
    h.push({ a: 3, s: null });
    h.push({ a: 0, s: null });
    h.push({ a: 10_000, s: null });
    const got = h.takeRecords();
    assert.equal(got.length, 10_003);
    assert.deepEqual(got.slice(0, 5), [0, 1, 2, 0, 1]);
    assert.equal(got.at(-1), 9_999);
  },
);

test('a generator is read in slices, and left where it was when the output is full', async () => {
  let made = 0;
  const h = await harness<number, number>(
    (stream) =>
      stream.flatMap(function* (n) {
        for (let i = 0; i < n; i++) {
          made++;
          yield i;
        }
      }),
    { outputCapacity: 1 },
  );
  h.push(20_000);
  assert.equal(h.takeRecords().length, 20_000);
  assert.equal(made, 20_000);
});

test('what a function throws names the operator, the record and the place in the test file', async () => {
  const h = await harness<{ a: number }>((stream) =>
    stream
      .map((row) => row)
      .map((row) => {
        if (row.a === 5) throw new TypeError('five');
        return row;
      })
      .name('check'),
  );
  for (let a = 0; a < 10; a++) h.push({ a });
  assert.throws(
    () => h.take(),
    (error: Error & { place: object; code: string }) => {
      assert.equal(error.code, 'USER_FUNCTION');
      assert.deepEqual(error.place, { operator: 'check', subtask: 0, record: 5 });
      assert.match(
        error.message,
        /^operator 'check' \(subtask 0, record 5\): five\n {4}at .*fused\.test\.ts:\d+:\d+$/,
      );
      assert.ok(error.cause instanceof TypeError);
      return true;
    },
  );
});

type Later = (stream: Stream<{ a: number }>) => RowStream<unknown>;
const later = (row: { a: number }): never => Promise.resolve(row) as never;

for (const [name, record, build] of [
  ['filter', 0, (stream) => stream.filter(later)],
  ['filter', 0, (stream) => stream.filter(later).map(({ a }) => ({ a }))],
  ['map', 0, (stream) => stream.map(later)],
  ['map', 0, (stream) => stream.map(later).filter(({ a }) => a > 1)],
  ['map', 0, (stream) => stream.map(later).map(({ a }) => ({ a }))],
  ['map', 4, (stream) => stream.filter(({ a }) => a > 3).map(later)],
] satisfies [string, number, Later][]) {
  for (const batchSize of [1, 'all'] as const) {
    for (const schema of [undefined, RowOfA]) {
      test(`a promise is no answer of a ${name}: ${build}, batches of ${batchSize}, ${schema ? 'typed' : 'free-form'}`, async () => {
        const h = await harness<{ a: number }, unknown>(build, {
          batchSize,
          ...(schema ? { schema } : {}),
        });
        const run = (): unknown => {
          for (let a = 0; a < 10; a++) h.push({ a });
          return h.take();
        };
        assert.throws(run, {
          code: 'USER_FUNCTION',
          message: new RegExp(
            `^operator '${name}' \\(subtask 0, record ${record}\\): the function returned a promise, and nothing waits`,
          ),
        });
      });
    }
  }
}

test('what is thrown without a place is told with that of the step', async () => {
  const h = await harness<{ a: number }>((stream) =>
    stream
      .map((row) => row)
      .map((row) => {
        if (row.a === 5) throw 'five';
        return row;
      })
      .name('check'),
  );
  for (let a = 0; a < 10; a++) h.push({ a });
  assert.throws(() => h.take(), {
    code: 'USER_FUNCTION',
    message: /^operator 'check' \(subtask 0, record 5\): five\n {4}at .*fused\.test\.ts:152:\d+$/,
  });
});

test('a field of the wrong type names the field and what was found', async () => {
  const h = await harness<{ a: number; s: string | null }>((stream) => stream.filter(() => true), {
    schema: Row,
  });
  h.push({ a: 1.5, s: null });
  assert.throws(() => h.take(), { code: 'FIELD_TYPE', message: "field 'a' wants int32, got 1.5" });
});

/** Throws in the step with a name at a row. */
const throwing =
  <T>(value: (row: { a: number }) => T, at: number) =>
  (row: { a: number }): T => {
    if (row.a === at) throw new TypeError('this one');
    return value(row);
  };

for (const at of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) {
  for (const [name, build] of [
    ['first', (s) => s.filter(throwing(() => true, at)).name('first')],
    [
      'second',
      (s) =>
        s
          .filter(({ a }) => a >= 0)
          .filter(throwing(() => true, at))
          .name('second'),
    ],
    [
      'made',
      (s) =>
        s
          .filter(({ a }) => a > 0 || at === 0)
          .map(throwing(({ a }) => ({ a }), at))
          .name('made'),
    ],
    ['made', (s) => s.map((row) => ({ a: throwing(({ a }) => a, at)(row) })).name('made')],
  ] satisfies [string, (stream: Stream<{ a: number }>) => RowStream<unknown>][]) {
    test(`row ${at} of several at once is the one that is told: ${build}`, async () => {
      const options = { schema: RowOfA, batchSize: 'all' } as const;
      const h = await harness<{ a: number }, unknown>(build, options);
      for (let a = 0; a < 10; a++) h.push({ a });
      assert.throws(() => h.take(), {
        code: 'USER_FUNCTION',
        message: new RegExp(`^operator '${name}' \\(subtask 0, record ${at}\\): this one`),
      });
    });
  }
}

for (const count of [0, 1, 2, 3, 4, 5, 7, 8, 9]) {
  test(`of ${count} rows at once none is left out and none comes twice`, async () => {
    const options = { schema: RowOfA, batchSize: 'all' } as const;
    const picked = await harness<{ a: number }, { a: number }>(
      (stream) => stream.filter(({ a }) => a % 3 !== 1).filter(({ a }) => a !== 6),
      options,
    );
    const made = await harness<{ a: number }, { b: number }>(
      (stream) => stream.filter(({ a }) => a % 3 !== 1).map(({ a }) => ({ b: a + 1 })),
      options,
    );
    for (let a = 0; a < count; a++) {
      picked.push({ a });
      made.push({ a });
    }
    const left = Array.from({ length: count }, (_, a) => a).filter((a) => a % 3 !== 1);
    assert.deepEqual(
      picked.takeRecords(),
      left.filter((a) => a !== 6).map((a) => ({ a })),
    );
    assert.deepEqual(
      made.takeRecords(),
      left.map((a) => ({ b: a + 1 })),
    );
  });
}
