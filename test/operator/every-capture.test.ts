/**
 * Every step with state, captured while it goes on: what is restored is the state at the barrier, whatever batches and
 * watermarks come between the slices of the snapshot. Against a capture that nothing came between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pattern } from '../../src/api/cep/pattern.ts';
import { type } from '../../src/api/emits.ts';
import { countEvictor } from '../../src/api/evictors.ts';
import { job } from '../../src/api/job.ts';
import { aggregating, list, map, reducing, value } from '../../src/api/state.ts';
import type { Stream } from '../../src/api/stream.ts';
import {
  continuousEventTimeTrigger,
  countTrigger,
  deltaTrigger,
  purging,
} from '../../src/api/triggers.ts';
import {
  customWindow,
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
} from '../../src/api/windows.ts';
import { Random } from '../../src/base/random.ts';
import { collection } from '../../src/connector/collection/collection.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, t } from '../../src/data/schema.ts';
import { createOperator } from '../../src/operator/create-operator.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { StoredState } from '../../src/task/restored-state.ts';
import { textOf } from '../../src/testing/rows.ts';
import { monotonous } from '../../src/time/strategies.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';

const Row = record({ key: t.int32, n: t.int32, text: t.string });
type Row = { key: number; n: number; text: string };
type Rows = Stream<Row>;

const KEYS = 1500;
const BATCH_ROWS = 400;

const summed = (a: Row, b: Row): Row => ({ ...a, n: a.n + b.n, text: b.text });
const keptTotal = {
  create: () => ({ texts: [] as string[], total: 0 }),
  add(so: { texts: string[]; total: number }, row: Row) {
    so.total += row.n;
    so.texts.push(row.text);
    return so;
  },
  merge: (a: { texts: string[]; total: number }, b: { texts: string[]; total: number }) => ({
    texts: [...a.texts, ...b.texts],
    total: a.total + b.total,
  }),
  result: (so: { texts: string[]; total: number }) => so,
};
const allOf = {
  emits: type<unknown>(),
  onWindow({ key, emit }: { key: object; emit: (row: unknown) => void }, rows: readonly Row[]) {
    emit({ ...key, rows: rows.map(({ n, text }) => `${n} ${text}`) });
  },
};

const STEPS: Readonly<Record<string, (rows: Rows) => unknown>> = {
  'numbers of tumbling windows': (rows) =>
    rows
      .keyBy('key')
      .window(tumbling(40))
      .aggregate(({ count, sum }) => ({ count: count(), n: sum('n') })),
  'objects of sliding windows': (rows) =>
    rows
      .keyBy('key')
      .window(sliding(40, 20))
      .aggregate(({ aggregate }) => ({ total: aggregate(keptTotal) })),
  'a row of tumbling windows': (rows) => rows.keyBy('key').window(tumbling(40)).reduce(summed),
  'all rows of tumbling windows': (rows) => rows.keyBy('key').window(tumbling(40)).process(allOf),
  'all rows of sliding windows, with lateness': (rows) =>
    rows.keyBy('key').window(sliding(60, 10)).allowedLateness(30).process(allOf),
  'numbers of sessions': (rows) =>
    rows
      .keyBy('key')
      .window(session(15))
      .aggregate(({ sum }) => ({ n: sum('n') })),
  'a row of sessions, with lateness': (rows) =>
    rows.keyBy('key').window(session(15)).allowedLateness(25).reduce(summed),
  'objects of sessions whose gap is told by a row': (rows) =>
    rows
      .keyBy('key')
      .window(session((row: Row) => 5 + (row.n % 20)))
      .aggregate(({ aggregate }) => ({ total: aggregate(keptTotal) })),
  'windows of a function': (rows) =>
    rows
      .keyBy('key')
      .window(
        customWindow({
          assign: (row: Row, time) => [{ windowStart: time - (row.n % 7), windowEnd: time + 30 }],
        }),
      )
      .process(allOf),
  'windows that fire by count, and are purged': (rows) =>
    rows
      .keyBy('key')
      .window(globalWindow())
      .trigger(purging(countTrigger(3)))
      .process(allOf),
  'windows that fire early': (rows) =>
    rows
      .keyBy('key')
      .window(tumbling(80))
      .trigger(continuousEventTimeTrigger(20))
      .aggregate(({ count, sum }) => ({ count: count(), n: sum('n') })),
  'windows that fire by a difference, with an evictor': (rows) =>
    rows
      .keyBy('key')
      .window(globalWindow())
      .trigger(deltaTrigger(5, (a: Row, b: Row) => b.n - a.n))
      .evictor(countEvictor(4))
      .process(allOf),
  'windows of so many rows': (rows) =>
    rows
      .keyBy('key')
      .window(tumblingCount(4))
      .aggregate(({ count, sum }) => ({ count: count(), n: sum('n') })),
  'objects of windows of so many rows': (rows) =>
    rows
      .keyBy('key')
      .window(slidingCount(4, 2))
      .aggregate(({ sum, aggregate }) => ({ n: sum('n'), total: aggregate(keptTotal) })),
  'a rolling sum': (rows) => rows.keyBy('key').sum('n'),
  'a rolling reduction': (rows) => rows.keyBy('key').reduce(summed),
  'states of a function, and timers': (rows) =>
    rows.keyBy('key').process({
      emits: type<unknown>(),
      state: {
        typed: value(t.float64),
        object: value(type<{ texts: string[] }>()),
        list: list(t.int32),
        map: map(t.string, t.int32),
        most: reducing(t.int32, Math.max),
        total: aggregating(keptTotal),
      },
      onRecord(row, { state, timers, timestamp }) {
        state.typed.set((state.typed.get() ?? 0) + row.n);
        const object = state.object.get() ?? { texts: [] };
        object.texts.push(row.text);
        state.object.set(object);
        state.list.add(row.n);
        state.map.set(row.text, row.n);
        state.most.add(row.n);
        state.total.add(row);
        if (row.n % 5 === 0) timers.eventTime(timestamp! + 25);
        if (row.n % 11 === 0) state.map.clear();
      },
      onTimer(_, { key, state, emit }) {
        emit({
          ...key,
          typed: state.typed.get(),
          texts: state.object.get()?.texts.slice(),
          list: [...state.list.get()],
          map: [...state.map.entries()].map(String).sort(),
          most: state.most.get(),
          total: state.total.get(),
        });
        state.list.clear();
      },
    }),
  'a pattern': (rows) =>
    rows
      .keyBy('key')
      .match(
        pattern<Row>()
          .begin('first', (row) => row.n % 2 === 0)
          .followedBy('second', (row) => row.n % 2 === 1)
          .within(50),
      )
      .select(({ first, second }) => ({ key: first[0].key, from: first[0].n, to: second[0].n })),
};

/** The operator of the last step of a job. */
function operatorOf(name: string): Operator {
  const built = job(import.meta, name, (flow) => {
    const rows = flow.from(collection<Row>([], Row)).eventTime('n', monotonous());
    return { out: STEPS[name]!(rows) as Rows };
  }).build({}, true);
  const { graph, bindings } = built;
  const [collected] = built.outputs.values();
  const last = graph.nodes[collected!]!.inputs[0]!.from;
  const before = graph.nodes[last]!.inputs[0]!.from;
  // The halves of an aggregation are one operator.
  const isInHalves = graph.nodes[before]!.operator.type === 'preAggregate';
  const plans = (isInHalves ? [before, last] : [last]).map((id) => {
    const { name: named, operator } = graph.nodes[id]!;
    const { functions, sink } = bindings[id]!;
    return { name: named, spec: operator, functions, sink };
  });
  return createOperator(plans, { schemas: [Row, null], runId: 'alone', isBatch: false });
}

