/**
 * A checksum of rows that does not depend on their order, and that a program in any language can make.
 *
 * A row is the text of its fields joined by '|': numbers in decimal, text as it is. Over its characters, in 32-bit arithmetic:
 *
 *   lo = 0x811c9dc5;  for each c: lo = (lo ^ c) * 0x01000193          (FNV-1a, by Fowler, Noll and Vo)
 *   hi = 0;           for each c: hi = hi * 31 + c
 *   lo = mix(lo);     hi = mix(hi ^ lo)
 *
 * The checksum is the sum of all hi and the sum of all lo, each modulo 2^32, as 16 hex digits.
 */
import { mix } from './draws.ts';

export class Checksum {
  rows = 0;
  #high = 0;
  #low = 0;

  add(row: string): void {
    let low = 0x811c9dc5;
    let high = 0;
    for (let i = 0; i < row.length; i++) {
      const code = row.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = (Math.imul(high, 31) + code) | 0;
    }
    low = mix(low);
    this.#low = (this.#low + low) >>> 0;
    this.#high = (this.#high + mix(high ^ low)) >>> 0;
    this.rows++;
  }

  toString(): string {
    const digits = (word: number): string => word.toString(16).padStart(8, '0');
    return digits(this.#high) + digits(this.#low);
  }
}

export function checksumOf(rows: Iterable<string>): Checksum {
  const checksum = new Checksum();
  for (const row of rows) checksum.add(row);
  return checksum;
}
