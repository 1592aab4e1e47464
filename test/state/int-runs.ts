/** Ints that lie close together, wherever, up or down or from the middle outwards: what ids look like. */
import fc from 'fast-check';

export function intRuns(): fc.Arbitrary<number[]> {
  return fc
    .record({
      first: fc.oneof(fc.integer(), fc.integer({ min: -500, max: 500 }), fc.constant(2 ** 31 - 9)),
      count: fc.nat(400),
      step: fc.constantFrom(1, -1, 3, -7),
      isOutwards: fc.boolean(),
    })
    .map(({ first, count, step, isOutwards }) =>
      Array.from({ length: count }, (_, i) => {
        const distance = isOutwards && i % 2 === 1 ? -i : i;
        return (first + distance * step) | 0;
      }),
    );
}
