/** First in, first out, over an array: neither end costs more than a write. */

/** From so many places on that have been left, the array is cut when they are half of it. */
const CUT_MIN = 1024;

export class Fifo<T> {
  #entries: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get first(): T | undefined {
    return this.#entries[this.#head];
  }

  get last(): T | undefined {
    return this.length > 0 ? this.#entries.at(-1) : undefined;
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  pop(): T | undefined {
    return this.length > 0 ? this.#entries.pop() : undefined;
  }

  /** Takes the first out; undefined when there is none. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const entry = this.#entries[this.#head];
    this.#entries[this.#head++] = undefined;
    if (this.#head === this.#entries.length) {
      this.#entries = [];
      this.#head = 0;
    } else if (this.#head >= CUT_MIN && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = this.#head; i < this.#entries.length; i++) yield this.#entries[i] as T;
  }
}
