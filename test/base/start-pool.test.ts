/** What threads of a pool run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPool } from '../../src/base/start-pool.ts';

const COMPRESS = {
  hooks: ['base/typescript-register.mjs'],
  minThreads: 2,
  maxThreads: 2,
} as const;

test('threads run the default export of their entry', async () => {
  const pool = startPool('checkpoint/compress-worker', COMPRESS);
  assert.equal(await pool.run(null), null);
  await pool.destroy();
});

test('an entry that is not there is an error of the pool', async () => {
  const pool = startPool('checkpoint/no-worker', COMPRESS);
  const failed = new Promise((_resolve, reject) => pool.on('error', reject));
  await assert.rejects(Promise.race([failed, pool.run(null)]), /no-worker/);
  await pool.destroy();
});
