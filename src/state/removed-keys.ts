/** Keys that have lost their slots since the last snapshot: batches of the key fields, for a delta. */
import type { Batch } from '../data/batch.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { schemaOf } from '../data/schema.ts';
import type { LiveKeys } from './live-keys.ts';
import type { StateKeyFields } from './slot-rows.ts';

export class RemovedKeys {
  count = 0;
  readonly #key: StateKeyFields;
  #builders: BatchBuilder[] = [];

  constructor(key: StateKeyFields) {
    this.#key = key;
  }

  /** The slot still has its key. */
  add(slot: number, keys: LiveKeys): void {
    let builder = this.#builders.at(-1);
    if (builder === undefined || builder.isFull) {
      builder = new BatchBuilder(schemaOf(this.#key.fields));
      this.#builders.push(builder);
    }
    keys.append(slot, builder, this.#key.fields, this.#key.isTyped);
    builder.advance(1);
    this.count++;
  }

  /** The keys so far; begins anew. */
  take(): readonly Batch[] {
    const batches = this.#builders.map((builder) => builder.seal());
    this.#builders = [];
    this.count = 0;
    return batches;
  }
}
