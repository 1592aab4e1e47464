/** A list of slots that grows: free ones, new ones, ones to look at. */

const SLOTS_MIN = 64;

/** Slots for which an empty list keeps its room: more are there only once, as when state is restored. */
const SLOTS_KEPT = 16_384;

/** Room for more slots than `capacity`: an eighth more, as slots are many and what lies by slot is large. */
export function grownSlots(capacity: number): number {
  return capacity + (capacity >> 3) + SLOTS_MIN;
}

export class SlotList {
  count = 0;
  slots = new Int32Array(SLOTS_MIN);

  push(slot: number): void {
    if (this.count === this.slots.length) {
      const grown = new Int32Array(this.count * 2);
      grown.set(this.slots);
      this.slots = grown;
    }
    this.slots[this.count++] = slot;
  }

  /** The slot pushed last; the list must not be empty. */
  pop(): number {
    return this.slots[--this.count]!;
  }

  clear(): void {
    this.count = 0;
    if (this.slots.length > SLOTS_KEPT) this.slots = new Int32Array(SLOTS_MIN);
  }
}
