/**
 * Lists of slots with times, by number: appended to, and taken whole. A list is a chain of chunks out of one pool, so that
 * a list that was long leaves nothing behind, and no list is ever copied.
 */
import { grownFloats, grownInts } from './grown-arrays.ts';

const CHUNK_SHIFT = 6;
/** Entries of a chunk. */
export const CHUNK = 1 << CHUNK_SHIFT;
const CHUNKS_MIN = 4;
const NONE = -1;

export class TimerBuckets {
  #times = new Float64Array(CHUNKS_MIN * CHUNK);
  #slots = new Int32Array(CHUNKS_MIN * CHUNK);
  /** By chunk, of a list or of those that are free. */
  #nexts = new Int32Array(CHUNKS_MIN);
  #used = 0;
  #free = NONE;
  /** By list: its first chunk, and the place behind its last entry; a multiple of CHUNK when there is no room. */
  readonly #firsts: Int32Array;
  readonly #ends: Int32Array;
  /** By list; Infinity of one that is empty. */
  readonly #leasts: Float64Array;

  constructor(lists: number) {
    this.#firsts = new Int32Array(lists).fill(NONE);
    this.#ends = new Int32Array(lists);
    this.#leasts = new Float64Array(lists).fill(Infinity);
  }

  push(list: number, time: number, slot: number): void {
    let at = this.#ends[list]!;
    if ((at & (CHUNK - 1)) === 0) at = this.#lengthen(list, at);
    this.#times[at] = time;
    this.#slots[at] = slot;
    this.#ends[list] = at + 1;
    if (time < this.#leasts[list]!) this.#leasts[list] = time;
  }

  /** The chunks that a list has now, all of which are to be taken: its least time will be that of what is pushed from here on. */
  beginTaking(list: number): number {
    this.#leasts[list] = Infinity;
    let chunks = 0;
    for (let chunk = this.#firsts[list]!; chunk !== NONE; chunk = this.#nexts[chunk]!) chunks++;
    return chunks;
  }

  /** Whether its first chunk is all of it. */
  isShort(list: number): boolean {
    return this.#firsts[list] === (this.#ends[list]! - 1) >> CHUNK_SHIFT;
  }

  /** Takes the first chunk of a list out; the number of its entries, 0 when the list is empty. */
  take(list: number, times: Float64Array, slots: Int32Array): number {
    const chunk = this.#firsts[list]!;
    if (chunk === NONE) return 0;
    const from = chunk << CHUNK_SHIFT;
    const count = this.#countOf(list, chunk);
    for (let i = 0; i < count; i++) {
      times[i] = this.#times[from + i]!;
      slots[i] = this.#slots[from + i]!;
    }
    const isLast = this.isShort(list);
    this.#firsts[list] = isLast ? NONE : this.#nexts[chunk]!;
    if (isLast) this.#ends[list] = 0;
    this.#nexts[chunk] = this.#free;
    this.#free = chunk;
    return count;
  }

  /** The least time of a list, without a look at what may be very many. */
  least(list: number): number {
    return this.#leasts[list]!;
  }

  /** Entries in a chunk of a list: all but the last are full. */
  #countOf(list: number, chunk: number): number {
    const end = this.#ends[list]!;
    return (end - 1) >> CHUNK_SHIFT === chunk ? end - (chunk << CHUNK_SHIFT) : CHUNK;
  }

  /** Puts a chunk behind the end of a list; where it begins. */
  #lengthen(list: number, end: number): number {
    const chunk = this.#freeChunk();
    this.#nexts[chunk] = NONE;
    if (this.#firsts[list] === NONE) this.#firsts[list] = chunk;
    else this.#nexts[(end - 1) >> CHUNK_SHIFT] = chunk;
    return chunk << CHUNK_SHIFT;
  }

  #freeChunk(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = this.#nexts[free]!;
      return free;
    }
    const capacity = this.#nexts.length;
    if (this.#used === capacity) {
      this.#nexts = grownInts(this.#nexts, capacity * 2);
      this.#times = grownFloats(this.#times, capacity * 2 * CHUNK);
      this.#slots = grownInts(this.#slots, capacity * 2 * CHUNK);
    }
    return this.#used++;
  }
}
