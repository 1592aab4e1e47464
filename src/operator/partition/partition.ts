/**
 * The full partition of a stream: all rows that one subtask gets, until the input ends; what is made of them comes then.
 *
 *   add* → results          save → load, of several where subtasks have become fewer
 *
 * Which rows are in a partition is a matter of how they came to the subtask: after a restart with other subtasks they are
 * spread anew.
 */
import type { Batch } from '../../data/batch.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { RestoredState, SnapshotWriter } from '../../state/snapshot.ts';
import type { AggregateSpec } from '../window/aggregate.ts';

/** What is made of a partition. */
export type PartitionWork =
  /** A function of all rows gives rows: function 0 of the node. */
  | { readonly kind: 'map' }
  /** All rows by the values of a field; NaN is above all numbers, null comes last. */
  | { readonly kind: 'sort'; readonly field: string; readonly order: SortOrder }
  /** All rows joined to one by a function: function 0 of the node. */
  | { readonly kind: 'reduce' }
  | { readonly kind: 'aggregate'; readonly aggregates: readonly AggregateSpec[] };

export type SortOrder = 'ascending' | 'descending';

/** What is kept of a partition. */
export interface PartitionContents {
  /** The row of the batch that is being added: where a function has failed. */
  readonly place: { i: number };
  add(batch: Batch): void;
  /** Of what has been added; none for no rows. Called once, at the end. */
  results(): Iterable<unknown>;
  save(writer: SnapshotWriter): void;
  load(restored: RestoredState): void;
  generatedLoops(): readonly GeneratedLoop[];
}