type Alone = OneSubtask<Operator, unknown>;
const alone = (name: string, states: readonly StoredState[] = []): Alone =>
  new OneSubtask<Operator, unknown>(operatorOf(name), ALONE, states);

/** Batches of keys at random, times that mostly rise, and watermarks behind them. */
class Feed {
  readonly #random: Random;
  #time: number;

  constructor(seed: number, time: number) {
    this.#random = new Random(seed);
    this.#time = time;
  }

  push(into: readonly Alone[]): void {
    const random = this.#random;
    const rows = Array.from({ length: BATCH_ROWS }, () => ({
      row: { key: random.below(KEYS), n: random.below(100), text: 'abc'[random.below(3)]! },
      time: this.#time + random.below(20),
    }));
    this.#time += random.below(6);
    const watermark = random.below(3) === 0 ? this.#time - 10 : null;
    for (const { operator } of into) {
      const builder = new BatchBuilder(Row, BATCH_ROWS);
      for (const { row, time } of rows) builder.appendRow(row, time);
      operator.processBatch(builder.seal(), 0);
      if (watermark === null) continue;
      operator.processWatermark(watermark);
      while (operator.hasPendingWork === true) operator.resume!();
    }
  }
}

const STEPS_AT_ONCE = [1, 3] as const;

for (const name of Object.keys(STEPS)) {
  for (const stepsAtOnce of STEPS_AT_ONCE) {
    test(`${name}: captured as they were at the barrier, ${stepsAtOnce} slices behind each batch`, () => {
      const still = alone(name);
      const going = alone(name);
      const before = new Feed(5, 100);
      for (let n = 0; n < 25; n++) before.push([still, going]);
      for (const rig of [still, going]) rig.barrier();
      still.finish();
      const between = new Feed(6, 160);
      let batches = 0;
      while (going.snapshot.isActive) {
        between.push([going]);
        batches++;
        for (let n = 0; n < stepsAtOnce && going.snapshot.isActive; n++) going.snapshot.step(true);
      }
      assert.ok(batches > 0, 'batches have come between');
      const again = [still, going].map((rig) => alone(name, rig.states()));
      const behind = new Feed(7, 150);
      for (let n = 0; n < 10; n++) behind.push(again);
      for (const { operator } of again) {
        operator.processWatermark(Infinity);
        while (operator.hasPendingWork === true) operator.resume!();
      }
      const [expected, found] = again.map(({ results }) => results.map(textOf).sort());
      assert.ok(expected!.length > 100, `${expected!.length} results`);
      assert.deepEqual(found, expected);
    });
  }
}
