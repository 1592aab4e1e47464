/** Where rows go between two steps: union, rebalance, broadcast, global, partitionBy, partitionCustom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Batch,
  collection,
  type Flow,
  generate,
  job,
  record,
  type Sink,
  type Stream,
  t,
} from 'millrace';
import { keys, meeting, SUBTASKS } from './meeting-job.ts';
import { KEYS, together } from './union-job.ts';

type Row = { n: number; group: number; name: string; half: number };
const Typed = record({ n: t.int32, group: t.int32, name: t.string, half: t.int32 });
const ROWS = 100;
const GROUPS = 10;

/** Each group has one name. */
function rowOf(n: number): Row {
  const group = n % GROUPS;
  return { n, group, name: `group ${group}`, half: n < ROWS / 2 ? 0 : 1 };
}

function source(flow: Flow, isTyped: boolean): Stream<Row> {
  const schema = isTyped ? { schema: Typed } : {};
  return flow.from(generate({ count: ROWS, row: rowOf, ...schema }), { parallelism: 1 });
}

/** Keeps the rows of each of its subtasks. */
class SubtaskSink implements Sink {
  readonly name = 'subtasks';
  readonly descriptor = null;
  readonly rows: number[][] = Array.from({ length: SUBTASKS }, () => []);

  createWriter({ subtask }: { subtask: number }) {
    const rows = this.rows[subtask]!;
    return {
      isBusy: false,
      write: (batch: Batch) => {
        for (const row of batch.rowObjects()) rows.push((row as Row).n);
      },
      preCommit: () => [],
      close: () => {},
    };
  }

  async commit(): Promise<void> {}
}

/** Rows 0 to ROWS - 1 by the subtask that they reach. */
async function spread(partition: (rows: Stream<Row>) => Stream<Row>, isTyped: boolean) {
  const sink = new SubtaskSink();
  const spreading = job(import.meta, `spread ${Math.random()}`, (flow) => {
    partition(source(flow, isTyped)).to(sink).parallelism(SUBTASKS);
  });
  await spreading.run({ threads: 0 });
  return sink.rows;
}

const all = Array.from({ length: ROWS }, (_, n) => n);

for (const isTyped of [true, false]) {
  const rows = isTyped ? 'typed rows' : 'free-form rows';

  test(`rebalance gives each subtask as many ${rows}, in their order`, async () => {
    const got = await spread((stream) => stream.rebalance(), isTyped);
    assert.deepEqual(
      got,
      [0, 1, 2].map((subtask) => all.filter((n) => n % SUBTASKS === subtask)),
    );
  });

  test(`shuffle sends ${rows} by chance, about as many to each subtask, in their order`, async () => {
    const got = await spread((stream) => stream.shuffle(), isTyped);
    assert.deepEqual(
      got.flat().sort((a, b) => a - b),
      all,
    );
    for (const of of got) {
      assert.ok(of.length > ROWS / SUBTASKS / 2, `${of.length} rows`);
      assert.deepEqual(
        of,
        of.toSorted((a, b) => a - b),
      );
    }
    assert.notDeepEqual(
      got[0],
      all.filter((n) => n % SUBTASKS === 0),
      'not in turn',
    );
  });

  test(`rescale from one subtask gives all ${rows} in turn`, async () => {
    const got = await spread((stream) => stream.rescale(), isTyped);
    assert.deepEqual(
      got,
      [0, 1, 2].map((subtask) => all.filter((n) => n % SUBTASKS === subtask)),
    );
  });

  test(`broadcast gives every subtask all ${rows}`, async () => {
    const got = await spread((stream) => stream.broadcast(), isTyped);
    assert.deepEqual(got, [all, all, all]);
  });

  test(`global gives all ${rows} to the first subtask`, async () => {
    const got = await spread((stream) => stream.global(), isTyped);
    assert.deepEqual(got, [all, [], []]);
  });

  for (const by of ['field', 'function'] as const) {
    test(`partitionCustom by ${by} sends ${rows} where the function says`, async () => {
      const twoOfThree = (n: number, subtasks: number): number => (n % 2) * (subtasks - 1);
      const got = await spread(
        (stream) =>
          by === 'field'
            ? stream.partitionCustom(twoOfThree, 'n')
            : stream.partitionCustom(twoOfThree, (row) => row.n),
        isTyped,
      );
      assert.deepEqual(got, [all.filter((n) => n % 2 === 0), [], all.filter((n) => n % 2 === 1)]);
    });
  }

  const ways: Readonly<Record<string, (stream: Stream<Row>) => Stream<Row>>> = {
    'a field of ints': (stream) => stream.partitionBy('group'),
    'a field of texts': (stream) => stream.partitionBy('name'),
    'two fields': (stream) => stream.partitionBy('group', 'name'),
    'a function': (stream) => stream.partitionBy(({ group }) => `of ${group}`),
  };
  for (const [by, partition] of Object.entries(ways)) {
    test(`partitionBy ${by} sends ${rows} of equal keys to one subtask, in their order`, async () => {
      const got = await spread(partition, isTyped);
      assert.deepEqual(
        got.flat().sort((a, b) => a - b),
        all,
      );
      for (const of of got) {
        assert.ok(of.length > 0, 'there are keys for each subtask');
        assert.deepEqual(
          of,
          of.toSorted((a, b) => a - b),
        );
      }
      for (const { group } of all.map(rowOf)) {
        const having = got.filter((of) => of.some((n) => rowOf(n).group === group));
        assert.equal(having.length, 1, `group ${group}`);
      }
    });

    test(`a key behind partitionBy ${by} is found anew in ${rows}`, async () => {
      const sums = job(import.meta, `sums behind ${by}, ${rows}`, (flow) => ({
        sums: partition(source(flow, isTyped))
          .filter(({ n }) => n >= 0)
          .keyBy('half')
          .sum('n'),
      }));
      const got = await sums.collect({ threads: 0, parallelism: SUBTASKS });
      for (const half of [0, 1]) {
        const expected = all.filter((n) => rowOf(n).half === half).reduce((a, b) => a + b, 0);
        const most = Math.max(...got.sums.filter((row) => row.half === half).map(({ n }) => n));
        assert.equal(most, expected);
      }
      assert.equal(got.sums.length, ROWS);
    });
  }

  test(`a union has the ${rows} of all its streams, and of one stream twice when asked`, async () => {
    const got = await spread(
      (stream) =>
        stream.union(
          stream,
          stream.filter((row) => row.n < 10),
        ),
      isTyped,
    );
    const expected = [...all, ...all, ...all.slice(0, 10)].sort((a, b) => a - b);
    assert.deepEqual(
      got.flat().sort((a, b) => a - b),
      expected,
    );
  });
}

