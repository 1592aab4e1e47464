/**
 * How many rows a chain is given at once, so that no more of what they become wait behind it than may: by how many rows have gone out
 * at each of its gates for those that went in. A gate that few rows go through, as that of a side output, bounds nothing.
 */

/** An output of the chain: see OutputGate. */
export interface BoundedGate {
  readonly rowsMax: number;
  readonly sentRows: number;
}

/** What went in and out is forgotten by halves, each time that so many more rows have gone in. */
const REMEMBERED_ROWS = 2 ** 16;

export class RowsWanted {
  readonly #gates: readonly BoundedGate[];
  /** Rows that have gone in, and by gate those that have gone out; the older, the less they count. */
  #rowsIn = 0;
  readonly #rowsOut: Float64Array;
  /** By gate, the rows that had gone out when it was looked at last. */
  readonly #sentBefore: Float64Array;

  constructor(gates: readonly BoundedGate[]) {
    this.#gates = gates;
    this.#rowsOut = new Float64Array(gates.length);
    this.#sentBefore = new Float64Array(gates.length);
  }

  /** So many rows go in next. */
  onRows(rows: number): void {
    this.#rowsIn += rows;
    if (this.#rowsIn < 2 * REMEMBERED_ROWS) return;
    this.#countSent();
    this.#rowsIn /= 2;
    for (let g = 0; g < this.#rowsOut.length; g++) this.#rowsOut[g]! /= 2;
  }

  /** At least one; Infinity where it is all the same. */
  get rows(): number {
    this.#countSent();
    let least = Infinity;
    for (let g = 0; g < this.#gates.length; g++) {
      const rows = (this.#gates[g]!.rowsMax * this.#rowsIn) / this.#rowsOut[g]!;
      if (rows < least) least = rows;
    }
    return Math.max(1, Math.floor(least));
  }

  #countSent(): void {
    for (let g = 0; g < this.#gates.length; g++) {
      const { sentRows } = this.#gates[g]!;
      this.#rowsOut[g]! += sentRows - this.#sentBefore[g]!;
      this.#sentBefore[g] = sentRows;
    }
  }
}
