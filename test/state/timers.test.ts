/** Timers against a list of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timers } from '../../src/state/timers.ts';
import { collector } from '../collector.ts';

const SLOTS = 12;

const TIME = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: -50, max: 50 }).map((quarter) => quarter / 4) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 5000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity, Number.MAX_VALUE, 0, -0) },
);

const STEP = fc.record({
  what: fc.constantFrom('add', 'add', 'add', 'remove', 'remove known', 'move', 'fire', 'fire all'),
  slot: fc.nat(SLOTS - 1),
  time: TIME,
});

type Timer = { readonly slot: number; readonly time: number };

/** The slow way. */
class Model {
  timers: Timer[] = [];

  has(slot: number, time: number): boolean {
    return this.timers.some((timer) => timer.slot === slot && timer.time === time);
  }

  add(slot: number, time: number): boolean {
    const isNew = !this.has(slot, time);
    if (isNew) this.timers.push({ slot, time: time + 0 });
    return isNew;
  }

  remove(slot: number, time: number): boolean {
    const wasIn = this.has(slot, time);
    this.timers = this.timers.filter((timer) => timer.slot !== slot || timer.time !== time);
    return wasIn;
  }

  get firstTime(): number {
    return Math.min(...this.timers.map(({ time }) => time));
  }

  timesOf(slot: number): number[] {
    return this.timers.filter((timer) => timer.slot === slot).map(({ time }) => time);
  }
}

/** Fires the first timer, if it is due. */
function fireFirst(timers: Timers, model: Model, to: number): boolean {
  const isDue = model.timers.length > 0 && model.firstTime <= to;
  assert.equal(timers.isDue(to), isDue);
  if (!isDue) return false;
  const { firstSlot, firstTime } = timers;
  assert.equal(firstTime, model.firstTime);
  assert.ok(model.remove(firstSlot, firstTime), 'a timer that is not there');
  timers.removeFirst();
  return true;
}

const inOrder = (times: number[]): number[] => times.sort((a, b) => (a < b ? -1 : 1));

test('a time beyond whole numbers comes before a later one that is due already', () => {
  const timers = new Timers();
  timers.add(0, 2 ** 53);
  timers.add(0, 2 ** 53 + 4);
  assert.ok(timers.isDue(Infinity));
  timers.removeFirst();
  timers.add(0, 2 ** 53 + 2);
  assert.equal(timers.firstTime, 2 ** 53 + 2);
});

test('timers are unique, fire in the order of their times, and can be removed', () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 400 }), (steps) => {
      const timers = new Timers();
      const model = new Model();
      for (const { what, slot, time } of steps) {
        const known = model.timers[slot];
        if (what === 'add') {
          assert.equal(timers.add(slot, time), model.add(slot, time));
        } else if (what === 'remove') {
          assert.equal(timers.remove(slot, time), model.remove(slot, time));
        } else if (what === 'remove known' && known !== undefined) {
          assert.ok(timers.remove(known.slot, known.time));
          model.remove(known.slot, known.time);
        } else if (what === 'move' && known !== undefined) {
          assert.ok(timers.remove(known.slot, known.time));
          model.remove(known.slot, known.time);
          assert.equal(timers.add(known.slot, time), model.add(known.slot, time));
        } else if (what === 'fire') {
          fireFirst(timers, model, time);
        } else if (what === 'fire all') {
          while (fireFirst(timers, model, time));
        }
        assert.equal(timers.count, model.timers.length);
        assert.ok(timers.firstTime <= model.firstTime);
      }
      for (let slot = 0; slot < SLOTS; slot++) {
        const times = model.timesOf(slot);
        assert.equal(timers.has(slot), times.length > 0);
        assert.deepEqual(inOrder(timers.timesOf(slot)), inOrder(times));
      }
      while (fireFirst(timers, model, Infinity));
      assert.equal(timers.firstTime, Infinity);
    }),
    { numRuns: 500 },
  );
});

test('many timers of many slots, added, moved and fired while time goes on', () => {
  const timers = new Timers();
  const times = new Map<number, number>();
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  let fired = 0;
  for (let now = 0; now < 2000; now++) {
    for (let n = 0; n < 50; n++) {
      const slot = below(20_000);
      const before = times.get(slot);
      if (before !== undefined) assert.ok(timers.remove(slot, before));
      const time = now + below(700) - 5;
      assert.ok(timers.add(slot, time));
      times.set(slot, time);
    }
    for (let last = -Infinity; timers.isDue(now); fired++) {
      const { firstSlot, firstTime } = timers;
      assert.ok(firstTime >= last && firstTime <= now);
      assert.equal(times.get(firstSlot), firstTime);
      assert.ok(times.delete(firstSlot));
      timers.removeFirst();
      last = firstTime;
    }
    assert.equal(timers.count, times.size);
    for (const time of now % 100 === 0 ? times.values() : []) assert.ok(time > now);
  }
  assert.ok(fired > 10_000);
});

test('a timer that is removed and added again and again takes no more room', async () => {
  const collect = collector();
  const timers = new Timers();
  for (let slot = 0; slot < 100; slot++) timers.add(slot, 1e6);
  await collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 2_000_000; n++) {
    assert.ok(timers.remove(n % 100, 1e6 + Math.floor(n / 100)));
    assert.ok(timers.add(n % 100, 1e6 + Math.floor(n / 100) + 1));
  }
  await collect();
  assert.ok(process.memoryUsage().arrayBuffers - before < 100_000);
  assert.equal(timers.count, 100);
  assert.ok(timers.isDue(Infinity));
  assert.equal(timers.firstTime, 1e6 + 20_000);
});

test('without timers the first is never, and the arrays of the last are used again', () => {
  const timers = new Timers();
  assert.equal(timers.firstTime, Infinity);
  assert.ok(!timers.isDue(Infinity));
  for (let n = 0; n < 100_000; n++) {
    timers.add(n % 50, n);
    if (n < 50) continue;
    assert.ok(timers.isDue(n));
    timers.removeFirst();
  }
  assert.equal(timers.count, 50);
  assert.equal(timers.firstTime, 99_950);
});
