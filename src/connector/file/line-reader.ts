/**
 * The lines of a byte range of a file, without making strings. A range owns the lines whose first byte lies in it, so
 * that ranges that cover a file without gap or overlap give each line exactly once.
 *
 *   next() → buffer[start...end) without the line break          at a `false` the range is done
 *
 * Lines end at \n or \r\n; the last may end without. A byte order mark at the start of the file is skipped. Of a line that
 * is too long to be one only the beginning is kept, and `isCut` tells.
 */
import { DEAD_LETTER_TEXT_BYTES } from '../../base/limits.ts';
import { checkWhole, contentEnd, type FileBytes, openBytes } from './file-bytes.ts';
import type { FileRange, InputFile } from './format.ts';

const CHUNK_BYTES = 256 * 1024;
/** A line longer than this is no line: most likely the file is not text. */
export const LINE_BYTES_MAX = 64 * 1024 * 1024;
const RANGE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** What is wrong with a cut line. */
const TOO_LONG = `a line is longer than ${LINE_BYTES_MAX} bytes; is this a text file?`;

/** Where to continue: byte of the next line, and its number from 1, or 0 when not known. */
export type LinePosition = { readonly byte: number; readonly line: number };

export class LineReader {
  /** The current line: bytes start to end - 1 of the buffer. */
  buffer: Buffer;
  start = 0;
  end = 0;
  /** The line is longer than any line should be; what is there is its beginning. */
  isCut = false;
  readonly cutReason = TOO_LONG;
  readonly #file: InputFile;
  readonly #bytes: FileBytes;
  readonly #rangeEnd: number;
  /** Number of the next line, or 0. */
  #nextLine: number;
  /** What has been read: the buffer, but while the current line is a cut one. */
  #read: Buffer;
  /** Place in the file of #read[0]; bytes of the buffer that are filled; where the next line begins in it. */
  #base: number;
  #filled = 0;
  #at = 0;
  #isAtEnd = false;
  #cutByte = 0;

