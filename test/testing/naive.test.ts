/** The naive evaluation of jobs: what it makes of every step, what it says it cannot, and what an undisturbed run hides. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Aggregates } from '../../src/api/aggregates.ts';
import { countEvictor } from '../../src/api/evictors.ts';
import { job } from '../../src/api/job.ts';
import { sideOutput } from '../../src/api/side-output.ts';
import type { RowStream, Stream } from '../../src/api/stream.ts';
import { countTrigger, endOfStreamTrigger, purging } from '../../src/api/triggers.ts';
import {
  cumulating,
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
} from '../../src/api/windows.ts';
import type { EngineError } from '../../src/base/errors.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { sliceBatch } from '../../src/data/copy.ts';
import { type RowOf, record, t } from '../../src/data/schema.ts';
import { FusedOperator } from '../../src/operator/fused.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { evaluate } from '../../src/testing/naive/evaluate.ts';
import { type SimulatedJobLike, simulate } from '../../src/testing/simulate.ts';
import { monotonous } from '../../src/time/strategies.ts';

const Visit = record({ page: t.string, at: t.timestamp, ms: t.nullable(t.int64) });
type Visit = RowOf<typeof Visit>;

const VISITS: readonly Visit[] = [
  { page: 'a', at: 0, ms: 1n },
  { page: 'b', at: 5, ms: null },
  { page: 'a', at: 9, ms: 4n },
  { page: 'a', at: 12, ms: null },
  { page: 'b', at: 30, ms: null },
];

let jobs = 0;

/** A job with one output. */
function jobOf(steps: (visits: Stream<Visit>) => RowStream<unknown>): SimulatedJobLike {
  return job(import.meta, `naive ${jobs++}`, (flow) => {
    const visits = flow.from(collection(VISITS, Visit), { parallelism: 1 });
    return { out: steps(visits.eventTime('at', monotonous())) as Stream<unknown> };
  });
}

async function evaluated(steps: (visits: Stream<Visit>) => RowStream<unknown>): Promise<unknown> {
  const { ends, because } = await evaluate(jobOf(steps).build({}, true));
  return ends === null ? because : [...ends.values()][0]!.rows;
}

test('windows of each kind', async () => {
  const byPage = (visits: Stream<Visit>) => visits.keyBy('page');
  const bounds = (rows: unknown): unknown =>
    (rows as { page: string; windowStart: number; windowEnd: number; n: unknown }[]).map((row) => [
      row.page,
      row.windowStart,
      row.windowEnd,
      row.n,
    ]);
  const tumbled = await evaluated((visits) =>
    byPage(visits)
      .window(tumbling(10))
      .aggregate(({ sum }) => ({ n: sum('ms') })),
  );
  assert.deepEqual(bounds(tumbled), [
    ['a', 0, 10, 5n],
    ['a', 10, 20, null],
    ['b', 0, 10, null],
    ['b', 30, 40, null],
  ]);
  const slid = await evaluated((visits) =>
    byPage(visits)
      .window(sliding(10, 5))
      .aggregate(({ count }) => ({ n: count() })),
  );
  assert.deepEqual((bounds(slid) as unknown[]).slice(0, 4), [
    ['a', -5, 5, 1],
    ['a', 0, 10, 2],
    ['a', 5, 15, 2],
    ['a', 10, 20, 1],
  ]);
  const sessions = await evaluated((visits) =>
    byPage(visits)
      .window(session(3))
      .aggregate(({ collect }) => ({ n: collect('at') })),
  );
  assert.deepEqual(bounds(sessions), [
    ['a', 0, 3, [0]],
    // They touch.
    ['a', 9, 15, [9, 12]],
    ['b', 5, 8, [5]],
    ['b', 30, 33, [30]],
  ]);
  const cumulated = await evaluated((visits) =>
    byPage(visits)
      .window(cumulating(20, 10))
      .aggregate(({ count }) => ({ n: count() })),
  );
  assert.deepEqual(bounds(cumulated), [
    ['a', 0, 10, 2],
    ['a', 0, 20, 3],
    ['b', 0, 10, 1],
    ['b', 0, 20, 1],
    ['b', 20, 40, 1],
  ]);
});

