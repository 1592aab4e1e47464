/**
 * The shape of the stream and the checksum of results: the arithmetic of Shape.java in native-bench/peers/flink, which must
 * give the same numbers. Record i has a key, a value and a time by its number alone.
 */
import { record, t } from 'millrace';

export const Event = record({ key: t.int32, value: t.float64, time: t.timestamp });

/** A bijection of 32-bit numbers in which every bit of the input reaches every bit of the output. */
export function mix32(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Zero keys: a job without keys, whose records are numbered instead. */
export function keyOf(i: number, keys: number): number {
  return keys === 0 ? i & 0x7fffffff : (mix32(i | 0) >>> 1) % keys;
}

export function amountOf(i: number): number {
  return i & 1023;
}

/**
 * Even, so that no record comes exactly at the end of a gap that is odd: whether it still belongs to the session depends on
 * how far the watermark has come.
 */
export function timeOf(i: number, perMs: number): number {
  return 2 * Math.floor(i / (2 * perMs));
}

/** The number of the first record behind i that has another time. */
export function timeEnds(i: number, perMs: number): number {
  return (Math.floor(i / (2 * perMs)) + 1) * 2 * perMs;
}

/** The hash of a row of whole numbers: its fields in order. */
export function hashOf(row: Readonly<Record<string, number>>): number {
  let hash = 0;
  for (const field in row) hash = fold(hash, row[field]!);
  return hash >>> 0;
}

function fold(hash: number, number: number): number {
  return mix32((mix32(hash ^ (number | 0)) + Math.floor(number / 2 ** 32)) | 0);
}
