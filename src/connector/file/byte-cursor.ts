/**
 * A place in the content of a file that moves forward, with as many bytes behind it as are asked for: for formats whose
 * records tell their length.
 *
 *   has(n) → bytes[at ... at + n - 1] are there → at += n
 */
import { type FileBytes, openBytes } from './file-bytes.ts';
import type { InputFile } from './format.ts';

const READ_BYTES = 256 * 1024;
/** A record or block longer than this is none: its length is damaged. */
export const FRAME_BYTES_MAX = 64 * 1024 * 1024;

export class ByteCursor {
  /** What has been read; `at` is where in it the cursor stands. */
  bytes: Buffer = Buffer.allocUnsafe(READ_BYTES);
  at = 0;
  readonly #content: FileBytes;
  /** Place in the content of bytes[0], and how many of them are filled. */
  #base: number;
  #filled = 0;

  constructor(file: InputFile, place = 0) {
    this.#content = openBytes(file);
    this.#base = place;
  }

  /** Where in the content the cursor stands. */
  get place(): number {
    return this.#base + this.at;
  }

  /** Whether so many bytes follow; then they are in `bytes`, which may be another one than before. */
  has(count: number): boolean {
    while (this.#filled - this.at < count) if (!this.#fill(count)) return false;
    return true;
  }

  /** Bytes that follow and are there already. */
  get ready(): number {
    return this.#filled - this.at;
  }

  /** Moves forward to a place in the content. */
  moveTo(place: number): void {
    const at = place - this.#base;
    if (at <= this.#filled) {
      this.at = at;
      return;
    }
    this.#base = place;
    this.#filled = 0;
    this.at = 0;
  }

  /**
   * Moves to the next occurrence of a marker; false, at the last bytes of the content, when there is none.
   */
  find(marker: Uint8Array): boolean {
    while (this.has(marker.length)) {
      const found = this.bytes.subarray(0, this.#filled).indexOf(marker, this.at);
      if (found >= 0) {
        this.at = found;
        return true;
      }
      this.at = this.#filled - marker.length + 1;
    }
    return false;
  }

  #fill(wanted: number): boolean {
    if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.#filled);
      this.#base += this.at;
      this.#filled -= this.at;
      this.at = 0;
    }
    if (this.#filled === this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(Math.max(wanted, READ_BYTES), this.#filled * 2));
      this.bytes.copy(grown, 0, 0, this.#filled);
      this.bytes = grown;
    }
    const room = this.bytes.length - this.#filled;
    const place = this.#base + this.#filled;
    const count = this.#content.read(this.bytes, this.#filled, room, place);
    this.#filled += count;
    return count > 0;
  }

  /** Share of the file that has been read; null where the place tells. */
  get progress(): number | null {
    return this.#content.progress;
  }

  close(): void {
    this.#content.close();
  }
}
