/**
 * Lists of a dynamic column, one behind the other: what has a shape in common, so that it can be written as columns
 * (value-shape.ts), are their elements. Benchmark: figure codec-lists.
 */
import { isElements } from './plain-array.ts';

export class ListedValues {
  #elements: unknown[] = [];
  #offsets = new Int32Array(0);

  /** The elements of all lists that were gathered. */
  get elements(): readonly unknown[] {
    return this.#elements;
  }

  /**
   * Takes the elements of values 0 to count - 1: those of value i are elements offsets[i] to offsets[i + 1] - 1. Null when one of
   * them is no list.
   */
  gather(values: readonly unknown[], count: number): Int32Array | null {
    this.release();
    if (!Array.isArray(values[0])) return null;
    if (this.#offsets.length <= count) this.#offsets = new Int32Array(count + 1);
    const offsets = this.#offsets;
    const elements = this.#elements;
    for (let i = 0; i < count; i++) {
      const list = values[i];
      if (!isElements(list)) return null;
      for (let n = 0; n < list.length; n++) elements.push(list[n]);
      offsets[i + 1] = elements.length;
    }
    return offsets.subarray(0, count + 1);
  }

  /** Lets go of the elements. */
  release(): void {
    this.#elements.length = 0;
  }
}

/** The lists again. Offsets that make no sense give other lists, never an error. */
export function listsOf(elements: readonly unknown[], offsets: Int32Array): unknown[] {
  const lists = new Array<unknown>(offsets.length - 1);
  for (let i = 0; i < lists.length; i++) lists[i] = elements.slice(offsets[i], offsets[i + 1]);
  return lists;
}
