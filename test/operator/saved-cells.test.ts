/** Memory for cells that change while a snapshot is written: one for all snapshots, and given back when there is little left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SavedCells } from '../../src/operator/window/window-state.ts';

test('snapshots one after the other have the same memory, also while keys come', () => {
  const saved = new SavedCells();
  const first = saved.room(100_000);
  assert.ok(first.length >= 100_000);
  for (const count of [100_000, 90_000, 110_000, 50_000]) assert.equal(saved.room(count), first);
});

test('there is room for all; what is far too large is given back', () => {
  const saved = new SavedCells();
  saved.room(1000);
  const large = saved.room(1_000_000);
  assert.ok(large.length >= 1_000_000);
  const small = saved.room(10);
  assert.ok(small.length < 1000);
  assert.equal(saved.room(0), small, 'a little may stay');
});
