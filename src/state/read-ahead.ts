/**
 * Brings memory into the cache before it is worked on: reads that wait for nothing overlap, those of a search or of a user's
 * function wait for each other. By four, since V8 checks for interrupts once a round, which is in the way of the overlap: a
 * third less time than a plain loop.
 *
 * What they return means nothing. It must be kept somewhere, or V8 would not read at all.
 */
import { GOLDEN } from './cells.ts';

/** The cells in pairs (cells.ts) at which the search for these keys begins. */
export function readPairsAhead(
  cells: Int32Array,
  shift: number,
  keys: Int32Array,
  from: number,
  to: number,
): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = cells[(Math.imul(keys[i]!, GOLDEN) >>> shift) << 1]!;
    const b = cells[(Math.imul(keys[i + 1]!, GOLDEN) >>> shift) << 1]!;
    const c = cells[(Math.imul(keys[i + 2]!, GOLDEN) >>> shift) << 1]!;
    const d = cells[(Math.imul(keys[i + 3]!, GOLDEN) >>> shift) << 1]!;
    ahead |= a | b | c | d;
  }
  for (; i < to; i++) ahead |= cells[(Math.imul(keys[i]!, GOLDEN) >>> shift) << 1]!;
  return ahead;
}

/** What slots have, in values of `stride` numbers a slot. */
export function readSlotsAhead(
  values: Float64Array,
  stride: number,
  slots: Int32Array,
  from: number,
  to: number,
): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = values[slots[i]! * stride]!;
    const b = values[slots[i + 1]! * stride]!;
    const c = values[slots[i + 2]! * stride]!;
    const d = values[slots[i + 3]! * stride]!;
    ahead += a + b + c + d;
  }
  for (; i < to; i++) ahead += values[slots[i]! * stride]!;
  return ahead;
}
