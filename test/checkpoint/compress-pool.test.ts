/** Blocks of threads are those of the calling thread; what the threads get is handed over, and nothing beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Piscina } from 'piscina';
import { POOLED_BLOCK_BYTES } from '../../src/base/limits.ts';
import { DEFAULT_CODEC } from '../../src/checkpoint/block-codec.ts';
import { CompressPool } from '../../src/checkpoint/compress-pool.ts';
import { packBlock } from '../../src/checkpoint/state-file.ts';

const LARGE = POOLED_BLOCK_BYTES + 8;

function contentOf(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i % 7);
}

/** The bytes of a block as a file has them. */
async function packed(pool: CompressPool, content: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await pool.pack(content)));
}

test('a large block is made by a thread, without a copy on the way', async () => {
  const pool = new CompressPool();
  const content = contentOf(LARGE);
  const [block, ...more] = await pool.pack(content);
  assert.equal(content.byteLength, 0, 'handed over');
  assert.equal(more.length, 0);
  assert.deepEqual(block, packBlock(contentOf(LARGE), DEFAULT_CODEC));
  assert.equal(block!.buffer.byteLength, block!.length);
  const blocks = await Promise.all([1, 2, 3, 4].map((n) => packed(pool, contentOf(n * LARGE))));
  for (const [i, one] of blocks.entries()) {
    assert.deepEqual(one, packBlock(contentOf((i + 1) * LARGE), DEFAULT_CODEC));
  }
  await pool.close();
});

test('a view of memory that others use is copied', async () => {
  const pool = new CompressPool();
  const memory = contentOf(LARGE + 16);
  const expected = packBlock(memory.slice(8, 8 + LARGE), DEFAULT_CODEC);
  assert.deepEqual(await packed(pool, memory.subarray(8, 8 + LARGE)), expected);
  assert.equal(memory.length, LARGE + 16);
  const shared = new Uint8Array(new SharedArrayBuffer(LARGE));
  shared.set(contentOf(LARGE));
  const sharedBlock = await packed(pool, shared);
  assert.deepEqual(sharedBlock, packBlock(contentOf(LARGE), DEFAULT_CODEC));
  await pool.close();
});

test('large blocks that are not compressed start no thread', async () => {
  let starts = 0;
  const pool = new CompressPool('none', async (): Promise<Piscina> => {
    starts++;
    throw new Error('no threads here');
  });
  const content = contentOf(LARGE);
  assert.deepEqual(await packed(pool, content), packBlock(contentOf(LARGE), 'none'));
  assert.equal((await pool.pack(content))[1], content, 'is not copied');
  assert.equal(starts, 0);
  await pool.close();
});

test('small blocks start no thread, and where none starts large ones are made all the same', async () => {
  let starts = 0;
  const pool = new CompressPool(DEFAULT_CODEC, async (): Promise<Piscina> => {
    starts++;
    throw new Error('no threads here');
  });
  const small = contentOf(POOLED_BLOCK_BYTES - 8);
  assert.deepEqual(await packed(pool, small), packBlock(small, DEFAULT_CODEC));
  assert.equal(starts, 0);
  const large = contentOf(LARGE);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await packed(pool, large), packBlock(large, DEFAULT_CODEC));
  }
  assert.equal(starts, 1);
  await pool.close();
});
