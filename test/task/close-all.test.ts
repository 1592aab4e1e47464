import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeAll } from '../../src/task/close-all.ts';

test('one part that cannot be closed does not leave the others open', () => {
  const closed: number[] = [];
  const parts = [1, 2, 3, 4].map((n) => ({
    close() {
      closed.push(n);
      if (n % 2 === 0) throw new Error(`part ${n}`);
    },
  }));
  assert.throws(() => closeAll(parts), { message: 'part 2' });
  assert.deepEqual(closed, [1, 2, 3, 4]);
});
