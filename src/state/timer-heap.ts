/** Slots by time, the least first: a heap of four branches, in two arrays. */
import { grownFloats, grownInts } from './grown-arrays.ts';

const HEAP_MIN = 64;
const BRANCHES_SHIFT = 2;

export class TimerHeap {
  /** How many there are. */
  count = 0;
  #times = new Float64Array(HEAP_MIN);
  #slots = new Int32Array(HEAP_MIN);

  /** The least time; the heap must not be empty. */
  get time(): number {
    return this.#times[0]!;
  }

  /** The slot of the least time. */
  get slot(): number {
    return this.#slots[0]!;
  }

  push(time: number, slot: number): void {
    if (this.count === this.#times.length) {
      this.#times = grownFloats(this.#times, this.count * 2);
      this.#slots = grownInts(this.#slots, this.count * 2);
    }
    const times = this.#times;
    const slots = this.#slots;
    let at = this.count++;
    while (at > 0) {
      const above = (at - 1) >> BRANCHES_SHIFT;
      if (times[above]! <= time) break;
      times[at] = times[above]!;
      slots[at] = slots[above]!;
      at = above;
    }
    times[at] = time;
    slots[at] = slot;
  }

  /** Takes the least out. */
  pop(): void {
    const count = --this.count;
    this.#sink(this.#times[count]!, this.#slots[count]!);
  }

  /** Fills the place of the least. */
  #sink(time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const count = this.count;
    let at = 0;
    for (;;) {
      const first = (at << BRANCHES_SHIFT) + 1;
      if (first >= count) break;
      const end = Math.min(count, first + 4);
      let least = first;
      let leastTime = times[first]!;
      for (let below = first + 1; below < end; below++) {
        if (times[below]! < leastTime) {
          least = below;
          leastTime = times[below]!;
        }
      }
      if (leastTime >= time) break;
      times[at] = leastTime;
      slots[at] = slots[least]!;
      at = least;
    }
    times[at] = time;
    slots[at] = slot;
  }
}
