/** Slots in a queue by time: against a list that is searched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GONE, TimerQueue } from '../../src/state/timer-queue.ts';

const NEVER = Infinity;
const time = fc.oneof(
  fc.integer({ min: -20, max: 600 }),
  fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  fc.maxSafeInteger(),
  fc.integer({ min: -50, max: 50 }).map((number) => number / 4),
  fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, -(2 ** 53), 2 ** 32),
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ push: time }) },
  // More at once than become due together.
  { weight: 1, arbitrary: fc.record({ many: fc.integer({ min: 1, max: 700 }), from: time }) },
  {
    weight: 2,
    arbitrary: fc.record({ take: time, laterBy: fc.constantFrom(0, 0, 3, 700, NEVER) }),
  },
  { weight: 1, arbitrary: fc.record({ take: fc.constant(NEVER), laterBy: fc.constant(0) }) },
);

test('what is taken is the least that is due, and what is to come later comes later', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      // By slot: when it is to come. Behind its time in the queue it may be put off.
      const dueAt: number[] = [];
      const queue = new TimerQueue((slots, times, count) => {
        for (let i = 0; i < count; i++) {
          const at = dueAt[slots[i]!]!;
          times[i] = at === NEVER ? GONE : at;
        }
      });
      const waiting = new Set<number>();
      const push = (at: number): void => {
        const slot = dueAt.push(at) - 1;
        waiting.add(slot);
        queue.push(at, slot);
      };
      let passed = -Infinity;
      for (const step of steps) {
        if ('push' in step) push(step.push);
        else if ('many' in step) for (let i = 0; i < step.many; i++) push(step.from + (i & 31));
        else {
          // A clock does not go back.
          passed = Math.max(passed, step.take);
          const later = [...waiting].filter((slot) => dueAt[slot]! > passed && slot % 3 === 0);
          for (const slot of later) dueAt[slot]! += step.laterBy;
          for (const slot of later) if (dueAt[slot] === NEVER) waiting.delete(slot);
          for (;;) {
            const due = [...waiting].filter((slot) => dueAt[slot]! <= passed);
            const least = due.reduce((least, slot) => Math.min(least, dueAt[slot]!), NEVER);
            assert.ok(queue.time <= Math.min(least, passed) || due.length === 0);
            if (!queue.isDue(passed)) {
              assert.deepEqual(due, []);
              break;
            }
            const { slot, time } = queue;
            queue.removeFirst();
            // It may have been due already when it was put off; the caller asks again.
            if (time !== dueAt[slot]) {
              assert.ok(time < dueAt[slot]!);
              if (dueAt[slot] !== NEVER) queue.push(dueAt[slot]!, slot);
              continue;
            }
            assert.equal(time, least);
            assert.ok(waiting.delete(slot));
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('times are in order on both sides of where their high parts change', () => {
  for (const high of [0, 1, 3, 4, 31]) {
    const queue = new TimerQueue(() => {});
    const passed = high * 2 ** 30 + 5;
    queue.push(passed, 0);
    assert.ok(queue.isDue(passed));
    queue.removeFirst();
    const times = [1, 2, 3, 4, 5, 33].flatMap((parts) => [
      (high + parts) * 2 ** 30 - 1,
      (high + parts) * 2 ** 30 + 7,
    ]);
    for (const [slot, time] of times.toReversed().entries()) queue.push(time, slot);
    for (const time of times) {
      assert.ok(!queue.isDue(time - 1), `before ${time}`);
      assert.ok(queue.isDue(time), `at ${time}`);
      assert.equal(queue.time, time);
      queue.removeFirst();
    }
  }
});

test('the least time is known although its place in the queue has passed', () => {
  const queue = new TimerQueue(() => {});
  const take = (target: number): number | null => {
    if (!queue.isDue(target)) return null;
    const { slot } = queue;
    queue.removeFirst();
    return slot;
  };
  for (const time of [700, 500, 900]) queue.push(time, time);
  assert.equal(queue.time, 500);
  assert.equal(take(499), null);
  assert.equal(take(600), 500);
  queue.push(100, 100);
  assert.equal(queue.time, 100);
  assert.equal(queue.count, 3);
  assert.equal(take(600), 100);
  assert.equal(queue.time, 700);
  assert.equal(take(Infinity), 700);
  assert.equal(take(Infinity), 900);
  assert.equal(take(Infinity), null);
  assert.equal(queue.time, Infinity);
  assert.equal(queue.count, 0);
});

test('what never comes but at the end comes then', () => {
  const queue = new TimerQueue(() => {});
  queue.push(Infinity, 1);
  queue.push(Number.MAX_VALUE, 2);
  queue.push(-Infinity, 3);
  assert.ok(queue.isDue(-Infinity));
  assert.equal(queue.slot, 3);
  queue.removeFirst();
  assert.ok(!queue.isDue(1e300));
  assert.ok(queue.isDue(Number.MAX_VALUE));
  assert.equal(queue.slot, 2);
  queue.removeFirst();
  assert.ok(!queue.isDue(Number.MAX_VALUE));
  assert.ok(queue.isDue(Infinity));
  assert.equal(queue.slot, 1);
});

test('timers that are far ahead are not looked at while near ones come and go', () => {
  const queue = new TimerQueue(() => {});
  const far = 20_000;
  for (let slot = 0; slot < far; slot++) queue.push(86_400_000 + slot, slot);
  const { min } = Math;
  let looks = 0;
  Math.min = (...values) => {
    looks++;
    return min(...values);
  };
  try {
    for (let n = 0; n < 100; n++) {
      queue.push(n * 10 + 5, n);
      assert.ok(queue.isDue(n * 10 + 9));
      queue.removeFirst();
      assert.equal(queue.time, 86_400_000);
    }
  } finally {
    Math.min = min;
  }
  assert.ok(looks < far, `${looks} times were compared`);
  assert.ok(queue.isDue(86_400_000));
  assert.equal(queue.slot, 0);
  queue.removeFirst();
  assert.equal(queue.time, 86_400_001);
});
