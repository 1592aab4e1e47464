import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../src/base/clock.ts';
import { EVENT_TIME_MAX } from '../../src/base/limits.ts';
import { Batch } from '../../src/data/batch.ts';
import {
  boundedOutOfOrderness,
  monotonous,
  strategySpec,
  WatermarkGenerator,
} from '../../src/time/strategies.ts';

const generator = (strategy = monotonous(), clock = new VirtualClock()) =>
  new WatermarkGenerator(strategySpec(strategy), clock, null);

/** A batch of so many rows with these times, and what lies behind them. */
function timed(rowCount: number, ...times: number[]): Batch {
  const rows = Array.from({ length: rowCount }, () => null);
  return new Batch({ rowCount, schema: null, rows, timestamps: Float64Array.from(times) });
}

test('bounded out-of-orderness: greatest timestamp - bound - 1; before any record, the minimum', () => {
  const bounded = generator(boundedOutOfOrderness('5 s'));
  assert.equal(bounded.watermark(), -Infinity);
  bounded.onBatch(timed(3, 7000, 20_000, 3000));
  assert.equal(bounded.watermark(), 14_999);
  bounded.onBatch(timed(1, 9000));
  assert.equal(bounded.watermark(), 14_999);
});

test('monotonous: one less than the last timestamp', () => {
  const ascending = generator();
  ascending.onBatch(timed(2, 1, 5));
  assert.equal(ascending.watermark(), 4);
});

test('only the rows of the batch count, not what lies behind them', () => {
  const ascending = generator();
  ascending.onBatch(timed(1, 1, 99));
  assert.equal(ascending.watermark(), 0);
});

test('idle after so long without a record, by the clock', () => {
  const clock = new VirtualClock(1000);
  const idle = generator(monotonous().withIdleness('1 s'), clock);
  assert.equal(idle.isIdle(1000), false);
  assert.equal(idle.isIdle(2000), true);
  clock.advanceTo(2500);
  idle.onBatch(timed(1, 1));
  assert.equal(idle.isIdle(3499), false);
  assert.equal(idle.isIdle(3500), true);
  assert.equal(generator().isIdle(1e12), false);
});

test('the greatest of any timestamps, in batches of any size', () => {
  const [min, max] = [-EVENT_TIME_MAX, EVENT_TIME_MAX];
  const double = fc.double({ noNaN: true, min, max });
  const times = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), double));
  fc.assert(
    fc.property(fc.array(times), (batches) => {
      const any = generator();
      let greatest = -Infinity;
      for (const batch of batches) {
        any.onBatch(timed(batch.length, ...batch));
        greatest = Math.max(greatest, ...batch);
        assert.equal(any.greatest, greatest);
      }
    }),
  );
});

test('a NaN timestamp is refused wherever it is', () => {
  for (let rows = 1; rows < 10; rows++) {
    for (let row = 0; row < rows; row++) {
      for (const others of [(i: number) => i, (i: number) => -i, () => 5]) {
        const times = Array.from({ length: rows }, (_, i) => (i === row ? Number.NaN : others(i)));
        const any = generator();
        any.onBatch(timed(1, 3));
        assert.throws(() => any.onBatch(timed(rows, ...times)), {
          code: 'TIMESTAMP_INVALID',
          message: `the event time of row ${row} of a batch is NaN`,
        });
      }
    }
  }
});

test('a NaN timestamp is refused with its row', () => {
  assert.throws(() => generator().onBatch(timed(2, 1, Number.NaN)), {
    code: 'TIMESTAMP_INVALID',
    message: 'the event time of row 1 of a batch is NaN',
  });
});

test('a timestamp above those of a Date is refused wherever it is, one below them as the first of a batch', () => {
  for (const [time, others] of [
    [Infinity, [1, 2, 3, 4, 5]],
    [EVENT_TIME_MAX + 1, [1, 2, 3, 4, 5]],
    [1.7e18, [1, 2, 3, 4, 5]],
    [-Infinity, [-Infinity, -Infinity, -1, -1, -1]],
    [-1.7e18, [-1.7e18, -1.7e18, -1.7e18, 0, 0]],
  ] as const) {
    for (let row = 0; row <= (time < 0 ? 0 : others.length); row++) {
      const any = generator();
      any.onBatch(timed(2, 3, -EVENT_TIME_MAX));
      const times = [...others.slice(0, row), time, ...others.slice(row)];
      assert.throws(() => any.onBatch(timed(times.length, ...times)), {
        code: 'TIMESTAMP_INVALID',
        message: new RegExp(`^the event time of row ${row} of a batch is ${time}; .* divide`),
      });
      assert.equal(any.failedRow, row);
      assert.equal(any.greatest, 3);
    }
  }
  generator().onBatch(timed(0, Infinity));
  generator().onBatch(timed(2, EVENT_TIME_MAX, -EVENT_TIME_MAX));
});
