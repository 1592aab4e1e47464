/** What a builder hands over, and what becomes of it when the builder is used again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder } from '../../src/data/batch-builder.ts';

test('a free-form batch keeps its rows and times when its builder goes on', () => {
  const builder = new BatchBuilder(null, 4);
  builder.appendRow({ n: 1 }, 10);
  const first = builder.seal();
  assert.equal(first.isTransient, false);
  builder.reset();
  builder.appendRow({ n: 2 }, 20);
  assert.deepEqual(first.rowObjects(), [{ n: 1 }]);
  assert.equal(first.timestamps![0], 10);
});
