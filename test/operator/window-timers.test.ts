/** The timers of windows: what was put off, or belongs to a window that is over, leaves the queue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lines } from '../../src/operator/window/general/window-lines.ts';
import { WindowTimers } from '../../src/operator/window/general/window-timers.ts';

/** Counts the windows that are looked at again. */
class CountedLines extends Lines {
  looks = 0;

  override warm(slots: Int32Array, count: number): void {
    this.looks += count;
    super.warm(slots, count);
  }
}

const WINDOWS = 8;

test('a window that was put in again, earlier each time, stands in the queue once', () => {
  const lines = new CountedLines();
  lines.reserve(WINDOWS);
  const timers = new WindowTimers(lines);
  let now = 0;
  for (let life = 0; life < 50; life++) {
    for (let slot = 0; slot < WINDOWS; slot++) {
      for (let ahead = 200; ahead > 100; ahead -= 10) timers.setEnd(slot, now + ahead);
    }
    for (let left = WINDOWS; left > 0; left--) {
      const slot = timers.take(now + 110);
      assert.ok(slot >= 0, `${left} windows end at ${now + 110}`);
      assert.equal(timers.dueAt, now + 110);
      timers.drop(slot);
    }
    assert.equal(timers.take(now + 110), -1);
    now += 150;
  }
  const entries = 50 * WINDOWS * 10;
  assert.ok(lines.looks <= entries * 1.5, `${lines.looks} looks at ${entries} entries`);
});

test('windows that are over before their time are not kept until it comes', () => {
  const lines = new CountedLines();
  lines.reserve(WINDOWS);
  const timers = new WindowTimers(lines);
  const far = 1e9;
  timers.setEnd(0, far + 10_000);
  timers.setEnd(1, far + 5);
  for (let life = 0; life < 10_000; life++) {
    timers.setEnd(2, far + life);
    timers.drop(2);
  }
  assert.equal(timers.nextAt <= far + 5, true);
  assert.equal(timers.take(far + 20_000), 1);
  assert.equal(timers.take(far + 20_000), 0);
  assert.equal(timers.take(far + 20_000), -1);
  assert.ok(lines.looks <= 20 * WINDOWS, `${lines.looks} looks at ${WINDOWS} windows`);
});

test('a window whose end moves on comes when it has come, and not before', () => {
  const lines = new Lines();
  lines.reserve(WINDOWS);
  const timers = new WindowTimers(lines);
  timers.setEnd(3, 100);
  timers.setEnd(3, 250);
  assert.equal(timers.take(249), -1);
  assert.equal(timers.take(250), 3);
  assert.equal(timers.dueAt, 250);
});

/** Where timers of a window lie in the order in which they are set. */
const ORDERS = {
  rising: (n: number) => n,
  falling: (n: number) => 10_000 - n,
  mixed: (n: number) => (n * 7919) % 10_007,
} as const;

for (const [name, timeOf] of Object.entries(ORDERS)) {
  test(`of many timers of a window each is found without a look at the others, ${name}`, () => {
    const looks = looksInArrays(() => {
      const lines = new Lines();
      lines.reserve(WINDOWS);
      const timers = new WindowTimers(lines);
      const times = Array.from({ length: 5000 }, (_, n) => timeOf(n));
      for (const time of times) timers.add(3, time);
      for (const time of times) timers.add(3, time);
      const deleted = times.filter((_, n) => n % 3 === 0);
      for (const time of deleted) timers.delete(3, time);
      const left = times.filter((_, n) => n % 3 !== 0).sort((a, b) => a - b);
      assert.deepEqual([timers.firstOf(3), ...timers.moreOf(3)], left);
      const fired: number[] = [];
      while (timers.take(20_000) === 3) {
        fired.push(timers.dueAt);
        timers.delete(3, timers.dueAt);
        timers.requeue(3);
      }
      assert.deepEqual(fired, left);
    });
    assert.ok(looks < 5000 * 40, `${looks} places of arrays moved or searched`);
  });
}

/** Places that `splice`, `shift` and `indexOf` of arrays may have to go through while something is done. */
function looksInArrays(work: () => void): number {
  const { splice, shift, indexOf } = Array.prototype;
  let looks = 0;
  const counted = <Args extends unknown[], Result>(
    of: (this: unknown[], ...args: Args) => Result,
  ) =>
    function (this: unknown[], ...args: Args): Result {
      looks += this.length;
      return of.apply(this, args);
    };
  Object.assign(Array.prototype, {
    splice: counted(splice),
    shift: counted(shift),
    indexOf: counted(indexOf),
  });
  try {
    work();
  } finally {
    Object.assign(Array.prototype, { splice, shift, indexOf });
  }
  return looks;
}
