/**
 * Times of slots, each slot and time once. Typed arrays by the number of an entry:
 *
 *   cells   a hash table from (slot, time) to entry     nexts, previouses   the entries of a slot, as a list from `heads` on
 *
 * Numbers in `cells`, `heads`, `nexts` and `previouses` are one higher; zero is none.
 */
import { CELLS_MIN, capacityOf, GOLDEN } from './cells.ts';
import { grownInPlace, zeros } from './grown-arrays.ts';
import { grownSlots, SlotList } from './slot-list.ts';

const ENTRIES_MIN = 16;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

function hashOf(slot: number, time: number): number {
  double[0] = time;
  const mixed = Math.imul(halves[0]! ^ Math.imul(halves[1]!, 0x85ebca6b), GOLDEN);
  return Math.imul(mixed ^ (mixed >>> 15) ^ Math.imul(slot, 0xcc9e2d51), GOLDEN);
}

export class TimerLists {
  /** Entries there are. */
  count = 0;
  #used = 0;
  readonly #free = new SlotList();
  #times = new Float64Array(ENTRIES_MIN);
  #slots = new Int32Array(ENTRIES_MIN);
  #nexts = new Int32Array(ENTRIES_MIN);
  #previouses = new Int32Array(ENTRIES_MIN);
  #heads = new Int32Array(0);
  #cells = new Int32Array(CELLS_MIN);
  #shift = 32 - Math.log2(CELLS_MIN);

  has(slot: number, time: number): boolean {
    return this.count > 0 && this.#cells[this.#cellOf(slot, time)] !== 0;
  }

  /** A time of a slot; NaN when it has none. */
  oneOf(slot: number): number {
    const head = this.#heads[slot] ?? 0;
    return head === 0 ? Number.NaN : this.#times[head - 1]!;
  }

  /** Appends the times of a slot, in no particular order. */
  appendTimes(slot: number, times: number[]): void {
    let entry = this.#heads[slot] ?? 0;
    for (; entry !== 0; entry = this.#nexts[entry - 1]!) times.push(this.#times[entry - 1]!);
  }

  /** False when there is such an entry already. */
  add(slot: number, time: number): boolean {
    if (this.count >= capacityOf(this.#cells.length)) this.#growCells();
    const cell = this.#cellOf(slot, time);
    if (this.#cells[cell] !== 0) return false;
    const entry = this.#free.count > 0 ? this.#free.pop() : this.#nextEntry();
    this.#cells[cell] = entry + 1;
    this.#times[entry] = time;
    this.#slots[entry] = slot;
    this.#link(slot, entry);
    this.count++;
    return true;
  }

  /** False when there is no such entry. */
  remove(slot: number, time: number): boolean {
    if (this.count === 0) return false;
    const cell = this.#cellOf(slot, time);
    const entry = this.#cells[cell]! - 1;
    if (entry < 0) return false;
    this.#freeCell(cell);
    this.#unlink(slot, entry);
    this.#free.push(entry);
    this.count--;
    return true;
  }

  #nextEntry(): number {
    const capacity = this.#times.length;
    if (this.#used === capacity) {
      const larger = capacity * 2;
      this.#times = grownInPlace(this.#times, larger);
      this.#slots = grownInPlace(this.#slots, larger);
      this.#nexts = grownInPlace(this.#nexts, larger);
      this.#previouses = grownInPlace(this.#previouses, larger);
    }
    return this.#used++;
  }

  #link(slot: number, entry: number): void {
    if (slot >= this.#heads.length) this.#heads = grownInPlace(this.#heads, grownSlots(slot));
    const head = this.#heads[slot]!;
    this.#nexts[entry] = head;
    this.#previouses[entry] = 0;
    if (head !== 0) this.#previouses[head - 1] = entry + 1;
    this.#heads[slot] = entry + 1;
  }

  #unlink(slot: number, entry: number): void {
    const next = this.#nexts[entry]!;
    const previous = this.#previouses[entry]!;
    if (previous === 0) this.#heads[slot] = next;
    else this.#nexts[previous - 1] = next;
    if (next !== 0) this.#previouses[next - 1] = previous;
  }

  /** The cell of an entry, or the free one where it would stand. */
  #cellOf(slot: number, time: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let cell = hashOf(slot, time) >>> this.#shift;
    for (;;) {
      const entry = cells[cell]! - 1;
      if (entry < 0 || (this.#slots[entry] === slot && this.#times[entry] === time)) return cell;
      cell = (cell + 1) & mask;
    }
  }

  /** As in live-int-keys.ts. */
  #freeCell(freed: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let hole = freed;
    for (let cell = (hole + 1) & mask; cells[cell] !== 0; cell = (cell + 1) & mask) {
      const entry = cells[cell]! - 1;
      const home = hashOf(this.#slots[entry]!, this.#times[entry]!) >>> this.#shift;
      if (((cell - home) & mask) < ((cell - hole) & mask)) continue;
      cells[hole] = cells[cell]!;
      hole = cell;
    }
    cells[hole] = 0;
  }

  /** Twice as many cells. */
  #growCells(): void {
    const old = this.#cells;
    this.#cells = zeros(old.length * 2);
    this.#shift--;
    for (const entry of old) {
      if (entry === 0) continue;
      this.#cells[this.#cellOf(this.#slots[entry - 1]!, this.#times[entry - 1]!)] = entry;
    }
  }
}
