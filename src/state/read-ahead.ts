/**
 * Brings memory into the cache before it is worked on: reads that wait for nothing overlap, those of a search or of a user's
 * function wait for each other. By four, since V8 checks for interrupts once a round, which is in the way of the overlap: a
 * third less time than a plain loop.
 *
 * What they return means nothing. It must be kept somewhere, or V8 would not read at all.
 */
import type { StoredKeyBytes } from '../data/key.ts';
import { GOLDEN } from './cells.ts';

/** The cells at which the search for these keys begins; a cell is 2 ** `width` numbers. */
export function readCellsAhead(
  cells: Int32Array,
  width: number,
  shift: number,
  keys: Int32Array,
  from: number,
  to: number,
): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = cells[(Math.imul(keys[i]!, GOLDEN) >>> shift) << width]!;
    const b = cells[(Math.imul(keys[i + 1]!, GOLDEN) >>> shift) << width]!;
    const c = cells[(Math.imul(keys[i + 2]!, GOLDEN) >>> shift) << width]!;
    const d = cells[(Math.imul(keys[i + 3]!, GOLDEN) >>> shift) << width]!;
    ahead |= a | b | c | d;
  }
  for (; i < to; i++) ahead |= cells[(Math.imul(keys[i]!, GOLDEN) >>> shift) << width]!;
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

/** What slots refer to, at `offset` of `stride` values a slot: where it is an object, its first line of the cache. */
export function readObjectsAhead(
  values: readonly unknown[],
  stride: number,
  offset: number,
  slots: Int32Array,
  from: number,
  to: number,
): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = values[slots[i]! * stride + offset];
    const b = values[slots[i + 1]! * stride + offset];
    const c = values[slots[i + 2]! * stride + offset];
    const d = values[slots[i + 3]! * stride + offset];
    if (typeof a === 'object') ahead++;
    if (typeof b === 'object') ahead++;
    if (typeof c === 'object') ahead++;
    if (typeof d === 'object') ahead++;
  }
  for (; i < to; i++) if (typeof values[slots[i]! * stride + offset] === 'object') ahead++;
  return ahead;
}

/** What is compared of the keys of slots, and turns slots[i] into where the bytes of their keys start. */
export function readKeysAhead(
  { bytes, starts, sizes }: StoredKeyBytes,
  slots: Int32Array,
  from: number,
  to: number,
): number {
  const ahead = readIntsAhead(sizes, slots, from, to) | readIntsAhead(starts, slots, from, to);
  for (let i = from; i < to; i++) slots[i] = starts[slots[i]!]!;
  return ahead | readBytesAhead(bytes, slots, from, to);
}

/** The same where all keys have `length` bytes, in the order of their slots. */
export function readEqualKeysAhead(
  bytes: Uint8Array,
  length: number,
  slots: Int32Array,
  from: number,
  to: number,
): number {
  for (let i = from; i < to; i++) slots[i] = slots[i]! * length;
  return readBytesAhead(bytes, slots, from, to);
}

function readIntsAhead(values: Int32Array, slots: Int32Array, from: number, to: number): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = values[slots[i]!]!;
    const b = values[slots[i + 1]!]!;
    const c = values[slots[i + 2]!]!;
    const d = values[slots[i + 3]!]!;
    ahead |= a | b | c | d;
  }
  for (; i < to; i++) ahead |= values[slots[i]!]!;
  return ahead;
}

function readBytesAhead(bytes: Uint8Array, places: Int32Array, from: number, to: number): number {
  let ahead = 0;
  let i = from;
  for (const last = to - 4; i <= last; i += 4) {
    const a = bytes[places[i]!]!;
    const b = bytes[places[i + 1]!]!;
    const c = bytes[places[i + 2]!]!;
    const d = bytes[places[i + 3]!]!;
    ahead |= a | b | c | d;
  }
  for (; i < to; i++) ahead |= bytes[places[i]!]!;
  return ahead;
}