test('what a job has that cannot be evaluated is told, with the name of the step', async () => {
  const count = ({ count: rows }: Pick<Aggregates<Visit>, 'count'>) => ({ n: rows() });
  const reasons = await Promise.all([
    evaluated((visits) =>
      visits
        .keyBy('page')
        .process({ emits: Visit, onRecord: (row, { emit }) => emit(row) })
        .name('mine'),
    ),
    evaluated((visits) => visits.mapAsync(async (row) => row)),
    evaluated((visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5, { time: 'processing' }))
        .aggregate(count),
    ),
    evaluated((visits) =>
      visits.keyBy('page').window(globalWindow()).trigger(countTrigger(2)).aggregate(count),
    ),
    evaluated((visits) =>
      visits.keyBy('page').window(tumbling(5)).evictor(countEvictor(2)).aggregate(count),
    ),
    evaluated((visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5))
        .process({
          emits: Visit,
          onWindow: ({ watermark, emit }, [row]) => emit({ ...row!, at: watermark }),
        }),
    ),
    evaluated((visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5))
        .reduce((a) => a, {
          emits: Visit,
          onWindow: ({ metrics, emit }, row) =>
            emit({ ...row, at: metrics.meter('windows').count }),
        }),
    ),
    evaluated((visits) => visits.rebalance().fullPartition().aggregate(count)),
    evaluated((visits) => visits.broadcast().map((row) => row)),
    evaluated((visits) =>
      visits
        .map((row) => ({ ...row, at: -row.at }))
        .eventTime('at', monotonous())
        .keyBy('page')
        .window(session(5))
        .aggregate(({ first }) => ({ at: first('at') })),
    ),
    evaluated((visits) =>
      visits
        .coGroup(visits)
        .on('page', 'page')
        .window(tumbling(5))
        .evictor(countEvictor(2))
        .apply((lefts) => lefts),
    ),
    evaluated((visits) =>
      visits
        .coGroup(visits.map((row) => ({ ...row, at: -row.at })).eventTime('at', monotonous()))
        .on('page', 'page')
        .window(session(5))
        .apply((lefts) => lefts),
    ),
  ]);
  assert.deepEqual(reasons, [
    "step 'mine' is a process function",
    "step 'mapAsync' has a function that answers later",
    "step 'window' has windows of processing time",
    "step 'window' has a trigger of its own, count",
    "step 'window' has an evictor",
    "step 'window' has a function of windows that looks at the clock or the watermark",
    "step 'window' has a function that looks at its metrics",
    "step 'aggregate' gives a row for each subtask that has any",
    "step 'map' takes rows that are broadcast",
    "step 'window' makes something of the order of records that come out of it, in sessions",
    "step 'coGroup' has an evictor",
    "step 'coGroup' makes something of the order of records that come out of it, in sessions",
  ]);
});

test('steps without windows, side outputs and windows of records are what the engine makes of them', async () => {
  const late = sideOutput<Visit>('late');
  const beside = sideOutput<object>('beside');
  const steps: readonly ((visits: Stream<Visit>) => RowStream<unknown>)[] = [
    (visits) =>
      visits.flatMap<object>((row, out) => {
        out(row);
        return row.at > 5 ? [row, { page: 'c' }] : [];
      }),
    (visits) => visits.union(visits.filter(({ at }) => at > 5)).project('at', 'page'),
    (visits) => visits.keyBy(({ at }) => at % 2).sum('ms'),
    (visits) => visits.keyBy('page').min('ms'),
    (visits) =>
      visits
        .keyBy('page')
        .window(slidingCount(2, 1))
        .aggregate(({ last, countDistinct, max }) => ({
          last: last('at'),
          different: countDistinct('ms'),
          most: max('ms'),
        })),
    (visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5))
        .lateTo(late)
        .reduce((_, b) => b)
        .sideOutput(late),
    (visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5))
        .process({
          emits: Visit,
          onWindow: ({ key, windowEnd, emit }) => emit({ ...key, at: windowEnd, ms: null }),
        }),
    (visits) => visits.fullPartition().sort('ms', 'descending'),
    (visits) =>
      visits.fullPartition().reduce((a, b) => ({ page: a.page, at: a.at + b.at, ms: null })),
    (visits) =>
      visits
        .keyBy('page')
        .intervalJoin(visits.keyBy('page'))
        .between(-5, 5)
        .process({
          emits: Visit,
          onPair: (a, _, { timestamp, emit }) => emit({ ...a, at: timestamp }),
        }),
    (visits) =>
      visits
        .keyBy('page')
        .window(tumbling(5))
        .process({
          emits: Visit,
          onWindow(ctx, rows) {
            ctx.metrics.counter('windows').add();
            ctx.output(beside, { ...ctx.key, rows: rows.length });
          },
          onClear: ({ output, windowEnd }) => output(beside, { over: windowEnd }),
        })
        .sideOutput(beside)
        .windowAll(tumbling(5))
        .aggregate(({ count }) => ({ sent: count() })),
    (visits) =>
      visits
        .keyBy('page')
        .intervalJoin(visits.keyBy('page'))
        .between(-5, 5)
        .process({
          emits: Visit,
          onPair: (a, b, { output, timestamp }) => output(beside, { a, b, timestamp }),
        })
        .sideOutput(beside),
    (visits) =>
      visits
        .join(visits)
        .on('page', 'page')
        .window(session(5))
        .apply((a, b) => a.at - b.at),
    (visits) =>
      visits
        .coGroup(visits.filter(({ at }) => at > 5))
        .on(
          ({ at }) => at % 2,
          ({ at }) => at % 3,
        )
        .window(session(({ at }) => at + 1))
        .apply((lefts, rights) => [lefts.map(({ at }) => at), rights.length]),
    (visits) =>
      visits
        .coGroup(visits)
        .on('page', 'page')
        .window(globalWindow())
        .trigger(purging(endOfStreamTrigger()))
        .apply((lefts, rights, out) => out([lefts.length, rights.length])),
  ];
  for (const step of steps) {
    const { oracle, rows } = await simulate(jobOf(step), { seed: 1, oracle: 'naive' });
    assert.equal(oracle, 'naive');
    assert.ok(Object.values(rows).length === 1);
    if (step.toString().includes('beside')) assert.ok(Object.values(rows)[0]! > 1);
  }
});

