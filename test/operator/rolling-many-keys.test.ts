/**
 * Rolling aggregations of so many keys that their state grows where it lies and is read ahead, against a plain map: with a
 * snapshot in the middle, which is written while records come, and a second operator that goes on from it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { type RowOf, record, type Schema, t } from '../../src/data/schema.ts';
import type { RollingSpec } from '../../src/operator/rolling.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import type { StoredState } from '../../src/task/restored-state.ts';
import { ALONE, OneSubtask } from './one-subtask.ts';

const KEYS = 150_000;
const BATCH = 4096;
/** Rows of a run, of which each key has some. */
const ROWS = KEYS * 3;

type Case<Row> = {
  readonly schema: Schema<Row>;
  readonly rolling: RollingSpec;
  /** Given to the operator where it is a reduce; for all, what the model does. */
  readonly join: (value: Row, row: Row) => Row;
  readonly row: (key: number, i: number) => Row;
};

function agrees<Row>({ schema, rolling, join, row }: Case<Row>): void {
  const alone = (states: readonly StoredState[]): OneSubtask<StreamRollingOperator, Row> => {
    const key = { kind: 'fields', fields: ['key'] } as const;
    const functions = rolling.kind === 'reduce' ? [join] : [];
    const options = { key, rolling, inputSchema: schema as Schema, functions };
    return new OneSubtask(new StreamRollingOperator(options), ALONE, states);
  };
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
  const check = (on: ReturnType<typeof alone>, from: number, to: number): void => {
    for (const batch of batches.slice(from, to)) {
      const builder = new BatchBuilder(schema as Schema, batch.length);
      for (const { next } of batch) builder.appendRow(next);
      on.operator.processBatch(builder.seal());
      const wanted = batch.map(({ wanted }) => wanted);
      assert.deepEqual(on.results.splice(0), wanted);
    }
  };
  const first = alone([]);
  check(first, 0, half);
  first.barrier();
  for (let b = half; b < half + 6; b++) {
    check(first, b, b + 1);
    first.snapshot.step(true);
  }
  first.finish();
  check(alone(first.states()), half, batches.length);
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
  by: t.nullable(t.string),
  big: t.int64,
});
const mixed = (key: number, i: number): RowOf<typeof Mixed> => ({
  // The second and the third row of a key have another than the first.
  n: (i * 31 + Math.floor(i / KEYS) * 577) % 1000,
  key,
  paid: i % 3 === 0,
  price: i % 5 === 0 ? null : i / 8,
  note: `note ${i % 17} ${'x'.repeat(i % 40)}`,
  by: i % 7 === 0 ? null : `${i % 3} €`.repeat(i % 5),
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
