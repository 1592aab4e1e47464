/** How much may wait in front of a subtask, by what it gets through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { BACKLOG_ROWS_FIRST } from '../../src/base/limits.ts';
import { Backlog } from '../../src/channel/backlog.ts';

const BACKLOG_MS = 50;

function setUp(channels = 2) {
  const backlog = new Backlog(BACKLOG_MS, channels);
  const clock = new VirtualClock(0);
  /** Batches of so many rows, one every so many ms; the bounds that came of it. */
  const take = (
    batches: number,
    rows: number,
    everyMs: number,
    { isDry = false, rowsPerMs = Infinity } = {},
  ): number[] => {
    const bounds: number[] = [];
    for (let n = 0; n < batches; n++) {
      clock.advanceTo(clock.now() + everyMs);
      if (isDry) backlog.onDry();
      if (backlog.onBatch(rows, rowsPerMs, clock)) bounds.push(backlog.rowsMax);
    }
    return bounds;
  };
  return { backlog, take };
}

test('it is what the subtask gets through in its time', () => {
  const { backlog, take } = setUp();
  assert.equal(backlog.rowsMax, 2 * BACKLOG_ROWS_FIRST);
  // 20 rows a ms.
  const bounds = take(100, 100, 5);
  assert.ok(Math.abs(bounds.at(-1)! - 20 * BACKLOG_MS) < 300, `${bounds}`);
  assert.ok(bounds.length <= 2, 'it changes only with the rate');
});

test('rows that take longer than the time there is: one is enough', () => {
  const { backlog, take } = setUp();
  take(40, 1, 200);
  assert.ok(backlog.rowsMax <= 1, `${backlog.rowsMax}`);
});

test('a quick subtask has no bound', () => {
  const { backlog, take } = setUp();
  take(100, 4_000_000, 1);
  assert.equal(backlog.rowsMax, Infinity);
});

test('while it finds nothing to do, more may wait, until there is no bound', () => {
  const { backlog, take } = setUp();
  const bounds = take(200, 100, 10, { isDry: true });
  assert.ok(bounds.every((bound, n) => n === 0 || bound >= 2 * bounds[n - 1]!));
  assert.equal(backlog.rowsMax, Infinity);
  take(100, 100, 5);
  assert.ok(backlog.rowsMax < 2000, 'and fewer again, when it does not get through them');
});

test('small batches count too', () => {
  const { backlog, take } = setUp();
  take(1000, 1, 1);
  assert.ok(backlog.rowsMax > 30 && backlog.rowsMax < 80, `${backlog.rowsMax}`);
});

test('at first each channel may have two small batches', () => {
  assert.equal(new Backlog(BACKLOG_MS, 1000).rowsMax, 256_000);
});

test('the rate is looked at soon at first, and then less often', () => {
  const { take } = setUp();
  // A thousand rows a ms.
  assert.deepEqual(take(2, 1000, 1), []);
  assert.deepEqual(take(1, 1000, 1), [1000 * BACKLOG_MS * 1.5]);
  assert.deepEqual(take(19, 100, 1), []);
  assert.deepEqual(take(1, 100, 1), [100 * BACKLOG_MS]);
});

test('a slow step that finds nothing to do has little more, since it would not get through it', () => {
  const { backlog, take } = setUp();
  // Of 5 ms each, with as long a wait for the next.
  take(300, 1, 10, { isDry: true, rowsPerMs: 0.2 });
  assert.equal(backlog.rowsMax, 2 * 0.2 * BACKLOG_MS);
});

test('where batches are small and rare, that there is nothing to do is seen at each', () => {
  const { backlog, take } = setUp();
  assert.equal(take(11, 1, 30, { isDry: true }).length, 10, 'but the first');
  assert.ok(backlog.rowsMax > 100_000, `${backlog.rowsMax}`);
});
