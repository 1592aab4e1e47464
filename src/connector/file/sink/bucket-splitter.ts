/** Cuts a batch into the rows of each bucket: numbers by an assigner, a counting sort, and copies column by column. */
import { assert } from '../../../base/assert.ts';
import { BATCH_ROWS } from '../../../base/limits.ts';
import type { Batch } from '../../../data/batch.ts';
import { BatchBuilder } from '../../../data/batch-builder.ts';
import { type BucketAssigner, BucketList } from './bucket.ts';

export class BucketSplitter {
  readonly #assigner: BucketAssigner;
  readonly #list = new BucketList();
  /** Bucket by row. */
  #ids = new Int32Array(BATCH_ROWS);
  /** Rows by bucket: those of bucket n end before ends[n]. */
  #selection = new Int32Array(BATCH_ROWS);
  #ends = new Int32Array(0);
  #batch: Batch | null = null;
  #builder: BatchBuilder | null = null;

  constructor(assigner: BucketAssigner) {
    this.#assigner = assigner;
  }

  /** The buckets of a batch, valid until the next call; then ask for the rows of each. */
  split(batch: Batch, nowMs: number): readonly string[] {
    const { rowCount } = batch;
    if (this.#ids.length < rowCount) {
      this.#ids = new Int32Array(rowCount);
      this.#selection = new Int32Array(rowCount);
    }
    this.#batch = batch;
    this.#list.clear();
    this.#assigner.assign(batch, nowMs, this.#list, this.#ids);
    const { names } = this.#list;
    if (names.length > 1) this.#sort(rowCount, names.length);
    return names;
  }

  #sort(rowCount: number, buckets: number): void {
    if (this.#ends.length <= buckets) this.#ends = new Int32Array(buckets * 2);
    const ids = this.#ids;
    const ends = this.#ends.fill(0);
    for (let row = 0; row < rowCount; row++) ends[ids[row]! + 1]!++;
    for (let n = 1; n < buckets; n++) ends[n]! += ends[n - 1]!;
    for (let row = 0; row < rowCount; row++) this.#selection[ends[ids[row]!]!++] = row;
  }

  /** The rows of the n-th bucket, in their order; transient until the next call. */
  rowsOf(n: number): Batch {
    const batch = this.#batch!;
    if (this.#list.names.length === 1) return batch;
    const builder = this.#builderFor(batch);
    builder.reset();
    const from = n === 0 ? 0 : this.#ends[n - 1]!;
    const hasFit = builder.appendSelected(batch, this.#selection, from, this.#ends[n]!);
    assert(hasFit, 'an empty builder takes any dictionary');
    return builder.seal();
  }

  #builderFor({ schema, rowCount }: Batch): BatchBuilder {
    const { schema: last, capacity } = this.#builder ?? { schema, capacity: 0 };
    if (last !== schema || capacity < rowCount) {
      this.#builder = new BatchBuilder(schema, Math.max(rowCount, BATCH_ROWS));
    }
    return this.#builder!;
  }
}
