/** Rows that a filter has let pass: those, in their order, whatever their kinds and however many follow each other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { FixedColumn } from '../../src/data/column.ts';
import { ownedCopy } from '../../src/data/copy.ts';
import { RowSelector } from '../../src/data/row-selector.ts';
import { record, t } from '../../src/data/schema.ts';
import { SelectedValues, SelectionMemory } from '../../src/data/selected-values.ts';

const Row = record({
  n: t.int32,
  x: t.float64,
  big: t.int64,
  flag: t.boolean,
  at: t.timestamp,
  word: t.string,
  note: t.nullable(t.float64),
});

const ROWS = 200;

function rows(): Batch {
  const builder = new BatchBuilder(Row, ROWS);
  for (let i = 0; i < ROWS; i++) {
    const note = i % 3 === 0 ? null : i / 4;
    builder.appendRow(
      { n: i, x: i / 2, big: BigInt(i), flag: i % 2 === 1, at: i, word: `w${i}`, note },
      i * 10,
    );
  }
  return builder.seal();
}

function numbersOf(batch: Batch): number[] {
  return batch.rowObjects().map((row) => (row as { n: number }).n);
}

/** Runs of rows, some long and some of one row. */
function drawn(random: Random, of: number): Int32Array {
  const chosen: number[] = [];
  for (let i = 0; i < of; ) {
    const run = 1 + random.below(random.below(3) === 0 ? 60 : 3);
    for (let n = 0; n < run && i < of; n++) chosen.push(i++);
    i += 1 + random.below(5);
  }
  return Int32Array.from(chosen);
}

describe('RowSelector', () => {
  it('selects what a plain program selects, again and again', () => {
    const random = new Random(7);
    const batch = rows();
    const all = batch.rowObjects();
    const selector = new RowSelector();
    for (let n = 0; n < 50; n++) {
      const selection = drawn(random, ROWS);
      const selected = selector.select(batch, selection, selection.length);
      assert.deepEqual(
        selected.rowObjects(),
        [...selection].map((row) => all[row]),
      );
      assert.deepEqual(
        [...selected.timestamps!.subarray(0, selection.length)],
        [...selection].map((row) => row * 10),
      );
    }
  });

  it('selects among rows that have been selected', () => {
    const random = new Random(8);
    const first = new RowSelector();
    const second = new RowSelector();
    for (let n = 0; n < 50; n++) {
      const outer = drawn(random, ROWS);
      const inner = drawn(random, outer.length);
      const batch = first.select(rows(), outer, outer.length);
      const selected = second.select(batch, inner, inner.length);
      const expected = [...inner].map((row) => outer[row]!);
      assert.deepEqual(numbersOf(selected), expected);
      assert.deepEqual(
        [...ownedCopy(selected).timestamps!],
        expected.map((row) => row * 10),
      );
    }
  });

  it('copies a column that has the times once', () => {
    const batch = rows();
    const timed = batch.withTimestamps((batch.columns[4] as FixedColumn).values as Float64Array);
    const selected = new RowSelector().select(timed, Int32Array.of(1, 5), 2);
    assert.equal((selected.columns[4] as FixedColumn).values, selected.timestamps);
    assert.deepEqual([...selected.timestamps!.subarray(0, 2)], [1, 5]);
  });

  it('copies nothing that nobody reads', () => {
    const batch = rows();
    const all = Int32Array.from({ length: ROWS }, (_, i) => i);
    const unread = new SelectedValues(
      new Int32Array(ROWS),
      all,
      ROWS,
      new SelectionMemory(() => assert.fail('was copied')),
    );
    const columns = batch.columns.with(0, new FixedColumn('int32', unread));
    const { rowCount, schema, timestamps } = batch;
    const given = new Batch({ rowCount, schema, columns, timestamps });
    const selected = new RowSelector().select(given, Int32Array.of(2, 3), 2);
    const kept = selected.columns[1] as FixedColumn;
    assert.deepEqual([...(kept.values as Float64Array).subarray(0, 2)], [1, 1.5]);
    assert.throws(() => numbersOf(selected), /was copied/);
  });

  it('takes more rows than a batch has as a rule', () => {
    const count = 5000;
    const builder = new BatchBuilder(Row, count);
    for (let i = 0; i < count; i++) {
      builder.appendRow({ n: i, x: 0, big: 0n, flag: false, at: 0, word: '', note: null }, i);
    }
    const selection = Int32Array.from({ length: count - 1 }, (_, i) => i + 1);
    const selected = new RowSelector().select(builder.seal(), selection, selection.length);
    assert.equal(numbersOf(selected).at(-1), count - 1);
    assert.equal(selected.timestamps![count - 2], count - 1);
  });
});

describe('a column that is made when somebody reads it', () => {
  const Pair = record({ n: t.int32, x: t.float64 });

  function pair(): { batch: Batch; made: () => number } {
    let made = 0;
    const makeX = (): Float64Array => {
      made++;
      return Float64Array.of(0.5, 1.5, 2.5);
    };
    const columns = [
      new FixedColumn('int32', Int32Array.of(1, 2, 3)),
      new FixedColumn('float64', makeX),
    ];
    return { batch: new Batch({ rowCount: 3, schema: Pair, columns }), made: () => made };
  }

  it('is not made where nobody does', () => {
    const { batch, made } = pair();
    const passed = new RowSelector().select(batch, Int32Array.of(0, 2), 2);
    assert.deepEqual([...(passed.columns[0] as FixedColumn).values.subarray(0, 2)], [1, 3]);
    assert.equal(made(), 0);
  });

  it('is made once, whoever reads it', () => {
    const { batch, made } = pair();
    const passed = new RowSelector().select(batch, Int32Array.of(0, 2), 2);
    assert.deepEqual(passed.rowObjects(), [
      { n: 1, x: 0.5 },
      { n: 3, x: 2.5 },
    ]);
    assert.deepEqual(ownedCopy(batch).rowObjects().at(1), { n: 2, x: 1.5 });
    assert.equal(made(), 1);
  });
});
