/**
 * Writes the rows of a table as they are now, in slices, while the table goes on: copy on write, by chunks of slots.
 *
 *   beforeWrite(slots) before rows change → `save` of the chunks that they lie in, unless they are saved or written
 *   step               between batches    → `write` of the next rows, from what was saved where something was
 *
 * For tables where a slot keeps its row: slots at or above the count at the start are new, and not part of the snapshot. Of a
 * delta only slots with a mark are (changed-slots.ts).
 */

/** Slots that one step writes, where a slot is a row: about a batch. Of numbers it may be more, which are written fast. */
export const STEP_SLOTS = 4096;

/** Those of the first step, which may be the first of all, by code that is not compiled yet: half as many more in each behind it. */
const FIRST_STEP_SLOTS = 512;

/** Of those, as a power of two, what a step writes at least, however many were written since the last one because they changed. */
const STEP_SHIFT_MIN = 3;

/** Slots in a list: so few that what they refer to stays in the cache from one loop over them to the next. */
const LIST_SLOTS = 512;

/** Slots that one step looks at, where few of them are written. */
const STEP_LOOKS = 256 * 1024;

export interface CapturedTable {
  /** Slots of a chunk, as a power of two. */
  readonly chunkShift: number;
  /** Whether what is saved is written by that, and needs no `write`. */
  readonly savesByWriting: boolean;
  /** Keeps what the slots of these chunks hold, which is about to change. */
  save(chunks: Int32Array): void;
  /** Writes slots from to to - 1, all of them saved or none. */
  write(from: number, to: number, areSaved: boolean): void;
  /** Behind some that were saved or written: what they refer to may change from now on. */
  flush?(): void;
}

/**
 * Rows that are written before they change: of objects, which may change in place. Slot by slot, in a list, so that a batch whose keys
 * are all over the table writes those alone. `flush` has them encoded. Benchmark: figure checkpoint-pause-objects.
 */
export function writtenAtOnce(
  write: (slots: Int32Array) => void,
  flush: () => void,
): CapturedTable {
  const run = new Int32Array(LIST_SLOTS);
  return {
    chunkShift: 0,
    savesByWriting: true,
    save(slots) {
      for (let at = 0; at < slots.length; at += LIST_SLOTS) {
        write(slots.length <= LIST_SLOTS ? slots : slots.subarray(at, at + LIST_SLOTS));
      }
    },
    write(from, to, areSaved) {
      if (areSaved) return;
      for (let slot = from; slot < to; ) {
        const count = Math.min(LIST_SLOTS, to - slot);
        for (let i = 0; i < count; i++) run[i] = slot++;
        write(run.subarray(0, count));
      }
    },
    flush,
  };
}

export class SlotCapture {
  readonly #count: number;
  readonly #table: CapturedTable;
  readonly #shift: number;
  readonly #stepSlotsMax: number;
  #stepSlots: number;
  /** A bit a chunk. */
  readonly #saved: Int32Array;
  /** Of a batch, those to save. */
  #chunks = new Int32Array(0);
  readonly #marks: Uint8Array | null;
  #next = 0;
  /** Since the last step, because they changed. */
  #written = 0;

  /** `marks`: of the slots to write, those that are not 0; null for all. */
  constructor(
    count: number,
    table: CapturedTable,
    marks: Uint8Array | null = null,
    stepSlotsMax: number = STEP_SLOTS,
  ) {
    this.#marks = marks;
    this.#stepSlotsMax = stepSlotsMax;
    this.#stepSlots = Math.min(FIRST_STEP_SLOTS, stepSlotsMax);
    // Behind the marks there are none.
    this.#count = marks === null ? count : Math.min(count, marks.length);
    this.#table = table;
    this.#shift = table.chunkShift;
    this.#saved = new Int32Array(((this.#count >> this.#shift) >> 5) + 1);
  }

  get isComplete(): boolean {
    return this.#next >= this.#count;
  }

  /** The rows of these slots are about to change. */
  beforeWrite(slots: Int32Array, from: number, to: number): void {
    if (this.isComplete) return;
    if (this.#chunks.length < to - from) this.#chunks = new Int32Array(to - from);
    const found = this.#findUnsaved(slots, from, to);
    if (found === 0) return;
    const table = this.#table;
    table.save(this.#chunks.subarray(0, found));
    if (table.savesByWriting) this.#written += found << this.#shift;
    table.flush?.();
  }

  /**
   * Lists the chunks of these slots that are neither saved nor written, which are saved from here on; how many they are. No branch
   * depends on whether one is, so that reads overlap.
   */
  #findUnsaved(slots: Int32Array, from: number, to: number): number {
    const chunks = this.#chunks;
    const saved = this.#saved;
    const marks = this.#marks;
    const count = this.#count;
    const shift = this.#shift;
    const first = this.#next >> shift;
    let found = 0;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (slot >= count || (marks !== null && marks[slot] === 0)) continue;
      const chunk = slot >> shift;
      const bits = saved[chunk >> 5]!;
      chunks[found] = chunk;
      saved[chunk >> 5] = bits | (1 << chunk);
      const isWritten = (chunk - first) >> 31;
      found += ~((bits >>> chunk) | isWritten) & 1;
    }
    return found;
  }

  /** Writes the next rows, about a batch of them; true when all are written. */
  step(): boolean {
    const most = this.#stepSlots;
    let left = Math.max(1, most >> STEP_SHIFT_MIN, most - this.#written);
    this.#written = 0;
    this.#stepSlots = Math.min(most + (most >> 1), this.#stepSlotsMax);
    const looks = this.#marks === null ? left : STEP_LOOKS;
    const end = Math.min(this.#count, this.#next + looks);
    while (left > 0) {
      const from = this.#firstMarked(end);
      this.#next = from;
      if (from === end) break;
      const to = this.#endOfRun(from, Math.min(end, from + left));
      this.#next = to;
      left -= to - from;
      this.#table.write(from, to, this.#isSaved(from >> this.#shift));
    }
    this.#table.flush?.();
    return this.isComplete;
  }

  /** The next slot to write; `end` when there is none before. */
  #firstMarked(end: number): number {
    const marks = this.#marks;
    let slot = this.#next;
    if (marks !== null) while (slot < end && marks[slot] === 0) slot++;
    return slot;
  }

  /** End of the marked slots from `from` on whose chunks are all saved, or all not. */
  #endOfRun(from: number, limit: number): number {
    const marks = this.#marks;
    let end = limit;
    if (marks !== null) {
      end = from + 1;
      while (end < limit && marks[end] !== 0) end++;
    }
    const shift = this.#shift;
    let chunk = from >> shift;
    const isSaved = this.#isSaved(chunk);
    for (chunk++; chunk << shift < end && this.#isSaved(chunk) === isSaved; chunk++);
    return Math.min(end, chunk << shift);
  }

  #isSaved(chunk: number): boolean {
    return ((this.#saved[chunk >> 5]! >>> chunk) & 1) === 1;
  }
}
