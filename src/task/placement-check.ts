/**
 * Whether records lie in the subtask of their key, where the user vouches for it (reinterpretAsKeyed). All of the first batch are
 * looked at, and of each batch that follows the first: so a wrong vouch is told early, not by results that miss records, and
 * nothing is done for each record.
 */
import { EngineError } from '../base/errors.ts';
import { shownValue } from '../base/shown-value.ts';
import type { Batch } from '../data/batch.ts';
import { sliceBatch } from '../data/copy.ts';
import type { KeyReader } from '../data/key.ts';
import { keyGroupOf, subtaskOf } from '../data/key-group.ts';

export type Placement = {
  /** Name of the step. */
  readonly name: string;
  /** By input of its operator; null where rows come by an exchange that deals them by key. */
  readonly keys: readonly (KeyReader | null)[];
  readonly subtask: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
};

export class PlacementCheck {
  readonly #placement: Placement;
  readonly #begun = new Set<KeyReader>();

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /** PARTITION_INVALID for a batch with a record, of those that are looked at, that belongs elsewhere. */
  check(batch: Batch, input: number): void {
    const keys = this.#placement.keys[input] ?? null;
    if (keys === null || batch.rowCount === 0) return;
    const isFirst = !this.#begun.has(keys);
    this.#begun.add(keys);
    const looked = isFirst ? batch : sliceBatch(batch, 0, 1);
    const hashes = keys.hashes(looked);
    for (let row = 0; row < looked.rowCount; row++) this.#checkRow(looked, row, hashes[row]!);
  }

  #checkRow(batch: Batch, row: number, hash: number): void {
    const { name, subtask, parallelism, maxParallelism } = this.#placement;
    const group = keyGroupOf(hash, maxParallelism);
    const own = subtaskOf(group, parallelism, maxParallelism);
    if (own === subtask) return;
    const shown = JSON.stringify(shownValue(batch.rowObjects()[row]));
    throw new EngineError(
      'PARTITION_INVALID',
      `'${name}': reinterpretAsKeyed: a record has come to subtask ${subtask}, and its key belongs to subtask ${own} of ` +
        `${parallelism} (key group ${group} of ${maxParallelism}): ${shown}`,
    );
  }
}
