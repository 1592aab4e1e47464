/**
 * What tables find keys of canonical bytes by: their hash together with their bytes. The hash alone, which is Flink's, is the same
 * for (1, 62) and (2, 31), and of a long for 2^32 and 1: of pairs of ids that rise together, as many share one as there are ids
 * to 31, and each look-up would compare them all.
 */
import type { KeyBytes } from '../data/key.ts';
import { GOLDEN } from './cells.ts';

/** marks[i] = the mark of key i, for from <= i < to. */
export function markKeys(
  { bytes, starts, sizes, hashes, areTexts }: KeyBytes,
  from: number,
  to: number,
  marks: Int32Array,
): void {
  if (areTexts) {
    for (let i = from; i < to; i++) {
      marks[i] = hashes[i]! ^ mixedEnd(bytes, starts[i]!, sizes[i]! >> 1);
    }
  } else {
    for (let i = from; i < to; i++) {
      marks[i] = hashes[i]! ^ mixed(bytes, starts[i]!, sizes[i]! >> 1);
    }
  }
}

/** The mark of a key of this hash, and the hash of a key of this mark. */
export function markOf(
  hash: number,
  bytes: Uint8Array,
  start: number,
  length: number,
  areTexts: boolean,
): number {
  return hash ^ (areTexts ? mixedEnd(bytes, start, length) : mixed(bytes, start, length));
}

/** The hash of one text tells most of them apart: its end is enough. */
function mixedEnd(bytes: Uint8Array, start: number, length: number): number {
  return length < 4 ? 0 : Math.imul(wordAt(bytes, start + length - 4), GOLDEN);
}

/** All bytes, but those of a key of fewer than four: which field two keys differ in is not known. */
function mixed(bytes: Uint8Array, start: number, length: number): number {
  if (length < 4) return 0;
  const last = start + length - 4;
  let mix = 0;
  for (let at = start; at < last; at += 4) {
    mix = Math.imul(mix ^ wordAt(bytes, at), GOLDEN);
    mix ^= mix >>> 15;
  }
  return Math.imul(mix ^ wordAt(bytes, last), GOLDEN);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