test('a partitioner that names no subtask fails the job', async () => {
  await assert.rejects(
    spread((stream) => stream.partitionCustom(() => 7, 'n'), true),
    { code: 'PARTITION_INVALID', message: /returned 7; it must be 0 to 2/ },
  );
});

test('what a partitioner throws names the operator behind it and the record', async () => {
  const throwing = spread(
    (stream) =>
      stream.partitionCustom((n) => {
        if (n === 42) throw new Error('not this one');
        return 0;
      }, 'n'),
    false,
  );
  await assert.rejects(throwing, {
    code: 'USER_FUNCTION',
    message:
      /operator 'subtasks' \(subtask 0, record 42\): not this one\n {4}at .*partitioning\.test\.ts:/,
  });
});

test('equal keys of streams with different schemas meet', async () => {
  for (const threads of [0, 2]) {
    const { counts } = await meeting.collect({ threads, parallelism: SUBTASKS });
    assert.deepEqual(
      counts.map(({ key, rows }) => [key, rows]).sort((a, b) => a[0]! - b[0]!),
      keys.map((key) => [key, 2]),
    );
  }
});

test('equal keys meet right behind a union too, in windows and in rolling sums', async () => {
  for (const threads of [0, 1, 2]) {
    const { counts, sums } = await together.collect({ threads, parallelism: SUBTASKS });
    const inOrder = counts.toSorted((a, b) => a.key - b.key);
    assert.deepEqual(
      inOrder.map(({ key, rows, sum, least, mean, latest }) => [
        key,
        rows,
        sum,
        least,
        mean,
        latest,
      ]),
      KEYS.map((key) => [key, 2, 1.5, 0.5, 0.75, 1]),
    );
    // One of the two comes first, and the other is added to it.
    assert.equal(sums.length, 2 * KEYS.length);
    const totals = sums.filter(({ n }) => n === 1.5).map(({ key }) => key);
    assert.deepEqual(
      totals.sort((a, b) => a - b),
      KEYS,
    );
  }
});

test('a union or partitioning has no settings of its own', () => {
  const settings = job(import.meta, 'settings', (flow) => {
    const rows = flow.from(collection([{ n: 1 }]));
    assert.throws(() => rows.rebalance().name('x'), {
      code: 'JOB_DEFINITION',
      message: /set its name on the step/,
    });
    assert.throws(() => rows.union(rows).parallelism(2), { code: 'JOB_DEFINITION' });
    return { rows };
  });
  settings.build({}, true);
});
