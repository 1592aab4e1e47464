/** Rows that lie by key already: steps by this key take them where they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../src/api/flow.ts';
import { GraphBuilder } from '../../src/api/graph-builder.ts';
import { job } from '../../src/api/job.ts';
import { value } from '../../src/api/state.ts';
import type { Stream } from '../../src/api/stream.ts';
import { session, tumbling } from '../../src/api/windows.ts';
import type { EngineError } from '../../src/base/errors.ts';
import { blackhole } from '../../src/connector/blackhole/blackhole.ts';
import { generate } from '../../src/connector/generator/generator.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { executionGraph } from '../../src/graph/execution-graph.ts';
import { harness } from '../../src/testing/harness.ts';
import { simulate } from '../../src/testing/simulate.ts';
import { monotonous } from '../../src/time/strategies.ts';
import { inEveryMode } from '../modes.ts';

const Row = record({ user: t.string, n: t.int32 });
type Row = RowOf<typeof Row>;

const best = (stream: Stream<Row>): Stream<Row> => stream.keyBy('user').reduce((_, row) => row);

const running = (stream: Stream<Row>) =>
  stream.reinterpretAsKeyed('user').process({
    emits: Row,
    state: { seen: value(t.int32, { default: 0 }) },
    onRecord({ user }, ctx) {
      ctx.emit({ user, n: ctx.state.seen.update((seen) => seen + 1) });
      ctx.timers.eventTime(1000);
    },
    onTimer(_time, ctx) {
      ctx.emit({ user: ctx.key.user, n: -1 });
    },
  });

const sorted = (rows: readonly unknown[]): string[] =>
  rows.map((row) => JSON.stringify(row)).sort();

const USERS = Array.from({ length: 30 }, (_, n) => `user ${n}`);

inEveryMode(
  'state and timers behind rows that are keyed already',
  Row,
  (stream) => running(best(stream).filter(({ n }) => n > 0)),
  (h) => {
    for (let round = 0; round < 2; round++) {
      for (const user of USERS) h.push({ user, n: 1 }, 10);
    }
    h.watermark(1000);
    assert.deepEqual(
      sorted(h.takeRecords()),
      sorted(USERS.flatMap((user) => [1, 2, -1].map((n) => ({ user, n })))),
    );
  },
);

inEveryMode(
  'windows behind rows that are keyed already, by a function',
  Row,
  (stream) =>
    best(stream)
      .reinterpretAsKeyed(({ user }) => user)
      .window(tumbling(10))
      .aggregate(({ count }) => ({ rows: count() })),
  (h) => {
    for (const user of USERS) {
      h.push({ user, n: 1 }, 1);
      h.push({ user, n: 1 }, 2);
    }
    h.watermark(20);
    assert.deepEqual(
      sorted(h.takeRecords()),
      sorted(USERS.map((key) => ({ key, windowStart: 0, windowEnd: 10, rows: 2 }))),
    );
  },
);

inEveryMode(
  'one input in place, the other dealt by key',
  Row,
  (stream) =>
    best(stream)
      .reinterpretAsKeyed('user')
      .connect(stream.keyBy('user'))
      .process({
        emits: Row,
        state: { seen: value(t.int32, { default: 0 }) },
        onFirst({ user }, ctx) {
          ctx.emit({ user, n: ctx.state.seen.update((seen) => seen + 1) });
        },
        onSecond({ user }, ctx) {
          ctx.emit({ user, n: ctx.state.seen.update((seen) => seen + 1) });
        },
      }),
  (h) => {
    for (const user of USERS) h.push({ user, n: 1 });
    assert.deepEqual(
      sorted(h.takeRecords()),
      sorted(USERS.flatMap((user) => [1, 2].map((n) => ({ user, n })))),
    );
  },
);

const refused = ({ code, message }: EngineError): boolean => {
  assert.equal(code, 'PARTITION_INVALID');
  assert.match(
    message,
    /'process': reinterpretAsKeyed: a record has come to subtask \d, and its key belongs to subtask \d of 3 \(key group \d+ of 128\): \{"user":"user \d+"/,
  );
  return true;
};

test('rows that lie by another key are refused', async () => {
  const h = await harness<Row, Row>((stream) => running(stream.rebalance().map((row) => row)), {
    parallelism: 3,
  });
  assert.throws(() => {
    for (const user of USERS) h.push({ user, n: 1 });
    h.take();
  }, refused);
});

test('so they are where a partitioner brings them', async () => {
  const toFirst = await harness<Row, Row>(
    (stream) => running(stream.partitionCustom(() => 0, 'user')),
    { parallelism: 3 },
  );
  assert.throws(() => {
    for (const user of USERS) toFirst.push({ user, n: 1 });
    toFirst.take();
  }, refused);
});

inEveryMode(
  'rows that partitionBy brings are where they belong',
  Row,
  (stream) => running(stream.partitionBy('user').map((row) => row)),
  (h) => {
    for (const user of USERS) h.push({ user, n: 1 });
    assert.equal(h.takeRecords().length, USERS.length);
  },
);

let jobs = 0;

const jobOf = (build: (rows: Stream<Row>) => Stream<unknown>) =>
  job(import.meta, `in place ${jobs++}`, (flow: Flow) => {
    const rows = flow
      .from(generate({ schema: Row, count: 300, row: (n) => ({ user: `user ${n % 37}`, n }) }))
      .eventTime('n', monotonous());
    return { out: build(rows) };
  });

/** How rows get from one task to the next, but for the last, which gathers what the program reads. */
function exchangesOf(
  build: (rows: Stream<Row>) => Stream<unknown>,
  more: Partial<Parameters<typeof executionGraph>[1]> = {},
): string[] {
  const builder = new GraphBuilder('test');
  const flow = new Flow(builder, {});
  build(flow.from(generate({ schema: Row, count: 1, row: (n) => ({ user: '', n }) }))).to(
    blackhole(),
  );
  const settings = { threads: 2, parallelism: 2, ...more };
  return executionGraph(builder.finish().graph, settings).exchanges.map(
    ({ partitioning }) => partitioning.kind,
  );
}

test('there is no exchange but where rows cannot stay in their subtask', () => {
  const chained = (rows: Stream<Row>) => running(best(rows));
  assert.deepEqual(exchangesOf(chained), ['hash']);
  assert.deepEqual(
    exchangesOf((rows) => chained(rows).parallelism(3)),
    ['hash', 'hash', 'rebalance'],
  );
  assert.deepEqual(
    exchangesOf((rows) => chained(rows).startNewChain()),
    ['hash', 'forward'],
  );
  const inFlight = [{ from: 1, to: 2 }];
  assert.deepEqual(exchangesOf(chained, { exchanges: inFlight }), ['hash', 'hash']);
});

test('faults and other parallelism leave rows in place, also those in flight between two chains', async () => {
  const inPlace = [
    jobOf((rows) => running(best(rows)).startNewChain()),
    jobOf((rows) =>
      best(rows)
        .reinterpretAsKeyed('user')
        .window(session(40))
        .aggregate(({ sum }) => ({ sum: sum('n') })),
    ),
    jobOf((rows) =>
      best(rows)
        .reinterpretAsKeyed(({ user }) => user)
        .max('n')
        .startNewChain(),
    ),
  ];
  for (let seed = 0; seed < 18; seed++) {
    await simulate(inPlace[seed % inPlace.length]!, { seed });
  }
});
