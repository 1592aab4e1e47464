/** Records spread over time, by a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { RateLimiter } from '../../src/task/rate-limiter.ts';

for (const perSecond of [3, 1000, 1_000_000]) {
  test(`${perSecond} records a second, evenly`, () => {
    const clock = new VirtualClock(1_000_000);
    const limiter = new RateLimiter(perSecond, clock);
    let taken = 0;
    for (let ms = 0; ms <= 4000; ms++) {
      clock.advanceTo(1_000_000 + ms);
      taken += limiter.take(10_000_000);
      const due = (ms * perSecond) / 1000;
      assert.ok(taken <= due, `${taken} of ${due} after ${ms} ms`);
      assert.ok(taken >= due - Math.max(1, perSecond / 100), `${taken} of ${due} after ${ms} ms`);
    }
  });
}

test('no more is taken than wanted, and what was not taken may be made up for', () => {
  const clock = new VirtualClock(0);
  const limiter = new RateLimiter(1000, clock);
  assert.equal(limiter.take(1), 0);
  clock.advanceTo(100);
  assert.equal(limiter.take(30), 30);
  assert.equal(limiter.take(500), 70);
  assert.equal(limiter.take(500), 0);
  assert.equal(limiter.dueMs, 105);
});
