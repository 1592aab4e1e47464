/**
 * Texts by slot, or null, as bytes, of some columns: no string is made to keep one, and none is left to the garbage collector.
 *
 *   take(0, entries, 7); take(1, others, 7); store(slot)      a row
 *
 * The texts of a slot lie one behind the other in a block of 16, 32, 48, ... bytes, long ones of powers of two, and blocks one
 * behind the other in segments. A row that is replaced is written over where the next needs a block of the same size; else its
 * block waits for another row of that size. Nexmark q18 measures it.
 */
import { copyBytes, viewOf } from '../data/byte-runs.ts';
import type { StringEntries } from '../data/column.ts';
import type { StringBuilder } from '../data/string-builder.ts';
import { grownInPlace, uncounted } from './grown-arrays.ts';

/** Blocks begin at multiples of so many bytes. */
const GRAIN_SHIFT = 4;
/** Longer blocks have a power of two bytes. */
const FINE_SHIFT = 10;
const FINE_BYTES_MAX = 1 << FINE_SHIFT;
const FINE_SIZES = FINE_BYTES_MAX >> GRAIN_SHIFT;
/** Places of a segment, a grain each; a longer block has a segment of its own. */
const SEGMENT_SHIFT = 16;
const SEGMENT_PLACES = 1 << SEGMENT_SHIFT;

/** In place of a size; memory that grows is full of it. */
const IS_NULL = 0;
/** Bits of a size that is none: whether there is a text, whether two bytes are a unit. */
const SIZE_SHIFT = 2;
const IS_TEXT = 1;
const IS_WIDE = 2;

export class SlotTexts {
  readonly #columns: number;
  /** By slot the place of its block, and the size of each of its texts: their bytes, and two bits. */
  #cells = new Int32Array(0);
  readonly #segments: DataView[] = [];
  /** The place of the next block, and the end of its segment. */
  #next = 0;
  #end = 0;
  /** By size, the places of blocks that hold nothing. */
  readonly #free: number[][] = [];
  /** By column, of the row that is taken: where its text is, what its size is. */
  readonly #sources: Uint8Array[];
  readonly #sourceViews: DataView[];
  readonly #starts: Int32Array;
  readonly #sizes: Int32Array;

  constructor(columns: number) {
    this.#columns = columns;
    const nothing = new Uint8Array(0);
    this.#sources = Array.from({ length: columns }, () => nothing);
    this.#sourceViews = this.#sources.map(viewOf);
    this.#starts = new Int32Array(columns);
    this.#sizes = new Int32Array(columns);
  }

