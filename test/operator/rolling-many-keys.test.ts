/**
 * Rolling aggregations of so many keys that their state grows where it lies and is read ahead, against a plain map: with a
 * snapshot in the middle, which is written while records come, and a second operator that goes on from it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import type { RollingSpec } from '../../src/operator/rolling.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { type StoredState, StoredStates } from '../../src/task/restored-state.ts';
import { SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';
import { MemorySnapshots } from '../../src/testing/memory-snapshot.ts';

const KEYS = 150_000;
const BATCH = 4096;
/** Rows of a run, of which each key has some. */
const ROWS = KEYS * 3;
const SHARE = { subtask: 0, parallelism: 1, maxParallelism: 128 };

type Join = (value: never, row: never) => unknown;

class Rig {
  readonly out: unknown[] = [];
  readonly #written = new MemorySnapshots();
  readonly snapshot = new SubtaskSnapshot(0, this.#written);
  readonly #operator: StreamRollingOperator;
  readonly #schema: Schema;

  constructor(
    schema: Schema,
    rolling: RollingSpec,
    join: Join | null,
    states: readonly StoredState[],
  ) {
    this.#schema = schema;
    this.#operator = new StreamRollingOperator({
      key: { kind: 'fields', fields: ['key'] },
      rolling,
      inputSchema: schema,
      functions: join === null ? [] : [join],
    });
    this.#operator.open(
      {
        name: 'rolling',
        ...SHARE,
        clock: new VirtualClock(0),
        watermarkIntervalMs: 10,
        metrics: {
          recordsIn: 0,
          recordsOut: 0,
          lateRecords: 0,
          skippedRecords: 0,
          bytesRead: 0,
          bytesWritten: 0,
        },
        isCheckpointed: true,
        isIncremental: false,
        isBatch: false,
        restored: new StoredStates(states, SHARE),
        snapshot: (checkpoint) => this.snapshot.writer(0, checkpoint),
        wake() {},
        prepareCommit() {},
        onMetric() {},
      },
      {
        isReady: true,
        emit: (batch) => this.out.push(...batch.rowObjects()),
        watermark() {},
        idle() {},
        barrier() {},
        end() {},
      },
    );
  }

  push(rows: readonly unknown[]): void {
    const builder = new BatchBuilder(this.#schema, rows.length);
    for (const row of rows) builder.appendRow(row);
    this.#operator.processBatch(builder.seal());
  }

  barrier(): void {
    this.snapshot.begin(1);
    this.#operator.processBarrier(1);
  }

  states(): readonly StoredState[] {
    while (this.snapshot.isActive) this.snapshot.step(true);
    return this.#written.statesOf(1, () => ({ index: 0, parallelism: 1 }), new Map()).get(0) ?? [];
  }
}

type Case<Row> = {
  readonly schema: Schema<Row>;
  readonly rolling: RollingSpec;
  /** Given to the operator where it is a reduce; for all, what the model does. */
  readonly join: (value: Row, row: Row) => Row;
  readonly row: (key: number, i: number) => Row;
};

function agrees<Row>({ schema, rolling, join, row }: Case<Row>): void {
  const rig = (states: readonly StoredState[]): Rig =>
    new Rig(schema as Schema, rolling, rolling.kind === 'reduce' ? (join as Join) : null, states);
  const kept = new Map<number, Row>();
  const joined = (key: number, next: Row): Row => {
    const value = kept.get(key);
    const result = value === undefined ? next : join(value, next);
    kept.set(key, result);
    return result;
  };
  const batches = Array.from({ length: Math.ceil(ROWS / BATCH) }, (_, b) => {
    const rows = Math.min(BATCH, ROWS - b * BATCH);
    return Array.from({ length: rows }, (_, n) => {
      const i = b * BATCH + n;
      const key = (i * 7919) % KEYS;
      const next = row(key, i);
      return { next, wanted: joined(key, next) };
    });
  });
  const half = batches.length >> 1;
  const check = (on: Rig, from: number, to: number): void => {
    for (const batch of batches.slice(from, to)) {
      on.push(batch.map(({ next }) => next));
      const wanted = batch.map(({ wanted }) => wanted);
      assert.deepEqual(on.out.splice(0), wanted);
    }
  };
  const first = rig([]);
  check(first, 0, half);
  first.barrier();
  for (let b = half; b < half + 6; b++) {
    check(first, b, b + 1);
    first.snapshot.step(true);
  }
  check(rig(first.states()), half, batches.length);
}

const Numbers = record({ key: t.int32, n: t.int32, price: t.float64, at: t.timestamp });

test('a reduce whose rows are numbers', () => {
  agrees<RowOf<typeof Numbers>>({
    schema: Numbers,
    rolling: { kind: 'reduce' },
    join: (value, row) => ({
      key: value.key,
      n: (value.n + row.n) | 0,
      price: value.price + row.price,
      at: row.at,
    }),
    row: (key, i) => ({ key, n: i - 1000, price: i / 4, at: i }),
  });
});

const Mixed = record({
  n: t.int32,
  key: t.int32,
  paid: t.boolean,
  price: t.nullable(t.float64),
  note: t.string,
  big: t.int64,
});
const mixed = (key: number, i: number): RowOf<typeof Mixed> => ({
  n: (i * 31) % 1000,
  key,
  paid: i % 3 === 0,
  price: i % 5 === 0 ? null : i / 8,
  note: `note ${i % 17} ${'x'.repeat(i % 40)}`,
  big: BigInt(i),
});

test('a sum beside fields of all kinds', () => {
  agrees<RowOf<typeof Mixed>>({
    schema: Mixed,
    rolling: { kind: 'sum', field: 'big' },
    join: (value, row) => ({ ...value, big: value.big + row.big }),
    row: mixed,
  });
});

test('the row with the least number, of fields of all kinds', () => {
  agrees<RowOf<typeof Mixed>>({
    schema: Mixed,
    rolling: { kind: 'minBy', field: 'n' },
    join: (value, row) => (row.n < value.n ? row : value),
    row: mixed,
  });
});

test('a reduce that picks one of two rows, of fields of all kinds', () => {
  agrees<RowOf<typeof Mixed>>({
    schema: Mixed,
    rolling: { kind: 'reduce' },
    join: (value, row) => (row.n >= value.n ? row : value),
    row: mixed,
  });
});
