/** What a checkpoint lists of state that was written in generations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from '../../src/data/batch.ts';
import { BatchBuilder } from '../../src/data/batch-builder.ts';
import { record, t } from '../../src/data/schema.ts';
import {
  type Generations,
  generationsOf,
  latestRows,
  type WrittenBlock,
} from '../../src/state/generations.ts';

const Row = record({ key: t.int32, n: t.int32 });

/** A block is its rows: key, n and time. */
type Block = readonly (readonly [key: number, n: number, time: number])[];

function delta(before: number, block: Block | null): WrittenBlock<Block>[] {
  const head = { content: { keyFields: 1, before }, block: null };
  return block === null ? [head] : [head, { content: 'rows', block }];
}

function read(block: Block): Batch {
  const builder = new BatchBuilder(Row, block.length);
  for (const [key, n, time] of block) builder.appendRow({ key, n }, time);
  return builder.seal();
}

function rowsOf(generations: Generations<Block>): object[] {
  const rows: object[] = [];
  for (const batch of latestRows(generations, Row, read)) {
    batch.rowObjects().forEach((row, i) => {
      rows.push({ ...(row as object), time: batch.timestamps![i] });
    });
  }
  return rows;
}

test('panes that go one by one, while no key changes, make the list no longer', () => {
  const base: Block = Array.from({ length: 1000 }, (_, n) => [n % 10, n, n] as const);
  let generations = generationsOf<Block>([{ content: 'rows', block: base }], undefined)!;
  for (let before = 1; before <= 400; before++) {
    generations = generationsOf(delta(before, null), generations)!;
  }
  assert.equal(generations.deltas.length, 1);
  assert.equal(rowsOf(generations).length, 600);

  generations = generationsOf(delta(400, [[1, -1, 401]]), generations)!;
  for (let before = 401; before <= 500; before++) {
    generations = generationsOf(delta(before, null), generations)!;
  }
  assert.equal(generations.deltas.length, 3);
  const rows = rowsOf(generations);
  assert.equal(rows.length, 500);
  assert.ok(rows.every((row) => (row as { n: number }).n >= 500));
});

test('what has gone below a delta with rows is not said of these', () => {
  let generations = generationsOf<Block>([{ content: 'rows', block: [[1, 10, 5]] }], undefined)!;
  generations = generationsOf(delta(3, null), generations)!;
  generations = generationsOf(delta(6, [[2, 20, 6]]), generations)!;
  generations = generationsOf(delta(6, null), generations)!;
  assert.deepEqual(rowsOf(generations), [{ key: 2, n: 20, time: 6 }]);
});
