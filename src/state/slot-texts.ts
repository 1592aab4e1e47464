/**
 * Texts by slot, or null, as bytes, some columns of them: no string is made to keep one, and none is left to the garbage collector.
 *
 * Texts lie in blocks of 16, 32, 48, ... bytes, long ones of powers of two, one after the other in segments. One that is
 * replaced is written over where the next needs a block of the same size; else its block waits for another text of that size.
 */

import { copyBytes, viewOf, WORDS_BYTES_MAX } from '../data/byte-runs.ts';
import type { StringEntries } from '../data/column.ts';
import type { StringBuilder } from '../data/string-builder.ts';
import { grownInPlace, uncounted } from './grown-arrays.ts';

/** Blocks begin at multiples of so many bytes. */
const GRAIN_SHIFT = 4;
const GRAIN_BYTES = 1 << GRAIN_SHIFT;
/** Longer blocks have a power of two bytes. */
const FINE_BYTES_MAX = 1024;
/** Places of a segment, a grain each; a longer block has a segment of its own. */
const SEGMENT_SHIFT = 16;
const SEGMENT_PLACES = 1 << SEGMENT_SHIFT;

/** In place of a size; memory that grows is full of it. */
const IS_NULL = 0;
const EMPTY = 1;

/** Where texts of some columns lie. Two numbers a text: the place of its block, and IS_NULL or its size; see sizeOf. */
class TextBlocks {
  /** Those of a slot are side by side: of many slots each access is a cache miss. Nexmark q18 measures it. */
  cells = new Int32Array(0);
  readonly cellsOfSlot: number;
  readonly #segments: DataView[] = [];
  /** The place of the next block, and the end of its segment. */
  #next = 0;
  #end = 0;
  /** By their bytes, the places of blocks that hold nothing. */
  readonly #free = new Map<number, number[]>();

  constructor(columns: number) {
    this.cellsOfSlot = columns * 2;
  }

  reserve(slotCount: number): void {
    const length = slotCount * this.cellsOfSlot;
    if (length > this.cells.length) this.cells = grownInPlace(this.cells, length);
  }

  /** What the place of a block is in, at `offsetOf` it. */
  viewOf(place: number): DataView {
    return this.#segments[place >>> SEGMENT_SHIFT]!;
  }

  /** The place of a block for the text at `at` of the cells: the one that it has where that is as long. */
  blockFor(at: number, length: number, isWide: boolean): number {
    const { cells } = this;
    const size = cells[at + 1]!;
    const wanted = blockBytes(length);
    if (size === IS_NULL || blockBytes(lengthOf(size)) !== wanted) {
      this.release(at);
      cells[at] = this.#free.get(wanted)?.pop() ?? this.#newBlock(wanted);
    }
    cells[at + 1] = sizeOf(length, isWide);
    return cells[at]!;
  }

  release(at: number): void {
    const size = this.cells[at + 1]!;
    if (size === IS_NULL) return;
    const bytes = blockBytes(lengthOf(size));
    const free = this.#free.get(bytes);
    if (free === undefined) this.#free.set(bytes, [this.cells[at]!]);
    else free.push(this.cells[at]!);
  }

  #newBlock(bytes: number): number {
    const places = bytes >> GRAIN_SHIFT;
    if (places > SEGMENT_PLACES) return this.#newSegment(bytes);
    if (this.#next + places > this.#end) {
      this.#next = this.#newSegment(SEGMENT_PLACES * GRAIN_BYTES);
      this.#end = this.#next + SEGMENT_PLACES;
    }
    this.#next += places;
    return this.#next - places;
  }

  /** The place where it begins. */
  #newSegment(bytes: number): number {
    return (this.#segments.push(new DataView(uncounted(bytes))) - 1) << SEGMENT_SHIFT;
  }
}

export class SlotTexts {
  readonly #blocks: TextBlocks;
  /** Of the cells of a slot. */
  readonly #offset: number;
  /** What was copied from last. */
  #source: Uint8Array = new Uint8Array(0);
  #sourceView = viewOf(this.#source);

  private constructor(blocks: TextBlocks, offset: number) {
    this.#blocks = blocks;
    this.#offset = offset;
  }

  /** So many columns of the same slots. */
  static columns(count: number): SlotTexts[] {
    const blocks = new TextBlocks(count);
    return Array.from({ length: count }, (_, c) => new SlotTexts(blocks, c * 2));
  }

  /** Room for slots below `slotCount`, which are null. */
  reserve(slotCount: number): void {
    this.#blocks.reserve(slotCount);
  }

  isNull(slot: number): boolean {
    return this.#blocks.cells[this.#at(slot) + 1] === IS_NULL;
  }

  setNull(slot: number): void {
    const at = this.#at(slot);
    this.#blocks.release(at);
    this.#blocks.cells[at + 1] = IS_NULL;
  }

  /** The slot gets a copy of an entry. */
  set(slot: number, { bytes, offsets, isWide }: StringEntries, entry: number): void {
    const start = offsets[entry]!;
    const length = offsets[entry + 1]! - start;
    const place = this.#blocks.blockFor(this.#at(slot), length, isWide);
    if (length === 0) return;
    const to = this.#blocks.viewOf(place);
    const at = offsetOf(place);
    if (length > WORDS_BYTES_MAX) {
      new Uint8Array(to.buffer, at, length).set(bytes.subarray(start, start + length));
      return;
    }
    if (this.#source !== bytes) {
      this.#source = bytes;
      this.#sourceView = viewOf(bytes);
    }
    copyBytes(this.#sourceView, start, to, at, length);
  }

  /** The text of a slot, which is not null. */
  get(slot: number): string {
    const at = this.#at(slot);
    const place = this.#blocks.cells[at]!;
    const size = this.#blocks.cells[at + 1]!;
    if (size === EMPTY) return '';
    const { buffer } = this.#blocks.viewOf(place);
    const bytes = Buffer.from(buffer as ArrayBuffer, offsetOf(place), lengthOf(size));
    return bytes.toString(isWideSize(size) ? 'utf16le' : 'latin1');
  }

  /** Appends the text of a slot, which is not null. */
  appendTo(builder: StringBuilder, slot: number): void {
    const at = this.#at(slot);
    const place = this.#blocks.cells[at]!;
    const size = this.#blocks.cells[at + 1]!;
    if (size === EMPTY) builder.append('');
    else if (isWideSize(size)) builder.append(this.get(slot));
    else builder.appendView(this.#blocks.viewOf(place), offsetOf(place), lengthOf(size));
  }

  #at(slot: number): number {
    return slot * this.#blocks.cellsOfSlot + this.#offset;
  }
}

/** EMPTY, and two more for each byte of the text, and one more where two bytes are a unit. */
function sizeOf(length: number, isWide: boolean): number {
  return EMPTY + length * 2 + (isWide && length > 0 ? 1 : 0);
}

function lengthOf(size: number): number {
  return (size - EMPTY) >> 1;
}

function isWideSize(size: number): boolean {
  return ((size - EMPTY) & 1) === 1;
}

function offsetOf(place: number): number {
  return (place & (SEGMENT_PLACES - 1)) << GRAIN_SHIFT;
}

function blockBytes(length: number): number {
  if (length > FINE_BYTES_MAX) return 2 ** (32 - Math.clz32(length - 1));
  return (length + GRAIN_BYTES - 1) & -GRAIN_BYTES;
}
