/** Texts one behind the other, one byte a character, in memory that grows. */
import type { Texts } from './corpus-format.ts';
import type { Draws } from './draws.ts';

const LETTERS = 26;
const LETTER_A = 97;
/** One character in so many is the filler. */
const FILLER_SHARE = 13;
const SHORTEST_TEXT = 3;

export class TextHeap {
  bytes = new Uint8Array(64 * 1024);
  end = 0;

  clear(): void {
    this.end = 0;
  }

  #reserve(more: number): void {
    if (this.end + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.end + more));
    grown.set(this.bytes);
    this.bytes = grown;
  }

  append(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.end++] = text.charCodeAt(i);
  }

  copy(from: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    this.bytes.set(from.subarray(start, start + length), this.end);
    this.end += length;
  }

  /** Letters, and now and then the filler: 3 to `max` - 1 characters, less what fillers at both ends took. */
  appendDrawn(draws: Draws, max: number, filler: ' ' | '_' = ' '): void {
    const length = SHORTEST_TEXT + draws.below(max - SHORTEST_TEXT);
    this.#reserve(length);
    const start = this.end;
    const fillerCode = filler.charCodeAt(0);
    for (let i = 0; i < length; i++) {
      const isFiller = draws.below(FILLER_SHARE) === 0;
      this.bytes[this.end++] = isFiller ? fillerCode : LETTER_A + draws.below(LETTERS);
    }
    if (filler === ' ') this.#trim(start);
  }

  #trim(start: number): void {
    const { bytes } = this;
    const blank = 32;
    while (this.end > start && bytes[this.end - 1] === blank) this.end--;
    let first = start;
    while (first < this.end && bytes[first] === blank) first++;
    bytes.copyWithin(start, first, this.end);
    this.end -= first - start;
  }

  toString(): string {
    return Buffer.from(this.bytes.buffer, 0, this.end).toString('latin1');
  }
}

/** A list of texts. */
export function textsOf(list: readonly string[]): Texts {
  const heap = new TextHeap();
  const offsets = new Int32Array(list.length + 1);
  list.forEach((text, i) => {
    heap.append(text);
    offsets[i + 1] = heap.end;
  });
  return { offsets, bytes: heap.bytes.slice(0, heap.end) };
}

/** One text of a list. */
export function textAt({ offsets, bytes }: Texts, i: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'latin1',
    offsets[i]!,
    offsets[i + 1]!,
  );
}
