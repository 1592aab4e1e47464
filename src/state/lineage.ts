/**
 * Whether a capture is of all or of what has changed. A delta goes only on top of the checkpoint that this state was
 * captured for last: so after one that failed, a restart or a savepoint all is written, and nobody has to tell.
 *
 * Compaction: all is written too when the generations would have more than twice the keys that there are, since then a
 * restore reads much that is of no use, or when they would be too many.
 */
import { GENERATIONS_MAX } from '../base/limits.ts';
import type { SnapshotWriter } from './snapshot.ts';

const KEYS_SHARE_MAX = 2;

export class Lineage {
  readonly #shareMax: number;
  #last: number | null = null;
  /** Keys written since the base, with it. */
  #keys = 0;
  #generations = 0;

  /** `place`: of the subtask among those of its operator, from 0 to 1. Later ones compact earlier, so that not all do at once. */
  constructor(place: number) {
    this.#shareMax = KEYS_SHARE_MAX - place / 2;
  }

  /** All is to be written next. */
  end(): void {
    this.#last = null;
  }

  /** At a barrier: whether to write the `changed` keys alone, of `total` that there are. */
  isDelta({ checkpoint, base }: SnapshotWriter, changed: number, total: number): boolean {
    const isDelta =
      base !== null &&
      base === this.#last &&
      this.#generations < GENERATIONS_MAX &&
      this.#keys + changed <= total * this.#shareMax;
    this.#last = checkpoint;
    this.#keys = isDelta ? this.#keys + changed : total;
    if (!isDelta) this.#generations = 1;
    else if (changed > 0) this.#generations++;
    return isDelta;
  }
}
