import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { FixedArray } from '../../src/data/column.ts';
import { grownFloats, grownInPlace, grownInts, zeros } from '../../src/state/grown-arrays.ts';

const LARGE = 1 << 20;

function isCounting(array: FixedArray, count: number): void {
  for (let i = 0; i < count; i += 997) assert.equal(Number(array[i]), i % 128);
  for (let i = count; i < array.length; i++) {
    if (Number(array[i]) !== 0) assert.fail(`element ${i} behind ${count} is ${array[i]}`);
  }
}

function count(array: FixedArray): void {
  for (let i = 0; i < array.length; i++) (array as Int32Array)[i] = i % 128;
}

for (const Kind of [Int32Array, Float64Array, Uint8Array]) {
  it(`${Kind.name}: keeps what it has through small and large sizes, with zeros behind`, () => {
    let array: FixedArray = new Kind(0);
    for (const length of [1, 100, 5000, LARGE, LARGE + 1, LARGE * 2, LARGE * 2 + 12_345]) {
      const known = array.length;
      array = grownInPlace(array, length);
      assert.equal(array.constructor, Kind);
      assert.equal(array.length, length);
      isCounting(array, known);
      count(array);
    }
  });
}

it('bigints grow too', () => {
  const small = BigInt64Array.of(1n, -2n);
  const grown = grownInPlace(grownInPlace(small, LARGE), LARGE * 2);
  assert.deepEqual([...grown.subarray(0, 3)], [1n, -2n, 0n]);
});

it('large arrays grow where they are', () => {
  const first = grownInPlace(new Int32Array(0), LARGE);
  const second = grownInPlace(first, LARGE * 3);
  assert.equal(second.buffer, first.buffer);
  assert.equal(second.byteOffset, first.byteOffset);
  second[0] = 7;
  assert.equal(first[0], 7);
  assert.equal(first.length, LARGE);
});

it('arrays that grow in turn do not share memory', () => {
  let one = grownInPlace(new Int32Array(0), LARGE);
  let other = grownInPlace(new Int32Array(0), LARGE);
  one.fill(1);
  other.fill(2);
  one = grownInPlace(one, LARGE * 2);
  other = grownInPlace(other, LARGE * 2);
  assert.ok(one.subarray(0, LARGE).every((value) => value === 1));
  assert.ok(other.subarray(0, LARGE).every((value) => value === 2));
});

it('a machine that reserves no addresses has copies', (t) => {
  const Real = globalThis.SharedArrayBuffer;
  class Refusing {
    constructor() {
      throw new RangeError('Array buffer allocation failed');
    }
  }
  globalThis.SharedArrayBuffer = Refusing as never;
  t.after(() => {
    globalThis.SharedArrayBuffer = Real;
  });
  const first = grownInPlace(Int32Array.of(1, 2, 3), LARGE);
  const second = grownInPlace(first, LARGE * 2);
  assert.notEqual(second.buffer, first.buffer);
  assert.deepEqual([...second.subarray(0, 4)], [1, 2, 3, 0]);
});

it('copies have what they were made of, and zeros', () => {
  isCounting(zeros(LARGE), 0);
  assert.deepEqual([...grownInts(Int32Array.of(4, 5), 4)], [4, 5, 0, 0]);
  assert.deepEqual([...grownFloats(Float64Array.of(4.5), 3)], [4.5, 0, 0]);
  const ints = new Int32Array(LARGE);
  count(ints);
  isCounting(grownInts(ints, LARGE * 2), LARGE);
});
