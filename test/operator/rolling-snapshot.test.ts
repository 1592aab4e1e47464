/**
 * Snapshots of rolling aggregations: in batch, whose values change where they are, between slices and behind the results, and of
 * reduces whose values have the key in them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { Batch } from '../../src/data/batch.ts';
import { FixedColumn } from '../../src/data/column.ts';
import { record, t } from '../../src/data/schema.ts';
import { BatchRollingOperator } from '../../src/operator/rolling-batch.ts';
import type { RollingOperator } from '../../src/operator/rolling-operator.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { type StoredState, StoredStates } from '../../src/task/restored-state.ts';
import { SubtaskSnapshot } from '../../src/task/subtask-snapshot.ts';
import { MemorySnapshots } from '../../src/testing/memory-snapshot.ts';

type Row = { key: number; n: number };
const SHARE = { subtask: 0, parallelism: 1, maxParallelism: 128 };

/** One subtask of a sum by key, or of another rolling aggregation. */
class Rig {
  readonly out: unknown[] = [];
  readonly written = new MemorySnapshots();
  readonly snapshot = new SubtaskSnapshot(0, this.written);
  readonly operator: RollingOperator;

  constructor(states: readonly StoredState[] = [], operator: RollingOperator = sumByKey()) {
    this.operator = operator;
    this.operator.open(
      {
        name: 'sum',
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
        job: { name: 'alone', id: 'alone', attempt: 0 },
        isCheckpointed: true,
        isIncremental: false,
        isBatch: true,
        restored: new StoredStates(states, SHARE),
        snapshot: (checkpoint) => this.snapshot.writer(0, checkpoint),
        wake() {},
        prepareCommit() {},
        onMetric() {},
      },
      {
        isReady: true,
        emit: (batch) => {
          for (const [i, row] of (batch.rowObjects() as readonly Row[]).entries()) {
            this.out.push({ ...row, at: batch.timestamps![i] });
          }
        },
        watermark: (watermark) => this.out.push(watermark),
        idle() {},
        barrier: (checkpoint) => this.out.push(`barrier ${checkpoint}`),
        end() {},
      },
    );
  }

  /** `n` for each of so many keys, at a time. */
  push(keys: number, n: number, at: number): void {
    for (let from = 0; from < keys; from += 4096) {
      const rowCount = Math.min(4096, keys - from);
      const rows = Array.from({ length: rowCount }, (_, i): Row => ({ key: from + i, n }));
      const timestamps = new Float64Array(rowCount).fill(at);
      this.operator.processBatch(new Batch({ rowCount, schema: null, rows, timestamps }));
    }
  }

  barrier(): void {
    this.snapshot.begin(1);
    this.operator.processBarrier(1);
  }

  /** The snapshot, once all of it has been written. */
  states(): readonly StoredState[] {
    while (this.snapshot.isActive) this.snapshot.step(true);
    return this.written.statesOf(1, () => ({ index: 0, parallelism: 1 }), new Map()).get(0) ?? [];
  }
}

function sumByKey(): RollingOperator {
  return new BatchRollingOperator({
    key: { kind: 'fields', fields: ['key'] },
    rolling: { kind: 'sum', field: 'n' },
    inputSchema: null,
    functions: [],
  });
}

const KEYS = 20_000;

test('values that change while a snapshot is written are in it as they were', () => {
  const first = new Rig();
  first.push(KEYS, 1, 10);
  first.barrier();
  for (let round = 0; round < 3; round++) {
    first.snapshot.step(true);
    first.push(KEYS, 100, 20);
  }
  const second = new Rig(first.states());
  second.push(1, 5, 30);
  second.operator.processWatermark(Infinity);
  const rows = second.out.slice(0, -1) as (Row & { at: number })[];
  assert.equal(rows.length, KEYS);
  for (const { key, n, at } of rows) {
    assert.deepEqual([key, n, at], key === 0 ? [0, 6, 30] : [key, 1, 10]);
  }
});

test('a barrier between the results and the end keeps none of them', () => {
  const rig = new Rig();
  const rows: readonly Row[] = [
    { key: 1, n: 5 },
    { key: 1, n: 3 },
  ];
  const timestamps = Float64Array.of(7, 4);
  rig.operator.processBatch(new Batch({ rowCount: 2, schema: null, rows: [...rows], timestamps }));
  rig.operator.processWatermark(Infinity);
  rig.barrier();
  assert.deepEqual(rig.out, [{ key: 1, n: 8, at: 4 }, Infinity, 'barrier 1']);
  assert.deepEqual(rig.states(), []);
  assert.equal(rows[0]!.n, 5, 'a row of somebody else was changed');
});

const Rows = record({ n: t.int32, key: t.int32 });

function reducing(join: (value: Row, row: Row) => Row): RollingOperator {
  return new StreamRollingOperator({
    key: { kind: 'fields', fields: ['key'] },
    rolling: { kind: 'reduce' },
    inputSchema: Rows,
    functions: [join],
  });
}

/** A row for each of so many keys, all in one batch. */
function rowsOfKeys(keys: number, n: number): Batch {
  return new Batch({
    rowCount: keys,
    schema: Rows,
    columns: [
      new FixedColumn('int32', new Int32Array(keys).fill(n)),
      new FixedColumn(
        'int32',
        Int32Array.from({ length: keys }, (_, key) => key),
      ),
    ],
    timestamps: Float64Array.from({ length: keys }, (_, key) => key),
    isTransient: true,
  });
}

/** The key is handed on, and not kept beside the values. */
const sum = (a: Row, b: Row): Row => ({ n: a.n + b.n, key: a.key });

test('a reduce that hands its key on gives the rows of a batch in parts, and goes on from a snapshot', () => {
  const first = new Rig([], reducing(sum));
  first.operator.processBatch(rowsOfKeys(KEYS, 1));
  first.operator.processBatch(rowsOfKeys(KEYS, 2));
  const expected = (n: number) => Array.from({ length: KEYS }, (_, key) => ({ n, key, at: key }));
  assert.deepEqual(first.out, [...expected(1), ...expected(3)]);
  first.barrier();
  const second = new Rig(first.states(), reducing(sum));
  second.operator.processBatch(rowsOfKeys(KEYS, 4));
  assert.deepEqual(second.out, expected(7));
});

test('values of another function keep the keys that it gave them', () => {
  const first = new Rig(
    [],
    reducing(({ n, key }, b) => ({ n: n + b.n, key: key + 100 })),
  );
  first.operator.processBatch(rowsOfKeys(10, 1));
  first.operator.processBatch(rowsOfKeys(5, 1));
  first.barrier();
  const second = new Rig(first.states(), reducing(sum));
  second.operator.processBatch(rowsOfKeys(10, 1));
  const keyOf = (key: number): number => (key < 5 ? key + 100 : key);
  assert.deepEqual(
    second.out,
    Array.from({ length: 10 }, (_, at) => ({ n: at < 5 ? 3 : 2, key: keyOf(at), at })),
  );
});
