/** Slices of batches as a seed decides: they are cut anywhere. */
import type { Random } from '../base/random.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';

export class DrawnSlices implements BatchSlices {
  readonly #random: Random;
  readonly #rowsMax: number;
  rows = 1;
  readonly rowsPerMs = Infinity;

  constructor(random: Random, rowsMax: number) {
    this.#random = random;
    this.#rowsMax = rowsMax;
  }

  begin(): boolean {
    return true;
  }

  end(): void {
    this.rows = 1 + this.#random.below(this.#rowsMax);
  }
}
