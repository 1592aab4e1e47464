/**
 * Timers of one kind: each a key slot and a time, once. Typed arrays by the number of the timer:
 *
 *   heap    timers in a binary heap by time             places   where each stands in it
 *   cells   a hash table from (slot, time) to timer     nexts, previouses   the timers of a slot, as a list from `heads` on
 *
 * Numbers in `cells`, `heads`, `nexts` and `previouses` are one higher; zero is none.
 */
import { CELLS_MIN, capacityOf, GOLDEN } from './cells.ts';
import { SlotList } from './slot-list.ts';

const TIMERS_MIN = 16;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

function hashOf(slot: number, time: number): number {
  double[0] = time;
  const mixed = Math.imul(halves[0]! ^ Math.imul(halves[1]!, 0x85ebca6b), GOLDEN);
  return Math.imul(mixed ^ (mixed >>> 15) ^ Math.imul(slot, 0xcc9e2d51), GOLDEN);
}

export class Timers {
  /** Timers there are. */
  count = 0;
  #used = 0;
  readonly #free = new SlotList();
  #times = new Float64Array(TIMERS_MIN);
  #slots = new Int32Array(TIMERS_MIN);
  #places = new Int32Array(TIMERS_MIN);
  #nexts = new Int32Array(TIMERS_MIN);
  #previouses = new Int32Array(TIMERS_MIN);
  #heap = new Int32Array(TIMERS_MIN);
  #heads = new Int32Array(0);
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  /** Time of the first timer; Infinity when there is none, so look at `count` too. */
  get firstTime(): number {
    return this.count === 0 ? Infinity : this.#times[this.#heap[0]!]!;
  }

  /** Slot of the first timer; there must be one. */
  get firstSlot(): number {
    return this.#slots[this.#heap[0]!]!;
  }

  has(slot: number): boolean {
    return slot < this.#heads.length && this.#heads[slot] !== 0;
  }

  /** The times of a slot, in no particular order. */
  timesOf(slot: number): number[] {
    const times: number[] = [];
    if (!this.has(slot)) return times;
    for (let timer = this.#heads[slot]!; timer !== 0; timer = this.#nexts[timer - 1]!) {
      times.push(this.#times[timer - 1]!);
    }
    return times;
  }

  /** False when there is such a timer already. */
  add(slot: number, when: number): boolean {
    const time = when + 0;
    if (this.count >= capacityOf(this.#cells.length)) this.#growCells();
    const cell = this.#cellOf(slot, time);
    if (this.#cells[cell] !== 0) return false;
    const timer = this.#free.count > 0 ? this.#free.pop() : this.#nextTimer();
    this.#cells[cell] = timer + 1;
    this.#times[timer] = time;
    this.#slots[timer] = slot;
    this.#link(slot, timer);
    this.#siftUp(this.count++, timer);
    return true;
  }

  /** False when there is no such timer. */
  remove(slot: number, time: number): boolean {
    if (!this.has(slot)) return false;
    const cell = this.#cellOf(slot, time + 0);
    const timer = this.#cells[cell]! - 1;
    if (timer < 0) return false;
    this.#freeCell(cell);
    this.#unlink(slot, timer);
    this.#leaveHeap(this.#places[timer]!);
    this.#free.push(timer);
    return true;
  }

  #nextTimer(): number {
    const capacity = this.#times.length;
    if (this.#used === capacity) {
      const larger = capacity * 2;
      const times = new Float64Array(larger);
      times.set(this.#times);
      this.#times = times;
      this.#slots = grownCopy(this.#slots, larger);
      this.#places = grownCopy(this.#places, larger);
      this.#nexts = grownCopy(this.#nexts, larger);
      this.#previouses = grownCopy(this.#previouses, larger);
      this.#heap = grownCopy(this.#heap, larger);
    }
    return this.#used++;
  }

  #link(slot: number, timer: number): void {
    if (slot >= this.#heads.length) {
      this.#heads = grownCopy(this.#heads, slot + (slot >> 3) + TIMERS_MIN);
    }
    const head = this.#heads[slot]!;
    this.#nexts[timer] = head;
    this.#previouses[timer] = 0;
    if (head !== 0) this.#previouses[head - 1] = timer + 1;
    this.#heads[slot] = timer + 1;
  }

  #unlink(slot: number, timer: number): void {
    const next = this.#nexts[timer]!;
    const previous = this.#previouses[timer]!;
    if (previous === 0) this.#heads[slot] = next;
    else this.#nexts[previous - 1] = next;
    if (next !== 0) this.#previouses[next - 1] = previous;
  }

  /** Puts a timer into the hole at a place of the heap, or above it. */
  #siftUp(from: number, timer: number): void {
    const heap = this.#heap;
    const times = this.#times;
    const time = times[timer]!;
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent]!;
      if (times[above]! <= time) break;
      heap[place] = above;
      this.#places[above] = place;
      place = parent;
    }
    heap[place] = timer;
    this.#places[timer] = place;
  }

  #leaveHeap(hole: number): void {
    const heap = this.#heap;
    const times = this.#times;
    const count = --this.count;
    const last = heap[count]!;
    if (hole === count) return;
    const time = times[last]!;
    let place = hole;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= count) break;
      if (child + 1 < count && times[heap[child + 1]!]! < times[heap[child]!]!) child++;
      const below = heap[child]!;
      if (times[below]! >= time) break;
      heap[place] = below;
      this.#places[below] = place;
      place = child;
    }
    this.#siftUp(place, last);
  }

  /** The cell of a timer, or the free one where it would stand. */
  #cellOf(slot: number, time: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = hashOf(slot, time) >>> this.#shift;
    for (;;) {
      const timer = cells[cell]! - 1;
      if (timer < 0 || (this.#slots[timer] === slot && this.#times[timer] === time)) return cell;
      cell = (cell + 1) & mask;
    }
  }

  /** As in live-int-keys.ts. */
  #freeCell(freed: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = freed;
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const timer = cells[cell]! - 1;
      const home = hashOf(this.#slots[timer]!, this.#times[timer]!) >>> this.#shift;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell]!;
      hole = cell;
    }
    cells[hole] = 0;
  }

  #growCells(): void {
    this.#cells = new Int32Array(this.#cells.length * 2);
    this.#shift--;
    for (let place = 0; place < this.count; place++) {
      const timer = this.#heap[place]!;
      this.#cells[this.#cellOf(this.#slots[timer]!, this.#times[timer]!)] = timer + 1;
    }
  }
}

function grownCopy(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(length);
  to.set(from);
  return to;
}
