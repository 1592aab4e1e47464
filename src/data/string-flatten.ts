/** A string column without its dictionary: one entry a row. */

import { PRESENT, StringColumn, StringEntries } from './column.ts';
import { copyBytes, viewOf } from './copy-bytes.ts';

export function flattened(column: StringColumn, rowCount: number): StringColumn {
  const { entries, absent } = column;
  const codes = column.codes!;
  const offsets = new Int32Array(rowCount + 1);
  let at = 0;
  for (let i = 0; i < rowCount; i++) {
    if (absent === null || absent[i] === PRESENT) {
      at += entries.offsets[codes[i]! + 1]! - entries.offsets[codes[i]!]!;
    }
    offsets[i + 1] = at;
  }
  const bytes = new Uint8Array(at);
  const from = viewOf(entries.bytes);
  const to = viewOf(bytes);
  for (let i = 0; i < rowCount; i++) {
    const target = offsets[i]!;
    const length = offsets[i + 1]! - target;
    if (length > 0) copyBytes(from, entries.offsets[codes[i]!]!, to, target, length);
  }
  return new StringColumn(
    new StringEntries(rowCount, offsets, bytes, entries.isWide),
    null,
    absent,
  );
}
