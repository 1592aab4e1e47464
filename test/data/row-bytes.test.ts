/** Rows of every kind there and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryOf, RowPacker, RowUnpacker } from '../../src/data/row-bytes.ts';

const ROWS: readonly (readonly unknown[])[] = [
  [],
  [{ a: 1, b: 'x' }],
  [{ a: -0 }, { a: undefined }, {}, { b: 5n, c: null }],
  [1, 'text', null, [2], new Map([[1, new Date(3)]])],
  Array.from({ length: 10_000 }, (_, n) => ({ n, text: `row ${n}` })),
];

test('rows come back as they were, one batch of them after the other', () => {
  const packer = new RowPacker();
  const unpacker = new RowUnpacker();
  for (const rows of ROWS) {
    // Through a clone, as between threads.
    const packed = packer.pack(rows);
    const sent = structuredClone(packed, { transfer: memoryOf(packed) });
    assert.deepEqual(unpacker.unpack(sent), rows);
  }
});

test('what cannot leave its thread is refused', () => {
  assert.throws(() => new RowPacker().pack([{ f: () => 1 }]), { code: 'VALUE_NOT_TRANSFERABLE' });
});
