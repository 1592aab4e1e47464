/**
 * Cells of panes that change while a snapshot is written, as they were at its barrier: chunks of slots one behind the other, in the order
 * in which they change. So a batch of records, whose slots are all over a pane, touches little memory for the first time; a page of
 * that costs as much as some hundred cells. Benchmark: figure checkpoint-pause.
 */
import { readSlotsAhead } from '../../state/read-ahead.ts';
import type { CapturedTable } from '../../state/slot-capture.ts';
import type { Accumulators } from './aggregate-codegen.ts';

/** Cells of a piece of memory, as a power of two. */
const PIECE_SHIFT = 16;
const PIECE_CELLS = 1 << PIECE_SHIFT;

/** A first piece of so many stays, however few cells there are. */
const KEPT_CELLS = 4096;

/**
 * The memory for it: the same for one snapshot after the other, since memory that is new each time has V8 collect garbage each
 * time. In pieces, since much of it at once has V8 collect garbage at once, not beside the program. Benchmark: figures
 * checkpoint-overhead, checkpoint-pause.
 */
export class SavedCells {
  /** Of PIECE_CELLS each; the first may be shorter, and then it is the only one. */
  readonly #pieces: Float64Array[] = [];
  #pieceCells = 0;
  /** Where the next cells go: places are counted through all pieces. */
  #next = 0;

  /** The next snapshot, in which up to so many cells change, takes the place of the one before. */
  begin(count: number): void {
    this.#next = 0;
    this.#pieceCells = Math.min(PIECE_CELLS, Math.ceil(count * 1.25));
    const pieces = this.#pieces;
    pieces.length = Math.min(pieces.length, Math.ceil((4 * count) / PIECE_CELLS));
    const first = pieces[0]?.length ?? 0;
    const isOfUse = first >= Math.min(PIECE_CELLS, count) && first <= KEPT_CELLS + 4 * count;
    if (!isOfUse) pieces.length = 0;
  }

  /** Cells that there is memory for. */
  get capacity(): number {
    return this.#pieces.reduce((cells, { length }) => cells + length, 0);
  }

  /** Keeps cells from to to - 1 of these, at most PIECE_CELLS; tells where the first of them is. */
  keep(cells: Float64Array, from: number, to: number): number {
    let place = this.#next;
    if ((place & (PIECE_CELLS - 1)) + to - from > PIECE_CELLS) {
      place = ((place >> PIECE_SHIFT) + 1) << PIECE_SHIFT;
    }
    const piece = this.#pieces[place >> PIECE_SHIFT] ?? this.#more();
    let at = place & (PIECE_CELLS - 1);
    for (let i = from; i < to; i++) piece[at++] = cells[i]!;
    this.#next = place + to - from;
    return place;
  }

  #more(): Float64Array {
    const piece = new Float64Array(this.#pieceCells);
    this.#pieces.push(piece);
    return piece;
  }

  /** Copies so many cells, which were kept together, from a place into these, from `at` on. */
  copy(place: number, count: number, cells: Float64Array, at: number): void {
    const piece = this.#pieces[place >> PIECE_SHIFT]!;
    const from = place & (PIECE_CELLS - 1);
    for (let i = 0; i < count; i++) cells[at + i] = piece[from + i]!;
  }
}

/** Slots of a chunk, as a power of two: a few lines of the cache. */
const CHUNK_SHIFT = 4;

/** Chunks that are read ahead of being copied. */
const AHEAD_CHUNKS = 64;

/** A range of slots of a pane, in these accumulators from slot `at` on. */
type WriteSlots = (from: number, to: number, of: Accumulators, at: number) => void;

/** A pane whose accumulators are numbers alone. */
export class SavedPane implements CapturedTable {
  readonly chunkShift = CHUNK_SHIFT;
  readonly savesByWriting = false;
  /** Of read-ahead.ts. */
  ahead = 0;
  readonly #accumulators: Accumulators;
  readonly #slotCount: number;
  readonly #cellCount: number;
  readonly #saved: SavedCells;
  /** By chunk that is saved, where its first slot is. */
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
    this.#slotCount = slotCount;
    this.#cellCount = cellCount;
    this.#saved = saved;
    this.#places = new Int32Array((slotCount >> CHUNK_SHIFT) + 1);
    this.#write = write;
  }

  save(chunks: Int32Array): void {
    const { cells } = this.#accumulators;
    const cellCount = this.#cellCount;
    const chunkCells = cellCount << CHUNK_SHIFT;
    const end = this.#slotCount * cellCount;
    const places = this.#places;
    const saved = this.#saved;
    for (let at = 0; at < chunks.length; at += AHEAD_CHUNKS) {
      const limit = Math.min(chunks.length, at + AHEAD_CHUNKS);
      this.ahead = readSlotsAhead(cells, chunkCells, chunks, at, limit);
      for (let i = at; i < limit; i++) {
        const from = chunks[i]! * chunkCells;
        places[chunks[i]!] = saved.keep(cells, from, Math.min(end, from + chunkCells));
      }
    }
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
