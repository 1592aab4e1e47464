/** Timers against a list of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Timers } from '../../src/state/timers.ts';

const TIMES = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double({ noNaN: true }));

test('timers are unique, leave in the order of their times, and can be deleted', () => {
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom('add', 'add', 'add', 'remove', 'remove known', 'fire'),
      slot: fc.nat(12),
      time: TIMES,
    }),
    { maxLength: 400 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const timers = new Timers();
      let model: { slot: number; time: number }[] = [];
      for (const { what, slot, time } of all) {
        const known = model[slot];
        if (what === 'remove known' && known !== undefined) {
          assert.ok(timers.remove(known.slot, known.time));
          model.splice(slot, 1);
          continue;
        }
        const isIn = model.some((timer) => timer.slot === slot && timer.time === time);
        if (what === 'add') {
          assert.equal(timers.add(slot, time), !isIn);
          if (!isIn) model.push({ slot, time: time + 0 });
        } else if (what === 'remove') {
          assert.equal(timers.remove(slot, time), isIn);
          model = model.filter((timer) => timer.slot !== slot || timer.time !== time);
        } else if (what === 'fire' && timers.count > 0) {
          const first = timers.firstTime;
          const owner = timers.firstSlot;
          assert.equal(first, Math.min(...model.map((timer) => timer.time)));
          assert.ok(timers.remove(owner, first));
          const at = model.findIndex((timer) => timer.slot === owner && timer.time === first);
          assert.ok(at >= 0);
          model.splice(at, 1);
        }
        assert.equal(timers.count, model.length);
      }
      for (let slot = 0; slot <= 12; slot++) {
        const times = model.filter((timer) => timer.slot === slot).map((timer) => timer.time);
        assert.equal(timers.has(slot), times.length > 0);
        const order = (a: number, b: number): number => a - b;
        assert.deepEqual(
          timers.timesOf(slot).sort(order),
          times.map((time) => time + 0).sort(order),
        );
      }
      for (let last = -Infinity; timers.count > 0; ) {
        assert.ok(timers.firstTime >= last);
        last = timers.firstTime;
        timers.remove(timers.firstSlot, last);
      }
    }),
    { numRuns: 300 },
  );
});

test('without timers the first is never, and the arrays of the last are used again', () => {
  const timers = new Timers();
  assert.equal(timers.firstTime, Infinity);
  for (let n = 0; n < 100_000; n++) {
    timers.add(n % 50, n);
    if (n >= 50) assert.ok(timers.remove(timers.firstSlot, timers.firstTime));
  }
  assert.equal(timers.count, 50);
  assert.equal(timers.firstTime, 99_950);
});
