/** Random values of every kind that a row may hold, for property tests. */
import fc from 'fast-check';

/** Values of which a copy is deeply equal to the original. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 31, -(2 ** 31), 2 ** 53, 1e300, 5e-324),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\ud800', 'é', 'ÿĀ', '𝒳', '\u0000'),
  fc.boolean(),
  fc.bigInt(),
  fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 0n),
  fc.date({ noInvalidDate: true }),
  fc.constant(null),
  fc.constant(undefined),
  fc.uint8Array(),
  fc.constantFrom(new Float64Array([1, NaN]), new BigInt64Array([1n]), new ArrayBuffer(3)),
  fc.array(fc.oneof(fc.integer(), fc.string(), fc.constant(undefined)), { maxLength: 5 }),
  fc.constantFrom(withHole(), new Map([[1, { a: [2n] }]]), new Set(['x', -0]), /x+/gi),
  fc.constantFrom({ nested: { deep: [{ x: 1 }, null] } }, { 'odd key \ud800': 1 }, {}),
);

/** Rows as users make them: some fields in common, sometimes missing, sometimes of another kind. */
export const anyRow: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record(
      {
        id: fc.integer(),
        price: fc.double(),
        name: fc.string(),
        time: fc.date({ noInvalidDate: true }),
        flag: fc.boolean(),
        big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        any: anyValue,
      },
      { requiredKeys: ['id'], noNullPrototype: true },
    ),
  },
  {
    weight: 5,
    arbitrary: fc.dictionary(fc.string({ maxLength: 4 }), anyValue, {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  },
  { weight: 1, arbitrary: anyValue },
);

function withHole(): number[] {
  const array = [1, 2, 3];
  delete array[1];
  return array;
}
