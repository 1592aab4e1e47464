/**
 * Where windows of processing time begin that are not to fire in all subtasks at once (Flink: WindowStagger). What a subtask
 * finds out holds for the windows that it opens until the job ends or begins anew: it is not in snapshots. Windows that were
 * open in one keep their bounds, whoever has them now, and fire at their own ends.
 */
import { Random } from '../../../base/random.ts';
import { stringHashCode } from '../../../data/key-hash.ts';
import { startOf, type WindowSpec } from '../window.ts';

export class Stagger {
  readonly #spec: WindowSpec;
  /** NaN before the first record, where that decides. */
  #offsetMs = Number.NaN;

  constructor(spec: WindowSpec) {
    this.#spec = spec;
  }

  /** Chance is drawn from the place of a subtask alone, so that a job that starts again has the same windows. */
  open({ name, subtask }: { readonly name: string; readonly subtask: number }): void {
    const { stagger, slideMs, offsetMs } = this.#spec;
    if (stagger !== 'random') return;
    const random = new Random(0);
    random.reseed(stringHashCode(name), subtask);
    this.#offsetMs = offsetMs + Math.floor(random.float() * slideMs);
  }

  /** The offset of windows that a record opens at this time. */
  offsetAt(nowMs: number): number {
    if (Number.isNaN(this.#offsetMs)) {
      const { slideMs, offsetMs } = this.#spec;
      this.#offsetMs = offsetMs + Math.floor(nowMs - startOf(nowMs, slideMs, offsetMs));
    }
    return this.#offsetMs;
  }
}

/** How the windows of an assigner are staggered; null where they begin alike everywhere. */
export function staggerOf(assigner: { readonly kind: string } | WindowSpec): Stagger | null {
  return 'stagger' in assigner && assigner.stagger !== undefined ? new Stagger(assigner) : null;
}
