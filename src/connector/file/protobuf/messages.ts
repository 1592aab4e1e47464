/**
 * Messages behind their length, one after the other.
 *
 *   message   varint of its length | its bytes
 *
 * A length that cannot be right takes all that follows with it: nothing tells where the next message begins.
 */
import { DEAD_LETTER_TEXT_BYTES } from '../../../base/limits.ts';
import { ByteCursor, FRAME_BYTES_MAX } from '../byte-cursor.ts';
import { checkWhole } from '../file-bytes.ts';
import type { FileRange, InputFile } from '../format.ts';
import type { RecordFrames } from '../text-reader.ts';

const LENGTH_BYTES_MAX = 5;

export class Messages implements RecordFrames {
  buffer: Buffer;
  start = 0;
  end = 0;
  isCut = false;
  cutReason = '';
  byte = 0;
  readonly line = null;
  readonly #file: InputFile;
  readonly #end: number;
  readonly #cursor: ByteCursor;

  constructor(file: InputFile, range: FileRange, position: { readonly byte: number } | null) {
    this.#file = file;
    this.#end = range.end;
    this.#cursor = new ByteCursor(file, position?.byte ?? range.start);
    this.buffer = this.#cursor.bytes;
  }

  get place(): string {
    return `${this.#file.path}, message at byte ${this.byte}`;
  }

  get position(): { readonly byte: number } {
    return { byte: this.#cursor.place };
  }

  get progress(): number | null {
    return this.#cursor.progress;
  }

  next(): boolean {
    const cursor = this.#cursor;
    this.isCut = false;
    this.byte = cursor.place;
    if (this.byte >= this.#end) return false;
    if (!cursor.has(1)) {
      checkWhole(this.#file, this.byte, this.#end);
      return false;
    }
    let length = 0;
    let size = 0;
    for (let byte = 128; byte > 127; size++) {
      if (size === LENGTH_BYTES_MAX) return this.#cut('a length of more than 5 bytes');
      if (!cursor.has(size + 1)) return this.#cut('the file ends within its length');
      byte = cursor.bytes[cursor.at + size]!;
      length += (byte & 0x7f) * 128 ** size;
    }
    if (length > FRAME_BYTES_MAX) return this.#cut(`a message of ${length} bytes`);
    if (!cursor.has(size + length)) return this.#cut('the file ends within it');
    this.buffer = cursor.bytes;
    this.start = cursor.at + size;
    this.end = this.start + length;
    cursor.at = this.end;
    return true;
  }

  /** Takes the rest of the file as one record that is none. */
  #cut(reason: string): true {
    const cursor = this.#cursor;
    const { at } = cursor;
    this.buffer = Buffer.from(
      cursor.bytes.subarray(at, at + Math.min(cursor.ready, DEAD_LETTER_TEXT_BYTES)),
    );
    this.start = 0;
    this.end = this.buffer.length;
    while (cursor.has(1)) cursor.at += cursor.ready;
    this.isCut = true;
    this.cutReason = `${reason}; what follows cannot be read`;
    return true;
  }

  close(): void {
    this.#cursor.close();
  }
}
