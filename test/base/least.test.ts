/** The least of many numbers that change, against a look at all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Least } from '../../src/base/least.ts';
import { Random } from '../../src/base/random.ts';

test('the least, and the first place that has it, as numbers come, change and go', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new Random(seed);
    const least = new Least();
    assert.equal(least.value, Infinity);
    const values: number[] = [];
    for (let step = 0; step < 200; step++) {
      const place = random.below(1 + random.below(40));
      while (values.length <= place) values.push(Infinity);
      const value = random.below(4) === 0 ? Infinity : random.below(3) - random.below(20);
      values[place] = random.below(20) === 0 ? -Infinity : value;
      least.set(place, values[place]);
      assert.equal(least.value, Math.min(...values));
      assert.equal(least.place, values.indexOf(least.value));
    }
  }
});
