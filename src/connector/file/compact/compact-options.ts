/** When small part files of a bucket become a larger one. */
import {
  checkOptions,
  type OptionRule,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../../../base/options.ts';

/**
 * Part files that are committed stay hidden until they are many, then appear as one. What comes first counts; at the end of
 * the job all appear.
 *
 *   files('out', parquet(), { compact: { size: 128 * 1024 * 1024, checkpoints: 20 } })
 */
export type CompactOptions = {
  /** Bytes that the parts of a bucket have together. */
  readonly size?: number;
  /** Checkpoints that the first of them has waited, its own included. */
  readonly checkpoints?: number;
};

/** Infinity for what is no limit. */
export type CompactLimits = { readonly bytes: number; readonly checkpoints: number };

const COMPACT_OPTIONS: OptionRules<CompactOptions> = {
  size: wholeNumber(1),
  checkpoints: wholeNumber(1),
};

/** Refuses what never makes one of several. */
export const aCompaction: OptionRule = (what, value) => {
  const options = value as CompactOptions;
  checkOptions(what, options, COMPACT_OPTIONS);
  if (options.size !== undefined || options.checkpoints !== undefined) return;
  throw wrong(what, 'has a size, a number of checkpoints, or both', value);
};

export function compactLimits({ size, checkpoints }: CompactOptions): CompactLimits {
  return { bytes: size ?? Infinity, checkpoints: checkpoints ?? Infinity };
}
