import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/base/clock.ts';
import { type Duration, durationMs } from '../../src/time/duration.ts';
import {
  boundedOutOfOrderness,
  monotonous,
  strategySpec,
  WatermarkGenerator,
} from '../../src/time/strategies.ts';

const generator = (strategy = monotonous(), clock = new VirtualClock()) =>
  new WatermarkGenerator(strategySpec(strategy), clock);

test('bounded out-of-orderness: greatest timestamp - bound - 1; before any record, the minimum', () => {
  const bounded = generator(boundedOutOfOrderness('5 s'));
  assert.equal(bounded.watermark(), -Infinity);
  bounded.onBatch(Float64Array.of(7000, 20_000, 3000), 3);
  assert.equal(bounded.watermark(), 14_999);
  bounded.onBatch(Float64Array.of(9000), 1);
  assert.equal(bounded.watermark(), 14_999);
});

test('monotonous: one less than the last timestamp', () => {
  const ascending = generator();
  ascending.onBatch(Float64Array.of(1, 5), 2);
  assert.equal(ascending.watermark(), 4);
});

test('only the rows of the batch count, not what lies behind them', () => {
  const ascending = generator();
  ascending.onBatch(Float64Array.of(1, 99), 1);
  assert.equal(ascending.watermark(), 0);
});

test('idle after so long without a record, by the clock', () => {
  const clock = new VirtualClock(1000);
  const idle = generator(monotonous().withIdleness('1 s'), clock);
  assert.equal(idle.isIdle(1000), false);
  assert.equal(idle.isIdle(2000), true);
  clock.advanceTo(2500);
  idle.onBatch(Float64Array.of(1), 1);
  assert.equal(idle.isIdle(3499), false);
  assert.equal(idle.isIdle(3500), true);
  assert.equal(generator().isIdle(1e12), false);
});

test('a NaN timestamp is refused with its row', () => {
  assert.throws(() => generator().onBatch(Float64Array.of(1, Number.NaN), 2), {
    code: 'TIMESTAMP_INVALID',
    message: 'the event time of row 1 of a batch is NaN',
  });
});

test('durations: a number of milliseconds, or a number and a unit', () => {
  const cases: [Duration, number][] = [
    [250, 250],
    ['3ms', 3],
    ['1.5 s', 1500],
    ['5 min', 300_000],
    ['2h', 7_200_000],
    ['7 d', 604_800_000],
  ];
  for (const [duration, ms] of cases) assert.equal(durationMs(duration, 'size'), ms);
  for (const wrong of ['5 minutes', '-1 s', '', 's', Number.NaN, -1, Infinity]) {
    assert.throws(() => durationMs(wrong as Duration, 'size'), { code: 'JOB_DEFINITION' });
  }
  assert.throws(() => durationMs('1 week' as Duration, 'the gap'), {
    message: `the gap must be milliseconds or a text such as '5 min' (units ms, s, min, h, d), got "1 week"`,
  });
});
