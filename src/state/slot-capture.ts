/**
 * Writes the rows of a table as they are now, in slices, while the table goes on: copy on write, in chunks of slots.
 *
 *   beforeWrite(slots) before rows change → writes the chunks that they lie in, unless they are written
 *   step               between batches    → writes the next rows that are not
 *
 * For tables where a slot keeps its row: slots at or above the count at the start are new, and not part of the snapshot.
 */
const CHUNK_SHIFT = 6;
const CHUNK_SLOTS = 1 << CHUNK_SHIFT;
/** Slots that one step writes: about a batch. */
const STEP_SLOTS = 4096;

/** Writes the rows of slots from to to - 1. */
export type WriteSlots = (from: number, to: number) => void;

export class SlotCapture {
  readonly #count: number;
  readonly #write: WriteSlots;
  /** By chunk, whether it has been written ahead of its turn. */
  readonly #isWritten: Uint8Array;
  #next = 0;

  constructor(count: number, write: WriteSlots) {
    this.#count = count;
    this.#write = write;
    this.#isWritten = new Uint8Array((count + CHUNK_SLOTS - 1) >> CHUNK_SHIFT);
  }

  get isComplete(): boolean {
    return this.#next >= this.#count;
  }

  /** The rows of these slots are about to change; true when some had to be written. */
  beforeWrite(slots: Int32Array, from: number, to: number): boolean {
    const next = this.#next;
    const count = this.#count;
    const isWritten = this.#isWritten;
    let wrote = false;
    for (let i = from; i < to; i++) {
      const slot = slots[i]!;
      if (slot < next || slot >= count || isWritten[slot >> CHUNK_SHIFT] === 1) continue;
      this.#writeChunk(slot >> CHUNK_SHIFT);
      wrote = true;
    }
    return wrote;
  }

  #writeChunk(chunk: number): void {
    this.#isWritten[chunk] = 1;
    const from = Math.max(this.#next, chunk << CHUNK_SHIFT);
    this.#write(from, Math.min(this.#count, (chunk + 1) << CHUNK_SHIFT));
  }

  /** Writes the next slots that are not written yet, about a batch of them; true when all are. */
  step(): boolean {
    let left = STEP_SLOTS;
    while (left > 0 && !this.isComplete) {
      const from = this.#next;
      const to = this.#endOfRun(from, left);
      if (to > from) {
        this.#next = to;
        this.#write(from, to);
        left -= to - from;
      } else {
        this.#next = ((from >> CHUNK_SHIFT) + 1) << CHUNK_SHIFT;
      }
    }
    return this.isComplete;
  }

  /** End of the slots from `from` on that lie in chunks not written yet, at most about `most`. */
  #endOfRun(from: number, most: number): number {
    let chunk = from >> CHUNK_SHIFT;
    const last = Math.min(this.#isWritten.length, (from + most + CHUNK_SLOTS - 1) >> CHUNK_SHIFT);
    while (chunk < last && this.#isWritten[chunk] === 0) chunk++;
    return Math.max(from, Math.min(this.#count, chunk << CHUNK_SHIFT));
  }
}
