/** Free-form rows as columns, where one does not fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import type { StringColumn } from '../../src/data/column.ts';
import { RowEncoder } from '../../src/data/row-encoder.ts';

type Row = { first: string | null; n: unknown; last: string };

const FITTING: readonly Row[] = [
  { first: 'a', n: 1, last: 'x' },
  { first: null, n: 2, last: 'yy' },
];
/** Fits up to its second field. */
const MISFITS: readonly Row[] = [
  { first: 'half a row', n: 'no number', last: 'z' },
  { first: null, n: 'no number', last: 'z' },
  { first: 'two bytes a unit: 漢', n: 'no number', last: 'z' },
];

function batchOf(rows: readonly unknown[]): Batch {
  const timestamps = Float64Array.from(rows, (_, i) => i);
  return new Batch({ rowCount: rows.length, schema: null, rows, timestamps });
}

/** Appends rows as far as they fit. */
function append(encoder: RowEncoder, rows: readonly unknown[], builder: BatchBuilder): number {
  const selection = Int32Array.from(rows, (_, i) => i);
  return encoder.append(batchOf(rows), selection, 0, rows.length, builder);
}

for (const misfit of MISFITS) {
  test(`a row that does not fit leaves no half behind: ${JSON.stringify(misfit)}`, () => {
    const encoder = new RowEncoder();
    encoder.adapt(FITTING, Int32Array.of(0, 1), 0, 2);
    const builder = new BatchBuilder(encoder.schema, 8);
    assert.equal(append(encoder, [...FITTING, misfit, FITTING[0]], builder), 2);

    const batch = builder.seal();
    assert.equal(batch.rowCount, 2);
    assert.deepEqual(batch.rowObjects(), FITTING);
    const [first, n, last] = batch.columns as [StringColumn, StringColumn, StringColumn];
    for (const { entries } of [first, last]) assert.equal(entries.count, 2);
    for (const { absent } of [first, n, last]) {
      if (absent !== null) assert.deepEqual([...absent.subarray(2)], [0, 0, 0, 0, 0, 0]);
    }
  });

  test(`rows that fit go on behind one that did not: ${JSON.stringify(misfit)}`, () => {
    const encoder = new RowEncoder();
    encoder.adapt(FITTING, Int32Array.of(0, 1), 0, 2);
    const builder = new BatchBuilder(encoder.schema, 8);
    append(encoder, [...FITTING, misfit], builder);
    const more = [{ first: 'b', n: 3, last: '' }, FITTING[1]];
    assert.equal(append(encoder, more, builder), 2);
    const batch = builder.seal();
    assert.deepEqual(batch.rowObjects(), [...FITTING, ...more]);
    assert.deepEqual([...batch.timestamps!.subarray(0, 4)], [0, 1, 0, 1]);
  });
}
