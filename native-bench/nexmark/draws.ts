/**
 * Random numbers that are a function of seed, event and number of the draw, in 32-bit arithmetic: every event can be made
 * alone, on any machine. The mixing of bits is the end of MurmurHash3, by Austin Appleby.
 */
const GOLDEN = 0x9e3779b9;

export class Draws {
  #base = 0;
  #drawn = 0;

  /** Begins the draws of an event. */
  begin(seed: number, event: number): void {
    this.#base = mix(seed ^ mix(event + GOLDEN));
    this.#drawn = 0;
  }

  /** Signed 32 bits. */
  int(): number {
    return mix((this.#base + Math.imul(++this.#drawn, GOLDEN)) | 0);
  }

  /** 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor(((this.int() >>> 0) / 4294967296) * bound);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