  constructor(file: InputFile, range: FileRange, position: LinePosition | null) {
    this.#file = file;
    this.#rangeEnd = range.end;
    this.#bytes = openBytes(file);
    this.#read = Buffer.allocUnsafe(CHUNK_BYTES);
    this.buffer = this.#read;
    // The line before a range belongs to the range before, even if it ends here.
    this.#base = position?.byte ?? Math.max(0, range.start - 1);
    this.#nextLine = position?.line ?? (range.start === 0 ? 1 : 0);
    if (position !== null) return;
    try {
      if (range.start === 0) this.#skipByteOrderMark();
      else this.#take();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Where the next line begins. */
  get position(): LinePosition {
    return { byte: this.#base + this.#at, line: this.#nextLine };
  }

  /** Number of the current line, from 1; null where it is not known. */
  get line(): number | null {
    return this.#nextLine > 0 ? this.#nextLine - 1 : null;
  }

  /** Where the current line begins. */
  get byte(): number {
    return this.isCut ? this.#cutByte : this.#base + this.start;
  }

  /** `flights.csv:12`, or the byte where the number of the line is not known; of the current line. */
  get place(): string {
    const { path } = this.#file;
    return this.line === null ? `${path} at byte ${this.byte}` : `${path}:${this.line}`;
  }

  /** Moves to the next line; false when there is none in the range. EngineError INPUT_MALFORMED where the range is cut off. */
  next(): boolean {
    if (this.#base + this.#at >= this.#rangeEnd) return false;
    if (this.#take()) return true;
    checkWhole(this.#file, this.#base + this.#filled, this.#rangeEnd);
    return false;
  }

  /**
   * Joins the current line with the one behind it, line break included; false at the end of the file, and where the two
   * are cut.
   */
  extend(): boolean {
    return this.#take(this.start) && !this.isCut;
  }

  /** Takes the line at `#at`; the result begins at `keep`, the start of the line or of those before it. */
  #take(keep = this.#at): boolean {
    if (this.isCut) this.#forgetCut();
    let start = keep;
    let from = this.#at;
    for (;;) {
      // What lies behind the filled part is of an earlier read.
      const newline = this.#read.indexOf(NEWLINE, from);
      if (newline >= 0 && newline < this.#filled) {
        this.#setLine(start, newline, newline + 1);
        return true;
      }
      if (this.#filled - start >= LINE_BYTES_MAX) {
        this.#cut(start);
        return true;
      }
      from = this.#filled - start;
      this.#fill(start);
      start = 0;
      if (this.#isAtEnd) break;
    }
    if (this.#at === this.#filled) return false;
    this.#setLine(start, this.#filled, this.#filled);
    return true;
  }

  #setLine(start: number, end: number, next: number): void {
    this.start = start;
    this.end = end > start && this.#read[end - 1] === RETURN ? end - 1 : end;
    this.#at = next;
    if (this.#nextLine > 0) this.#nextLine++;
  }

  /** Keeps the beginning of a line and moves behind it. */
  #cut(start: number): void {
    this.#cutByte = this.#base + start;
    this.buffer = Buffer.from(this.#read.subarray(start, start + DEAD_LETTER_TEXT_BYTES));
    this.isCut = true;
    let newline = -1;
    while (newline < 0 && !this.#isAtEnd) {
      this.#at = this.#filled;
      this.#fill(this.#filled);
      const found = this.#read.indexOf(NEWLINE);
      newline = found < this.#filled ? found : -1;
    }
    this.#at = newline < 0 ? this.#filled : newline + 1;
    this.start = 0;
    this.end = this.buffer.length;
    if (this.#nextLine > 0) this.#nextLine++;
  }

  #forgetCut(): void {
    this.isCut = false;
    this.buffer = this.#read;
  }

  /** Reads on, after moving what is still needed, from `keep` on, to the front. */
  #fill(keep: number): void {
    if (keep > 0) this.#read.copyWithin(0, keep, this.#filled);
    this.#base += keep;
    this.#filled -= keep;
    this.#at -= keep;
    if (this.#filled === this.#read.length) this.#grow();
    const room = this.#read.length - this.#filled;
    const count = this.#bytes.read(this.#read, this.#filled, room, this.#base + this.#filled);
    this.#filled += count;
    this.#isAtEnd = count === 0;
  }

  #grow(): void {
    const grown = Buffer.allocUnsafe(this.#read.length * 2);
    this.#read.copy(grown, 0, 0, this.#filled);
    this.#read = grown;
    this.buffer = grown;
  }

  /** Share of the file that has been read; null where the place of the next line tells. */
  get progress(): number | null {
    return this.#bytes.progress;
  }

  #skipByteOrderMark(): void {
    this.#fill(0);
    this.#at = behindMark(this.#read, 0, this.#filled);
  }

  close(): void {
    this.#bytes.close();
  }
}

/** Where text begins that has its first byte at `at`: behind a byte order mark. */
export function behindMark(bytes: Uint8Array, at: number, end: number): number {
  const hasMark = BYTE_ORDER_MARK.every((byte, i) => at + i < end && bytes[at + i] === byte);
  return hasMark ? at + BYTE_ORDER_MARK.length : at;
}

/** All of a file as one range. */
export function wholeFile(file: InputFile): FileRange {
  return { start: 0, end: contentEnd(file), weight: file.sizeBytes };
}

/** Ranges of about 16 MiB; compressed files are read whole, from front to back. */
export function byteRanges(file: InputFile): FileRange[] {
  if (contentEnd(file) !== file.sizeBytes) return [wholeFile(file)];
  const count = Math.max(1, Math.ceil(file.sizeBytes / RANGE_BYTES));
  return Array.from({ length: count }, (_, n) => {
    const start = Math.floor((file.sizeBytes * n) / count);
    const end = Math.floor((file.sizeBytes * (n + 1)) / count);
    return { start, end, weight: end - start };
  });
}
