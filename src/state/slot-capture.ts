/**
 * Writes the rows of a table as they are now, in slices, while the table goes on: copy on write, by chunks of slots.
 *
 *   beforeWrite(slots) before rows change → `save` of the chunks that they lie in, unless they are saved or written
 *   step               between batches    → `write` of the next rows, from what was saved where something was
 *
 * For tables where a slot keeps its row: slots at or above the count at the start are new, and not part of the snapshot.
 */

/** Slots that one step writes, where a slot is a row: about a batch. */
const STEP_SLOTS = 4096;

/** Chunks of numbers are copied fast; of objects each is written by itself, since that takes long. */
export const NUMBERS_SHIFT = 6;
const OBJECTS_SHIFT = 0;

export interface CapturedTable {
  /** Slots of a chunk, as a power of two. */
  readonly chunkShift: number;
  /** Keeps what slots from to to - 1 hold, which is about to change. */
  save(from: number, to: number): void;
  /** Writes slots from to to - 1, all of them saved or none. */
  write(from: number, to: number, areSaved: boolean): void;
  /** Behind some that were saved or written: what they refer to may change from now on. */
  flush?(): void;
}

/** Rows that are written before they change: of objects, which may change in place. `flush` has them encoded. */
export function writtenAtOnce(
  write: (from: number, to: number) => void,
  flush: () => void,
): CapturedTable {
  return {
    chunkShift: OBJECTS_SHIFT,
    save: write,
    write(from, to, areSaved) {
      if (!areSaved) write(from, to);
    },
    flush,
  };
}

export class SlotCapture {
  readonly #count: number;
  readonly #table: CapturedTable;
  readonly #shift: number;
  readonly #stepSlots: number;
  readonly #isSaved: Uint8Array;
  #next = 0;

  constructor(count: number, table: CapturedTable, stepSlots: number = STEP_SLOTS) {
    this.#stepSlots = stepSlots;
    this.#count = count;
    this.#table = table;
    this.#shift = table.chunkShift;
    this.#isSaved = new Uint8Array(((count - 1) >> this.#shift) + 1);
  }

  get isComplete(): boolean {
    return this.#next >= this.#count;
  }

  /** The rows of these slots are about to change. */
  beforeWrite(slots: Int32Array, from: number, to: number): void {
    const next = this.#next;
    const count = this.#count;
    const shift = this.#shift;
    const isSaved = this.#isSaved;
    if (next >= count) return;
    let hasSaved = false;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (slot < next || slot >= count || isSaved[slot >> shift] === 1) continue;
      this.#save(slot >> shift);
      hasSaved = true;
    }
    if (hasSaved) this.#table.flush?.();
  }

  #save(chunk: number): void {
    this.#isSaved[chunk] = 1;
    const from = Math.max(this.#next, chunk << this.#shift);
    this.#table.save(from, Math.min(this.#count, (chunk + 1) << this.#shift));
  }

  /** Writes the next rows, about a batch of them; true when all are written. */
  step(): boolean {
    const end = Math.min(this.#count, this.#next + this.#stepSlots);
    while (this.#next < end) {
      const from = this.#next;
      const to = this.#endOfRun(from, end);
      this.#next = to;
      this.#table.write(from, to, this.#isSaved[from >> this.#shift] === 1);
    }
    this.#table.flush?.();
    return this.isComplete;
  }

  /** End of the slots from `from` on whose chunks are all saved, or all not. */
  #endOfRun(from: number, end: number): number {
    const shift = this.#shift;
    const isSaved = this.#isSaved;
    const wanted = isSaved[from >> shift]!;
    let chunk = (from >> shift) + 1;
    while (chunk << shift < end && isSaved[chunk] === wanted) chunk++;
    return Math.min(end, chunk << shift);
  }
}