/** Loses every record of page b, whatever happens. */
async function withBrokenMap<T>(work: () => Promise<T>): Promise<T> {
  const { processBatch } = FusedOperator.prototype;
  FusedOperator.prototype.processBatch = function lossy(batch) {
    for (const [i, row] of batch.rowObjects().entries()) {
      if ((row as Visit).page !== 'b') processBatch.call(this, sliceBatch(batch, i, i + 1));
    }
  };
  try {
    return await work();
  } finally {
    FusedOperator.prototype.processBatch = processBatch;
  }
}

test('an operator that is wrong without any fault is found out by the naive evaluation alone', async () => {
  const mapped = jobOf((visits) => visits.map(({ page }) => page));
  await withBrokenMap(async () => {
    const { oracle, rows } = await simulate(mapped, { seed: 3, oracle: 'undisturbed' });
    assert.deepEqual([oracle, Object.values(rows)], ['undisturbed', [3]]);
    await assert.rejects(simulate(mapped, { seed: 3 }), ({ code, message }: EngineError) => {
      assert.equal(code, 'SIMULATION_FAILED');
      assert.match(
        message,
        /committed 3 rows where by a naive evaluation of the job 5 were to come/,
      );
      assert.match(message, /missing 'b', 'b'; too many none/);
      assert.doesNotMatch(message, /round \d/, 'no fault is needed');
      return true;
    });
  });
});

test('a simulation says what a job was held against, and refuses one that has no evaluation where that is wanted', async () => {
  const asked = jobOf((visits) => visits.mapAsync(async (row) => row));
  const because = "step 'mapAsync' has a function that answers later";
  const { oracle, notEvaluated } = await simulate(asked, { seed: 1 });
  assert.deepEqual([oracle, notEvaluated], ['undisturbed', because]);
  const lines: string[] = [];
  await simulate.replay(asked, 1, {}, (line) => void lines.push(line));
  assert.match(
    lines.join('\n'),
    /held against an undisturbed run of the job, since step 'mapAsync'/,
  );
  await assert.rejects(simulate(asked, { seed: 1, oracle: 'naive' }), {
    code: 'JOB_DEFINITION',
    message: `job '${asked.name}' has no naive evaluation: ${because}; leave the oracle out, and an undisturbed run takes its place`,
  });
});

/** Loses the first record of each batch. */
async function withBrokenRolling(work: () => Promise<void>): Promise<void> {
  const { processBatch } = StreamRollingOperator.prototype;
  StreamRollingOperator.prototype.processBatch = function lossy(batch) {
    processBatch.call(this, sliceBatch(batch, 1, batch.rowCount));
  };
  try {
    await work();
  } finally {
    StreamRollingOperator.prototype.processBatch = processBatch;
  }
}

test('of rolling aggregations over several subtasks the last row of each key is sure, and how many there are', async () => {
  const rows = Array.from({ length: 200 }, (_, n) => ({
    page: `page ${n % 3}`,
    at: n,
    ms: BigInt(n),
  }));
  const summed = job(import.meta, 'rolling', (flow) => {
    const [one, two] = [flow.from(collection(rows, Visit)), flow.from(collection(rows, Visit))];
    const both = one.union(two).map(({ page, ms }) => ({ page, ms }));
    return { out: both.keyBy('page').reduce((a, b) => ({ page: a.page, ms: a.ms! + b.ms! })) };
  });
  const clicks = { seed: 0, oracle: 'naive' } as const;
  for (let seed = 0; seed < 10; seed++) await simulate(summed, { ...clicks, seed });
  await withBrokenRolling(async () => {
    await assert.rejects(
      simulate(summed, clicks),
      /missing the last of 134 rows of a key: \{ ms: /,
    );
  });
});

test('0 and -0 are one key, which results have as 0', async () => {
  const numbers = jobOf((visits) =>
    visits
      .keyBy(({ at }) => (at === 0 ? -0 : at % 5))
      .window(tumbling(100))
      .aggregate(({ count }) => ({ n: count() })),
  );
  const { ends } = await evaluate(numbers.build({}, true));
  const [{ key }] = [...ends!.values()][0]!.rows as readonly [{ key: number }];
  assert.ok(Object.is(key, 0));
  await simulate(numbers, { seed: 1, oracle: 'naive' });
});
