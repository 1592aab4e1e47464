/** A list of slots that grows: free ones, new ones, ones to look at. */

const SLOTS_MIN = 64;

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
}
