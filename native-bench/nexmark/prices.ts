/** Prices from 100 to 100 000 000 cents, as many in each power of ten. */

/** The 65536th root of a million. */
const STEP = 1.0002108301829544;

/**
 * 65537 prices, each a little higher than the one before. Multiplied, not raised to a power, which is not the same on every
 * machine to the last bit.
 */
export function priceTable(): Float64Array {
  const prices = new Float64Array(65537);
  let price = 100;
  for (let i = 0; i < prices.length; i++) {
    prices[i] = price;
    price *= STEP;
  }
  return prices;
}
