/** Pieces of shared memory for blocks of state: each for one block at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_PIECE_BYTES, BLOCK_PIECES_MAX } from '../../src/base/limits.ts';
import { BlockMemory, giveBack } from '../../src/channel/block-memory.ts';

test('a piece is taken until its block is given back', () => {
  const memory = new BlockMemory();
  const first = memory.take(100);
  const second = memory.take(BLOCK_PIECE_BYTES);
  assert.equal(first.length, 100);
  assert.equal(first.byteOffset % 8, 0);
  assert.notEqual(first.buffer, second.buffer);
  giveBack(first);
  assert.equal(memory.take(8).buffer, first.buffer);
  assert.notEqual(memory.take(8).buffer, second.buffer);
});

test('where there is no piece, a block has memory of its own', () => {
  const memory = new BlockMemory();
  const large = memory.take(BLOCK_PIECE_BYTES + 8);
  assert.ok(large.buffer instanceof ArrayBuffer);
  const pieces = Array.from({ length: BLOCK_PIECES_MAX }, () => memory.take(8));
  assert.equal(new Set(pieces.map(({ buffer }) => buffer)).size, BLOCK_PIECES_MAX);
  const one = memory.take(8);
  assert.ok(one.buffer instanceof ArrayBuffer);
  giveBack(one);
  assert.ok(memory.take(8).buffer instanceof ArrayBuffer, 'all pieces are still taken');
  giveBack(pieces[5]!);
  assert.equal(memory.take(8).buffer, pieces[5]!.buffer);
});
