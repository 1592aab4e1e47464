/**
 * Lines out of bytes that come in pieces, cut anywhere. Like those of files (file/line-reader.ts) they end at \n or \r\n, a byte
 * order mark in front of the first is skipped, and of a line that is too long only the beginning is kept. A line whose end has
 * not come yet waits.
 */
import { DEAD_LETTER_TEXT_BYTES, NET_WAITING_BYTES } from '../../base/limits.ts';
import type { DeadLetter } from '../../operator/source.ts';
import { behindMark } from '../file/line-reader.ts';
import type { LineFrames } from '../file/text-reader.ts';

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const FIRST_BYTES = 16 * 1024;
const NO_BYTES = Buffer.alloc(0);

export class ByteLines implements LineFrames {
  buffer: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  isCut = false;
  readonly cutReason: string;
  readonly progress = 0;
  line = 0;
  readonly #path: string;
  readonly #lineBytesMax: number;
  /** What has come: bytes #at to #filled - 1 have not been taken. */
  #read: Buffer = NO_BYTES;
  #at = 0;
  #filled = 0;
  /** How far there is no end of a line. */
  #searched = 0;
  /** Place in what the connection has brought of #read[0]. */
  #base = 0;
  #cutByte = 0;
  /** The rest of a line that was too long is still to come. */
  #skipsRest = false;
  #hasEnded = false;

  constructor(path: string, lineBytesMax: number) {
    this.#path = path;
    this.#lineBytesMax = lineBytesMax;
    this.cutReason = `a line is longer than ${lineBytesMax} bytes`;
  }

  /** The lines of bytes that have all come; they are not copied. */
  static of(path: string, bytes: Buffer): ByteLines {
    const lines = new ByteLines(path, bytes.length);
    lines.#read = bytes;
    lines.#filled = bytes.length;
    lines.#hasEnded = true;
    return lines;
  }

  /** So much waits that no more should come; a line that is too long is among it if there is no other. */
  get isFull(): boolean {
    return this.#filled - this.#at > Math.max(NET_WAITING_BYTES, this.#lineBytesMax);
  }

  get byte(): number {
    return this.isCut ? this.#cutByte : this.#base + this.start;
  }

  get place(): string {
    return `${this.#path} line ${this.line}`;
  }

  get position(): { readonly byte: number } {
    return { byte: this.#base + this.#at };
  }

  /** Takes a copy of the bytes. */
  push(bytes: Uint8Array): void {
    if (this.#read.length - this.#filled < bytes.length) this.#makeRoom(bytes.length);
    this.#read.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  #makeRoom(bytes: number): void {
    const waiting = this.#read.subarray(this.#at, this.#filled);
    const needed = waiting.length + bytes;
    if (needed <= this.#read.length / 2) {
      this.#read.copyWithin(0, this.#at, this.#filled);
    } else {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#read.length * 2, FIRST_BYTES));
      waiting.copy(grown);
      this.#read = grown;
    }
    this.#base += this.#at;
    this.#searched -= this.#at;
    this.#filled = waiting.length;
    this.#at = 0;
  }

  /** Nothing follows: the last line may have no end. */
  finish(): void {
    this.#hasEnded = true;
  }

  /**
   * The next line is the first of another connection. What has come of a line whose end will not come is malformed; null where
   * there is none, or it was refused already.
   */
  restart(): DeadLetter | null {
    const cut = Math.min(this.#filled, this.#at + DEAD_LETTER_TEXT_BYTES);
    const text = this.#read.toString('utf8', this.#at, cut);
    const isTorn = text !== '' && !this.#skipsRest;
    const line = this.line + 1;
    const byte = this.#base + this.#at;
    this.#base = -this.#filled;
    this.#at = this.#filled;
    this.#skipsRest = false;
    this.#hasEnded = false;
    this.line = 0;
    if (!isTorn) return null;
    const place = `${this.#path} line ${line}`;
    return { file: this.#path, place, line, byte, reason: 'the connection broke within it', text };
  }

  next(): boolean {
    this.isCut = false;
    if (this.#skipsRest && !this.#skipRest()) return false;
    if (this.#base + this.#at === 0) this.#at = behindMark(this.#read, this.#at, this.#filled);
    const newline = this.#newlineFrom(Math.max(this.#at, this.#searched));
    const end = newline < 0 ? this.#filled : newline;
    if (end - this.#at > this.#lineBytesMax) return this.#cut(newline);
    if (newline < 0) {
      this.#searched = this.#filled;
      if (!this.#hasEnded || this.#at === this.#filled) return false;
    }
    this.buffer = this.#read;
    this.start = this.#at;
    this.end = end > this.#at && this.#read[end - 1] === RETURN ? end - 1 : end;
    this.#at = newline < 0 ? end : newline + 1;
    this.line++;
    return true;
  }

  #newlineFrom(from: number): number {
    const newline = this.#read.indexOf(NEWLINE, from);
    // What lies behind the filled part is of earlier bytes.
    return newline < this.#filled ? newline : -1;
  }

  #cut(newline: number): true {
    this.#cutByte = this.#base + this.#at;
    this.buffer = Buffer.from(this.#read.subarray(this.#at, this.#at + DEAD_LETTER_TEXT_BYTES));
    this.start = 0;
    this.end = this.buffer.length;
    this.isCut = true;
    this.#skipsRest = newline < 0;
    this.#at = newline < 0 ? this.#filled : newline + 1;
    this.line++;
    return true;
  }

  #skipRest(): boolean {
    const newline = this.#newlineFrom(this.#at);
    this.#skipsRest = newline < 0;
    this.#at = newline < 0 ? this.#filled : newline + 1;
    return newline >= 0;
  }

  /** What follows may not have come yet: a record is one line. */
  extend(): false {
    return false;
  }

  close(): void {}
}
