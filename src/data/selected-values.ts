/**
 * Values of a column that are made when somebody reads them first: those of some rows, side by side, so that a field that nobody
 * reads behind a filter costs nothing, or what a source makes of what it has. Transient as the batch that they belong to. Nexmark
 * q0 to q2 and q7-window measure it.
 */
import type { FixedArray } from './column.ts';
import { gatherFixed } from './gather.ts';

export abstract class UnreadValues<A extends FixedArray = FixedArray> {
  #values: A | null = null;

  read(): A {
    this.#values ??= this.make();
    return this.#values;
  }

  protected abstract make(): A;
}

export class ComputedValues<A extends FixedArray = FixedArray> extends UnreadValues<A> {
  readonly #compute: () => A;

  /** `compute` is called once at most. */
  constructor(compute: () => A) {
    super();
    this.#compute = compute;
  }

  protected override make(): A {
    return this.#compute();
  }
}

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
export class SelectedValues<A extends FixedArray = FixedArray> extends UnreadValues<A> {
  readonly #source: A | UnreadValues<A>;
  readonly #selection: Int32Array;
  readonly #count: number;
  readonly #memory: SelectionMemory<A>;

  /** Rows selection[0] to selection[count - 1], ascending; the memory has room for them. */
  constructor(
    source: A | UnreadValues<A>,
    selection: Int32Array,
    count: number,
    memory: SelectionMemory<A>,
  ) {
    super();
    this.#source = source;
    this.#selection = selection;
    this.#count = count;
    this.#memory = memory;
  }

  protected override make(): A {
    return this.#memory.gather(readValues(this.#source), this.#selection, this.#count);
  }
}

export function readValues<A extends FixedArray>(values: A | UnreadValues<A>): A {
  return values instanceof UnreadValues ? values.read() : values;
}
