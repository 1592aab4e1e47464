/** What the hash tables have in common: cells in a power of two, of which some stay free. */

export const CELLS_MIN = 64;

/** 2^32 divided by the golden ratio: spreads keys that differ in low bits only (Knuth, TAOCP 6.4). */
export const GOLDEN = 0x9e3779b1;

/** A fuller table takes less of the cache, which is worth more than the cells that are looked at in vain. */
const LOAD_MAX = 0.75;

/** Keys that so many cells take. */
export function capacityOf(cells: number): number {
  return cells * LOAD_MAX;
}

/** Of the keys that are expected, the share from which on there is room made for all of them. */
const ALL_FROM = 1 / 256;

/**
 * How much to make room for while keys are loaded: for all that are expected, but where there are few of them yet for no more
 * than 16 times as many, in case the others go elsewhere. Room that stays empty costs less than to move what is there.
 * Benchmark: figure recovery.
 */
export function loadedCapacity(capacity: number, needed: number, expected: number): number {
  const ahead =
    capacity >= expected * ALL_FROM ? Math.max(expected, capacity * 1.25) : capacity * 16;
  return Math.ceil(Math.max(needed, ahead));
}

/** Cells for so many keys. */
export function cellsFor(count: number): number {
  return Math.max(CELLS_MIN, 2 ** Math.ceil(Math.log2(Math.max(1, count) / LOAD_MAX)));
}

/** Int32s of cells that do not stay in the cache. */
export const UNCACHED_CELLS = 128 * 1024;
