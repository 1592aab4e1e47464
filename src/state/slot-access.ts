/** How the values of a state are reached by slot: by methods, and by source that generated functions do it with. */

/** Slots whose values do not stay in the cache. */
export const UNCACHED_SLOTS = 32 * 1024;

/**
 * JavaScript source that finds the value of `slot` in `store`, which are these values, where it lies: statements that return
 * it when there is one, and statements that put the `value` there, which is known to fit and is not null.
 */
export type SlotSource = { readonly read: string; readonly write: string };

export interface SlotValues {
  /** Slots that have a value. */
  readonly count: number;
  /** Null where values are only to be had by the methods. */
  readonly source: SlotSource | null;
  reserve(slotCount: number): void;
  /** Brings what the first slots of a list have into the cache, as far as it is worth it. */
  readAhead(slots: Int32Array, count: number): void;
  has(slot: number): boolean;
  /** Undefined when there is none. */
  get(slot: number): unknown;
  set(slot: number, value: unknown): void;
  clear(slot: number): void;
}
