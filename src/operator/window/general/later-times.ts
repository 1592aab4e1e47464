/**
 * Times of one window, each once: the least comes first. Few of them are a list in their order, which is all that most windows
 * have; many are a heap, in which those that were deleted stay until they are the least of it, or most.
 */
import { TimerHeap } from '../../../state/timer-heap.ts';

/** Times up to which a list takes less than a heap. */
const FEW_TIMES = 32;
const NO_SLOT = 0;

/** Of lists: nothing is ever put into it. */
const NO_HEAP = new TimerHeap();

export class LaterTimes {
  /** All that there are, in their order; empty where they are in a heap. */
  #few: number[] = [];
  #many: Set<number> | null = null;
  #heap = NO_HEAP;

  get count(): number {
    return this.#many?.size ?? this.#few.length;
  }

  add(time: number): void {
    if (this.#many === null && this.#few.length === FEW_TIMES) this.#becomeMany();
    if (this.#many === null) this.#addToFew(time);
    else if (!this.#many.has(time)) {
      this.#many.add(time);
      this.#heap.push(time, NO_SLOT);
    }
  }

  #addToFew(time: number): void {
    const few = this.#few;
    let at = few.length;
    while (at > 0 && few[at - 1]! > time) at--;
    if (few[at - 1] !== time) few.splice(at, 0, time);
  }

  #becomeMany(): void {
    this.#many = new Set(this.#few);
    this.#few = [];
    this.#heapAnew();
  }

  #heapAnew(): void {
    this.#heap = new TimerHeap();
    for (const time of this.#many!) this.#heap.push(time, NO_SLOT);
  }

  /** Whether it is there or not. */
  delete(time: number): void {
    if (this.#many === null) {
      const at = this.#few.indexOf(time);
      if (at >= 0) this.#few.splice(at, 1);
    } else if (this.#many.delete(time) && this.#heap.count > this.#many.size * 2 + FEW_TIMES) {
      this.#heapAnew();
    }
  }

  /** Takes the least out; there must be one. */
  takeLeast(): number {
    if (this.#many === null) return this.#few.shift()!;
    for (;;) {
      const { time } = this.#heap;
      this.#heap.pop();
      if (this.#many.delete(time)) return time;
    }
  }

  /** In their order. */
  list(): number[] {
    return this.#many === null ? [...this.#few] : [...this.#many].sort((a, b) => a - b);
  }
}
