/** A string column without its dictionary: one entry a row. */

import { copyBytes, viewOf } from './byte-runs.ts';
import { PRESENT, StringColumn, StringEntries } from './column.ts';

/** A column with a dictionary. */
export type CodedColumn = StringColumn & { readonly codes: Int32Array };

export function flattened(column: CodedColumn, rowCount: number): StringColumn {
  const { entries, absent } = column;
  const offsets = new Int32Array(rowCount + 1);
  const bytes = new Uint8Array(flatBytes(column, rowCount));
  flatten(column, rowCount, offsets, bytes);
  return new StringColumn(
    new StringEntries(rowCount, offsets, bytes, entries.isWide),
    null,
    absent,
  );
}

/** Bytes of the entries of all rows. */
export function flatBytes({ entries, codes, absent }: CodedColumn, rowCount: number): number {
  const { offsets } = entries;
  let size = 0;
  for (let i = 0; i < rowCount; i++) {
    if (absent !== null && absent[i] !== PRESENT) continue;
    const code = codes[i]!;
    size += offsets[code + 1]! - offsets[code]!;
  }
  return size;
}

/** Writes the entry of each row: `offsets` has room for one more than there are rows, `bytes` for `flatBytes`. */
export function flatten(
  { entries, codes, absent }: CodedColumn,
  rowCount: number,
  offsets: Int32Array,
  bytes: Uint8Array,
): void {
  const starts = entries.offsets;
  const from = viewOf(entries.bytes);
  const to = viewOf(bytes);
  let at = 0;
  offsets[0] = 0;
  for (let i = 0; i < rowCount; i++) {
    if (absent === null || absent[i] === PRESENT) {
      const start = starts[codes[i]!]!;
      const length = starts[codes[i]! + 1]! - start;
      copyBytes(from, start, to, at, length);
      at += length;
    }
    offsets[i + 1] = at;
  }
}

export function isCoded(column: StringColumn): column is CodedColumn {
  return column.codes !== null;
}
