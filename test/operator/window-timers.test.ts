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
