/** Operators that make columns of rows give several batches where rows are large. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BATCH_BYTES } from '../../src/base/limits.ts';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, type Schema, t } from '../../src/data/schema.ts';
import { AsOperator } from '../../src/operator/as.ts';
import type { ImmediateOperator } from '../../src/operator/immediate-operator.ts';
import type { OperatorContext, Output } from '../../src/operator/operator.ts';
import { StreamRollingOperator } from '../../src/operator/rolling-stream.ts';
import { NO_STATE } from '../../src/state/snapshot.ts';

const Row = record({ n: t.int32, text: t.string }) as Schema;
const HEAVY = 100_000;

const OPERATORS: Readonly<Record<string, () => ImmediateOperator>> = {
  as: () => new AsOperator(Row.fields),
  rolling: () =>
    new StreamRollingOperator({
      key: { kind: 'fields', fields: ['n'] },
      rolling: { kind: 'maxBy', field: 'n' },
      inputSchema: Row,
      functions: [],
    }),
};

/** Typed rows n from `from` on, at time 10 n. */
function rowsFrom(from: number, count: number, text: string): Batch {
  const builder = new BatchBuilder(Row, count);
  for (let n = from; n < from + count; n++) builder.appendRow({ n, text }, n * 10);
  return builder.seal();
}

for (const [name, make] of Object.entries(OPERATORS)) {
  test(`${name}: heavy rows leave in several batches, each once and in order`, () => {
    const operator = make();
    const got: { n: number; time: number }[] = [];
    const counts: number[] = [];
    const output: Output = {
      isReady: true,
      emit: (batch) => {
        counts.push(batch.rowCount);
        const rows = batch.rowObjects() as readonly { n: number }[];
        for (const [i, { n }] of rows.entries()) got.push({ n, time: batch.timestamps![i]! });
      },
      watermark() {},
      barrier() {},
      idle() {},
      end() {},
    };
    const metrics = {
      recordsIn: 0,
      recordsOut: 0,
      lateRecords: 0,
      skippedRecords: 0,
      bytesRead: 0,
      bytesWritten: 0,
    };
    operator.open({ name, metrics, restored: NO_STATE } as unknown as OperatorContext, output);
    const text = 'x'.repeat(HEAVY);
    for (let from = 0; from < 60; from += 30) {
      operator.processBatch(rowsFrom(from, 30, text));
    }
    assert.deepEqual(
      got,
      Array.from({ length: 60 }, (_, n) => ({ n, time: n * 10 })),
    );
    assert.deepEqual([metrics.recordsIn, metrics.recordsOut], [60, 60]);
    const most = Math.max(...counts) * HEAVY;
    assert.ok(most > BATCH_BYTES / 2 && most < 2 * BATCH_BYTES, `${most} bytes`);
  });
}
