/**
 * Seeded random numbers: xoshiro128** by Blackman and Vigna (2018), seeded through splitmix32. Same seed,
 * same sequence on every machine. Not for secrets.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  constructor(seed: number) {
    this.reseed(seed);
  }

  /** Starts the sequence of a seed, and of an index below 2^53 with it: each index has a sequence of its own. */
  reseed(seed: number, index = 0): void {
    const state =
      Math.imul(seed | 0, 0x85ebca6b) ^ (index | 0) ^ Math.imul(index / 4294967296, 0xc2b2ae35);
    this.#a = splitmix32(state + GAMMA);
    this.#b = splitmix32(state + 2 * GAMMA);
    this.#c = splitmix32(state + 3 * GAMMA);
    this.#d = splitmix32(state + 4 * GAMMA);
  }

  /** An integer from 0 to 2^32 - 1. */
  uint32(): number {
    const scrambled = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotl(this.#d, 11);
    return scrambled >>> 0;
  }

  /** An integer from 0 to `bound` - 1; `bound` at most 2^32. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 4294967296) * bound);
  }

  /** A number in [0, 1). */
  float(): number {
    return this.uint32() / 4294967296;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

const GAMMA = 0x9e3779b9;

function splitmix32(state: number): number {
  let z = (state | 0) ^ ((state | 0) >>> 16);
  z = Math.imul(z, 0x21f0aaad);
  z ^= z >>> 15;
  z = Math.imul(z, 0x735a2d97);
  return z ^ (z >>> 15);
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
