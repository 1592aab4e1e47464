/**
 * By slot, a time before which nothing of it was touched last: as long as that has not expired nothing has, and its elements need
 * not be looked at.
 */
import { grownInPlace } from './grown-arrays.ts';
import { grownSlots } from './slot-list.ts';

export class TouchBounds {
  #leastMs = new Float64Array(0);

  reserve(slotCount: number): void {
    const before = this.#leastMs.length;
    if (slotCount <= before) return;
    this.#leastMs = grownInPlace(this.#leastMs, grownSlots(slotCount));
    this.#leastMs.fill(Infinity, before);
  }

  of(slot: number): number {
    return this.#leastMs[slot]!;
  }

  /** Something of the slot was touched then. */
  lower(slot: number, touchedMs: number): void {
    if (touchedMs < this.#leastMs[slot]!) this.#leastMs[slot] = touchedMs;
  }

  /** All of the slot has been looked at. */
  set(slot: number, leastMs: number): void {
    this.#leastMs[slot] = leastMs;
  }
}
