/**
 * Cells of panes that change while a snapshot is written, as they were at its barrier: chunks of slots one behind the other, in the order
 * in which they change. So a batch of records, whose slots are all over a pane, touches little memory for the first time; a page of
 * that costs as much as some hundred cells. Benchmark: figure checkpoint-pause.
 */
import type { CapturedTable } from '../../state/slot-capture.ts';
import type { Accumulators } from './aggregate-codegen.ts';

/**
 * The memory for it: the same for one snapshot after the other, since memory that is new each time has V8 collect garbage each
 * time. Benchmark: figure checkpoint-overhead.
 */
export class SavedCells {
  #cells = new Float64Array(0);
  #used = 0;

  /** The next snapshot, in which up to so many cells change, takes the place of the one before. */
  begin(count: number): void {
    this.#used = 0;
    const { length } = this.#cells;
    if (length < count || length > KEPT_CELLS + 4 * count)
      this.#cells = new Float64Array(Math.ceil(count * 1.25));
  }

  /** How many there is room for; what is never touched takes no memory. */
  get capacity(): number {
    return this.#cells.length;
  }

  /** Keeps cells from to to - 1 of these; tells where the first of them is. */
  keep(cells: Float64Array, from: number, to: number): number {
    const kept = this.#cells;
    const place = this.#used;
    let at = place;
    for (let i = from; i < to; i++) kept[at++] = cells[i]!;
    this.#used = at;
    return place;
  }

  /** Copies so many cells from a place into these, from `at` on. */
  copy(place: number, count: number, cells: Float64Array, at: number): void {
    const kept = this.#cells;
    for (let i = 0; i < count; i++) cells[at + i] = kept[place + i]!;
  }
}

const KEPT_CELLS = 4096;

/** Slots of a chunk, as a power of two: a few lines of the cache. */
const CHUNK_SHIFT = 4;

/** A range of slots of a pane, in these accumulators from slot `at` on. */
type WriteSlots = (from: number, to: number, of: Accumulators, at: number) => void;

/** A pane whose accumulators are numbers alone. */
export class SavedPane implements CapturedTable {
  readonly chunkShift = CHUNK_SHIFT;
  readonly #accumulators: Accumulators;
  readonly #cellCount: number;
  readonly #saved: SavedCells;
  /** By chunk that is saved, where its first slot is; before that, if the slots that it begins with were written already. */
  readonly #places: Int32Array;
  readonly #write: WriteSlots;
  /** Slots that were saved, in their order again. */
  readonly #ordered: Accumulators = { cells: new Float64Array(0), objects: [] };

  constructor(
    accumulators: Accumulators,
    slotCount: number,
    cellCount: number,
    saved: SavedCells,
    write: WriteSlots,
  ) {
    this.#accumulators = accumulators;
    this.#cellCount = cellCount;
    this.#saved = saved;
    this.#places = new Int32Array((slotCount >> CHUNK_SHIFT) + 1);
    this.#write = write;
  }

  save(from: number, to: number): void {
    const cellCount = this.#cellCount;
    const chunk = from >> CHUNK_SHIFT;
    const place = this.#saved.keep(this.#accumulators.cells, from * cellCount, to * cellCount);
    this.#places[chunk] = place - (from - (chunk << CHUNK_SHIFT)) * cellCount;
  }

  write(from: number, to: number, areSaved: boolean): void {
    if (areSaved) this.#write(from, to, this.#inOrder(from, to), 0);
    else this.#write(from, to, this.#accumulators, from);
  }

  #inOrder(from: number, to: number): Accumulators {
    const ordered = this.#ordered;
    const cellCount = this.#cellCount;
    const count = (to - from) * cellCount;
    if (ordered.cells.length < count) ordered.cells = new Float64Array(count);
    for (let slot = from; slot < to; ) {
      const chunk = slot >> CHUNK_SHIFT;
      const end = Math.min(to, (chunk + 1) << CHUNK_SHIFT);
      const place = this.#places[chunk]! + (slot - (chunk << CHUNK_SHIFT)) * cellCount;
      this.#saved.copy(place, (end - slot) * cellCount, ordered.cells, (slot - from) * cellCount);
      slot = end;
    }
    return ordered;
  }
}
