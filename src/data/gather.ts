/** Copies of the values of some rows, side by side. */
import type { FixedArray } from './column.ts';

/**
 * to[at...] = from[selection[begin...end]], of an ascending selection: rows that follow each other are copied whole, others by
 * one loop per array type. Benchmark: figure keyed-tumbling.
 */
export function gatherFixed<A extends FixedArray>(
  target: A,
  at: number,
  source: A,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  if (end - begin >= RUN_ROWS_MIN && isRun(selection, begin, end)) {
    const first = selection[begin]!;
    (target as Float64Array).set((source as Float64Array).subarray(first, first + end - begin), at);
  } else if (target instanceof Int32Array) {
    gatherInt32(target, at, source as Int32Array, selection, begin, end);
  } else if (target instanceof Float64Array) {
    gatherFloat64(target, at, source as Float64Array, selection, begin, end);
  } else if (target instanceof Uint8Array) {
    for (let i = begin; i < end; i++) target[at + i - begin] = source[selection[i]!] as number;
  } else {
    for (let i = begin; i < end; i++) target[at + i - begin] = source[selection[i]!] as bigint;
  }
}

/** Below so many rows, the calls cost more than the loop. */
const RUN_ROWS_MIN = 32;

/** Whether these numbers, which ascend, follow each other. */
function isRun(selection: Int32Array, begin: number, end: number): boolean {
  return selection[end - 1]! - selection[begin]! === end - 1 - begin;
}

function gatherInt32(
  target: Int32Array,
  at: number,
  source: Int32Array,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  const shift = at - begin;
  for (let i = begin; i < end; i++) target[i + shift] = source[selection[i]!]!;
}

function gatherFloat64(
  target: Float64Array,
  at: number,
  source: Float64Array,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  const shift = at - begin;
  for (let i = begin; i < end; i++) target[i + shift] = source[selection[i]!]!;
}
