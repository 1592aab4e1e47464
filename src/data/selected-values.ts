/**
 * Values of some rows of a column, side by side, that are copied when somebody reads them first: a field that nobody reads
 * behind a filter costs nothing. Transient as the batch that they belong to. Nexmark q0 to q2 measure it.
 */
import type { FixedArray } from './column.ts';
import { gatherFixed } from './gather.ts';

/** What the values of one column are copied into, batch by batch. */
export class SelectionMemory<A extends FixedArray = FixedArray> {
  readonly #make: () => A;
  #values: A | null = null;

  /** `make` is called when the first values are copied. */
  constructor(make: () => A) {
    this.#make = make;
  }

  gather(source: A, selection: Int32Array, count: number): A {
    this.#values ??= this.#make();
    gatherFixed(this.#values, 0, source, selection, 0, count);
    return this.#values;
  }
}

/** `new SelectedValues(Int32Array.of(5, 6, 7), Int32Array.of(0, 2), 2, memory).read()` is 5, 7. */
export class SelectedValues<A extends FixedArray = FixedArray> {
  readonly #source: A | SelectedValues<A>;
  readonly #selection: Int32Array;
  readonly #count: number;
  readonly #memory: SelectionMemory<A>;
  #values: A | null = null;

  /** Rows selection[0] to selection[count - 1], ascending; the memory has room for them. */
  constructor(
    source: A | SelectedValues<A>,
    selection: Int32Array,
    count: number,
    memory: SelectionMemory<A>,
  ) {
    this.#source = source;
    this.#selection = selection;
    this.#count = count;
    this.#memory = memory;
  }

  read(): A {
    this.#values ??= this.#memory.gather(readValues(this.#source), this.#selection, this.#count);
    return this.#values;
  }
}

export function readValues<A extends FixedArray>(values: A | SelectedValues<A>): A {
  return values instanceof SelectedValues ? values.read() : values;
}