  /** Room for slots below `slotCount`, which are null. */
  reserve(slotCount: number): void {
    const length = slotCount * (this.#columns + 1);
    if (length > this.#cells.length) this.#cells = grownInPlace(this.#cells, length);
  }

  isNull(column: number, slot: number): boolean {
    return this.#cells[slot * (this.#columns + 1) + 1 + column] === IS_NULL;
  }

  takeNull(column: number): void {
    this.#sizes[column] = IS_NULL;
  }

  /** An entry, until the row is stored. */
  take(column: number, { bytes, offsets, isWide }: StringEntries, entry: number): void {
    const start = offsets[entry]!;
    const length = offsets[entry + 1]! - start;
    this.#starts[column] = start;
    this.#sizes[column] = (length << SIZE_SHIFT) | (isWide ? IS_WIDE : 0) | IS_TEXT;
    if (this.#sources[column] === bytes) return;
    this.#sources[column] = bytes;
    this.#sourceViews[column] = viewOf(bytes);
  }

  /** The slot gets copies of what was taken for all columns. */
  store(slot: number): void {
    const sizes = this.#sizes;
    const place = this.#blockFor(slot);
    if (place < 0) return;
    const to = this.#segments[place >>> SEGMENT_SHIFT]!;
    let at = offsetOf(place);
    for (let c = 0; c < sizes.length; c++) {
      const length = lengthOf(sizes[c]!);
      copyBytes(this.#sourceViews[c]!, this.#starts[c]!, to, at, length);
      at += length;
    }
  }

  /** The text of a slot, which is not null. */
  get(column: number, slot: number): string {
    const size = this.#cells[slot * (this.#columns + 1) + 1 + column]!;
    const length = lengthOf(size);
    if (length === 0) return '';
    const { buffer } = this.#viewOf(slot);
    const bytes = Buffer.from(buffer as ArrayBuffer, this.#startOf(column, slot), length);
    return bytes.toString(isWide(size) ? 'utf16le' : 'latin1');
  }

  /** Appends the text of a slot, which is not null. */
  appendTo(column: number, builder: StringBuilder, slot: number): void {
    const size = this.#cells[slot * (this.#columns + 1) + 1 + column]!;
    const length = lengthOf(size);
    if (length === 0) builder.append('');
    else if (isWide(size)) builder.append(this.get(column, slot));
    else builder.appendView(this.#viewOf(slot), this.#startOf(column, slot), length);
  }

  /** What the texts of a slot are in, */
  #viewOf(slot: number): DataView {
    return this.#segments[this.#cells[slot * (this.#columns + 1)]! >>> SEGMENT_SHIFT]!;
  }

  /** and where there. */
  #startOf(column: number, slot: number): number {
    const cells = this.#cells;
    const cell = slot * (this.#columns + 1);
    let at = offsetOf(cells[cell]!);
    for (let c = 0; c < column; c++) at += lengthOf(cells[cell + 1 + c]!);
    return at;
  }

  /** The place of a block for the row that is taken, the one that the slot has where that is as long; -1 where it needs none. */
  #blockFor(slot: number): number {
    const cells = this.#cells;
    const sizes = this.#sizes;
    const cell = slot * (sizes.length + 1);
    let before = 0;
    let length = 0;
    for (let c = 0; c < sizes.length; c++) {
      before += lengthOf(cells[cell + 1 + c]!);
      length += lengthOf(sizes[c]!);
      cells[cell + 1 + c] = sizes[c]!;
    }
    const had = blockSize(before);
    const wanted = blockSize(length);
    if (had !== wanted) {
      if (had > 0) this.#freeOf(had).push(cells[cell]!);
      if (wanted > 0) cells[cell] = this.#freeOf(wanted).pop() ?? this.#newBlock(wanted);
    }
    return wanted > 0 ? cells[cell]! : -1;
  }

  #freeOf(size: number): number[] {
    while (this.#free.length <= size) this.#free.push([]);
    return this.#free[size]!;
  }

  #newBlock(size: number): number {
    const places = blockPlaces(size);
    if (places > SEGMENT_PLACES) return this.#newSegment(places);
    if (this.#next + places > this.#end) {
      this.#next = this.#newSegment(SEGMENT_PLACES);
      this.#end = this.#next + SEGMENT_PLACES;
    }
    this.#next += places;
    return this.#next - places;
  }

  /** The place where it begins. */
  #newSegment(places: number): number {
    const bytes = places * 2 ** GRAIN_SHIFT;
    return (this.#segments.push(new DataView(uncounted(bytes))) - 1) << SEGMENT_SHIFT;
  }
}

function lengthOf(size: number): number {
  return size >>> SIZE_SHIFT;
}

function isWide(size: number): boolean {
  return (size & IS_WIDE) !== 0;
}

function offsetOf(place: number): number {
  return (place & (SEGMENT_PLACES - 1)) << GRAIN_SHIFT;
}

/** The size of a block for so many bytes, as a number: 0 for none, those of fine ones, those of powers of two. */
function blockSize(bytes: number): number {
  if (bytes > FINE_BYTES_MAX) return FINE_SIZES + 32 - Math.clz32(bytes - 1) - FINE_SHIFT;
  return (bytes + (1 << GRAIN_SHIFT) - 1) >> GRAIN_SHIFT;
}

function blockPlaces(size: number): number {
  return size <= FINE_SIZES ? size : 2 ** (size - FINE_SIZES + FINE_SHIFT - GRAIN_SHIFT);
}
