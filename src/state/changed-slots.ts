/**
 * Which slots have changed since the last capture, a byte a slot: what a checkpoint of changes has to write.
 *
 *   mark(slots) before or after rows change → take at a barrier → the marks so far, and none from here on
 *
 * What is restored has no marks: behind a restore all is written first (lineage.ts).
 */
import { grownSlots } from './slot-list.ts';

export const CHANGED = 1;
/** The slot was given to its key since the last capture: nothing that was captured is of this key. */
export const FRESH = 2;

export class ChangedSlots {
  /** Slots with a mark. */
  count = 0;
  #marks = new Uint8Array(0);

  /** Slots from to to - 1 of a batch change; all are below `slotCount`. */
  mark(slots: Int32Array, from: number, to: number, slotCount: number): void {
    if (slotCount > this.#marks.length) this.#reserve(slotCount);
    const marks = this.#marks;
    let { count } = this;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (marks[slot] !== 0) continue;
      marks[slot] = CHANGED;
      count++;
    }
    this.count = count;
  }

  /** A slot has been given to a key. */
  markFresh(slot: number, slotCount: number): void {
    if (slotCount > this.#marks.length) this.#reserve(slotCount);
    if (this.#marks[slot] === 0) this.count++;
    this.#marks[slot] = FRESH;
  }

  /** The slot has no key any more; what its mark was, 0 for none. */
  unmark(slot: number): number {
    const mark = this.#marks[slot] ?? 0;
    if (mark !== 0) {
      this.#marks[slot] = 0;
      this.count--;
    }
    return mark;
  }

  /** The marks by slot, which may be fewer than there are slots; begins anew. */
  take(): Uint8Array {
    const taken = this.#marks;
    this.clear();
    return taken;
  }

  clear(): void {
    this.count = 0;
    this.#marks = new Uint8Array(0);
  }

  #reserve(slotCount: number): void {
    const grown = new Uint8Array(grownSlots(slotCount));
    grown.set(this.#marks);
    this.#marks = grown;
  }
}
