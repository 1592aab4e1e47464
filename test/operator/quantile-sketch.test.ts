/** Quantiles against sorted numbers: of any size, of either sign, added in any order, merged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { QuantileSketch } from '../../src/operator/window/quantile-sketch.ts';

test('the middle of the last bucket is that of its numbers', () => {
  const sketch = new QuantileSketch();
  const size = 1.7637650858193227e308;
  sketch.add(size);
  assert.ok(Math.abs(sketch.valueAt(1) - size) <= size * 0.01);
});

const SHARES = [0, 0.1, 0.5, 0.99, 1];

test('a quantile is within 1 % of the exact one, of all numbers, in parts that are merged', () => {
  const numbers = fc.array(fc.double({ noDefaultInfinity: true, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(numbers, numbers, (some, others) => {
      const [sketch, part] = [new QuantileSketch(), new QuantileSketch()];
      for (const value of some) sketch.add(value);
      for (const value of others) part.add(value);
      sketch.merge(part);
      const all = [...some, ...others].sort((a, b) => a - b);
      assert.equal(sketch.count, all.length);
      for (const share of SHARES) {
        const exact = all[Math.floor(share * (all.length - 1))]!;
        const got = sketch.valueAt(share);
        // What is left of the least numbers is a whole multiple of the least one.
        const bound = Math.abs(exact) * 0.01 * (1 + 1e-9) + Number.MIN_VALUE;
        assert.ok(Math.abs(got - exact) <= bound, `${share}: ${got} for ${exact}`);
      }
    }),
  );
});
