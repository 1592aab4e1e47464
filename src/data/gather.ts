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

/** By four, since V8 checks for interrupts once a round, which costs as much as a copy: half of the time of a plain loop. */
function gatherInt32(
  target: Int32Array,
  at: number,
  source: Int32Array,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  let to = at;
  let i = begin;
  for (const last = end - 4; i <= last; i += 4, to += 4) {
    const a = source[selection[i]!]!;
    const b = source[selection[i + 1]!]!;
    const c = source[selection[i + 2]!]!;
    const d = source[selection[i + 3]!]!;
    target[to] = a;
    target[to + 1] = b;
    target[to + 2] = c;
    target[to + 3] = d;
  }
  for (; i < end; i++, to++) target[to] = source[selection[i]!]!;
}

/** As gatherInt32: a loop for both would see two kinds of arrays, and be slow for both. */
function gatherFloat64(
  target: Float64Array,
  at: number,
  source: Float64Array,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  let to = at;
  let i = begin;
  for (const last = end - 4; i <= last; i += 4, to += 4) {
    const a = source[selection[i]!]!;
    const b = source[selection[i + 1]!]!;
    const c = source[selection[i + 2]!]!;
    const d = source[selection[i + 3]!]!;
    target[to] = a;
    target[to + 1] = b;
    target[to + 2] = c;
    target[to + 3] = d;
  }
  for (; i < end; i++, to++) target[to] = source[selection[i]!]!;
}
