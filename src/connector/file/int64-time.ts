/**
 * Times in parts of a millisecond, as 64-bit integers. A double has no room for the nanoseconds since 1970: they are divided
 * in two steps, each without a rest that is lost, so that whole milliseconds come out whole.
 */

const TWO_POW_32 = 4294967296;

/** Milliseconds of a number of units, given by its halves, `low` unsigned: `msOfHalves(0, 2_500_000, 1e6)` is 2.5. */
export function msOfHalves(high: number, low: number, unitsPerMs: number): number {
  const highMs = Math.floor(high / unitsPerMs);
  const rest = (high - highMs * unitsPerMs) * TWO_POW_32 + low;
  const lowMs = Math.floor(rest / unitsPerMs);
  return highMs * TWO_POW_32 + lowMs + (rest - lowMs * unitsPerMs) / unitsPerMs;
}

/** The same of a bigint. */
export function msOfBigint(units: bigint, unitsPerMs: number): number {
  const per = BigInt(unitsPerMs);
  return Number(units / per) + Number(units % per) / unitsPerMs;
}
