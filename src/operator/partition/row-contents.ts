/**
 * All rows of a partition, as objects, in the order in which they came. They are only added to, so that a snapshot can write
 * them in slices between later batches: each slice is a state of its own, and one more tells how many there are.
 */
import { BATCH_ROWS } from '../../base/limits.ts';
import type { Batch } from '../../data/batch.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { PartitionContents, SortOrder } from './partition.ts';

const SLICES = 'slices';

export class RowContents implements PartitionContents {
  readonly place = { i: 0 };
  readonly #rows: unknown[] = [];
  readonly #results: (rows: unknown[]) => Iterable<unknown>;

  constructor(results: (rows: unknown[]) => Iterable<unknown>) {
    this.#results = results;
  }

  add(batch: Batch): void {
    const rows = batch.rowObjects();
    for (let i = 0; i < batch.rowCount; i++) this.#rows.push(rows[i]);
  }

  results(): Iterable<unknown> {
    // A snapshot may still be written of the rows as they are.
    return this.#rows.length === 0 ? [] : this.#results(this.#rows.slice());
  }

  save(writer: SnapshotWriter): void {
    const count = this.#rows.length;
    const slices = Math.ceil(count / BATCH_ROWS);
    writer.items(SLICES, 'union', [slices]);
    let slice = 0;
    writer.later(() => {
      if (slice === slices) return true;
      const from = slice * BATCH_ROWS;
      const to = Math.min(count, from + BATCH_ROWS);
      writer.items(stateOf(slice), 'list', this.#rows.slice(from, to));
      slice++;
      return slice === slices;
    });
  }

  load(restored: RestoredState): void {
    const slices = Math.max(0, ...(restored.items(SLICES) as readonly number[]));
    for (let slice = 0; slice < slices; slice++) {
      for (const row of restored.items(stateOf(slice))) this.#rows.push(row);
    }
  }

  generatedLoops(): readonly GeneratedLoop[] {
    return [];
  }
}

function stateOf(slice: number): string {
  return `rows ${slice}`;
}

/** Sorts rows by a field; equals keep their order, NaN is above all numbers, null and undefined come last. */
export function sorterBy(field: string, order: SortOrder): (rows: unknown[]) => Iterable<unknown> {
  const sign = order === 'ascending' ? 1 : -1;
  const fieldOf = (row: unknown): string => (row as Readonly<Record<string, string>>)[field]!;
  return (rows) =>
    rows.sort((first, second) => {
      const a = fieldOf(first);
      const b = fieldOf(second);
      const isAbsent = a === null || a === undefined;
      const areAbsent = Number(isAbsent) - Number(b === null || b === undefined);
      if (isAbsent || areAbsent !== 0) return areAbsent;
      if (a < b) return -sign;
      return sign * (a > b ? 1 : Number(isNaNOrNoDate(a)) - Number(isNaNOrNoDate(b)));
    });
}

/** What is neither below nor above anything. */
function isNaNOrNoDate(value: unknown): boolean {
  return Number.isNaN(value instanceof Date ? value.getTime() : value);
}
