/** Copies of the values of some rows, side by side. */
import type { FixedArray } from './column.ts';

/** to[at...] = from[selection[begin...end]]; one loop per array type. Benchmark: figure keyed-tumbling. */
export function gatherFixed<A extends FixedArray>(
  target: A,
  at: number,
  source: A,
  selection: Int32Array,
  begin: number,
  end: number,
): void {
  if (target instanceof Int32Array) {
    gatherInt32(target, at, source as Int32Array, selection, begin, end);
  } else if (target instanceof Float64Array) {
    gatherFloat64(target, at, source as Float64Array, selection, begin, end);
  } else if (target instanceof Uint8Array) {
    for (let i = begin; i < end; i++) target[at + i - begin] = source[selection[i]!] as number;
  } else {
    for (let i = begin; i < end; i++) target[at + i - begin] = source[selection[i]!] as bigint;
  }
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
