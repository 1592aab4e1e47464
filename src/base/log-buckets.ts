/**
 * Buckets that grow with the value, of DDSketch by Masson, Rim and Lee (2019): whatever is counted in bucket i is off its middle
 * by RELATIVE_ACCURACY at most.
 *
 *   bucket i holds sizes in (GAMMA^(i-1), GAMMA^i]
 */

/** Largest error of a middle, as a share of the value. */
const RELATIVE_ACCURACY = 0.01;

export const GAMMA = (1 + RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const LOG_GAMMA = Math.log(GAMMA);

/** The bucket of a number above zero. */
export function bucketOf(size: number): number {
  return Math.ceil(Math.log(size) / LOG_GAMMA);
}

/**
 * As far from the least value of the bucket as from the greatest, by the share of each. It follows from the least, since the
 * greatest of the last bucket is beyond all numbers.
 */
export function middleOf(bucket: number): number {
  const least = Math.exp((bucket - 1) * LOG_GAMMA);
  return Math.min(least * ((2 * GAMMA) / (1 + GAMMA)), Number.MAX_VALUE);
}
