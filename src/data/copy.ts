/** Copies of batches that must outlive the memory they came in. */
import { Batch } from './batch.ts';
import { copyRun } from './byte-runs.ts';
import { type Column, DynamicColumn, FixedColumn, StringColumn, StringEntries } from './column.ts';

/** The batch itself when it may be kept, else a copy in memory of its own. */
export function ownedCopy(batch: Batch): Batch {
  if (!batch.isTransient) return batch;
  return sliceBatch(batch, 0, batch.rowCount);
}

/** Rows from to to - 1 as a batch in memory of its own. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  return new Batch({
    rowCount: to - from,
    schema: batch.schema,
    columns: batch.columns.map((column) => sliceColumn(column, from, to)),
    rows: batch.schema === null ? batch.rowObjects().slice(from, to) : null,
    timestamps: batch.timestamps?.slice(from, to) ?? null,
    keyHashes: batch.keyHashes?.slice(from, to) ?? null,
  });
}

/** Rows from to to - 1 of a column, in memory of their own. */
export function sliceColumn(column: Column, from: number, to: number): Column {
  const absent = column.absent?.slice(from, to) ?? null;
  switch (column.kind) {
    case 'dynamic':
      return new DynamicColumn(column.values.slice(from, to), absent);
    case 'string':
      // A dictionary is never written again once rows refer to it, unless it lies in shared memory.
      if (column.codes !== null) {
        return new StringColumn(
          ownedEntries(column.entries, 0, column.entries.count),
          column.codes.slice(from, to),
          absent,
          column.isSelection,
        );
      }
      return new StringColumn(ownedEntries(column.entries, from, to), null, absent);
    default:
      return new FixedColumn(column.kind, column.values.slice(from, to), absent);
  }
}

/** Entries from to to - 1 in memory of their own. */
export function ownedEntries(entries: StringEntries, from: number, to: number): StringEntries {
  if (entries.isOwned && from === 0 && to === entries.count) return entries;
  const start = entries.offsets[from]!;
  const offsets = entries.offsets.slice(from, to + 1);
  for (let i = 0; i < offsets.length; i++) offsets[i] = offsets[i]! - start;
  const end = entries.offsets[to]!;
  const bytes = new Uint8Array(end - start);
  copyRun(entries.bytes, start, end, bytes, 0);
  return new StringEntries(to - from, offsets, bytes, entries.isWide, true);
}
