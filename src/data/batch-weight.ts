/**
 * What a batch weighs beside its rows: the bytes of its strings and of its values of any type, about. A batch is full
 * when that passes BATCH_BYTES, however few its rows.
 *
 * String columns report their growth every now and then (string-builder.ts), so that an append costs nothing more.
 * Values of any type are looked at when they are added, and only at their first parts.
 */
import { BATCH_BYTES, BATCH_ROWS } from '../base/limits.ts';

/** Parts of one value that are looked at. */
const PARTS_MAX = 32;

/** Of one builder: shared by its columns. */
export class BatchWeight {
  bytes = 0;

  get isHeavy(): boolean {
    return this.bytes >= BATCH_BYTES;
  }

  addValue(value: unknown): void {
    if (typeof value === 'string') this.bytes += value.length;
    else if (typeof value === 'object') this.bytes += valueBytes(value);
  }
}

/** Rows of a batch when all weigh about as much as this one, so that not every row has to be looked at. */
export function batchRowsLike(row: unknown): number {
  return batchRowsOf(valueBytes(row));
}

/** Rows of a batch when one has so many bytes. */
export function batchRowsOf(bytesPerRow: number): number {
  return Math.min(BATCH_ROWS, Math.max(1, Math.floor(BATCH_BYTES / bytesPerRow)));
}

/** The bytes of the texts and binary parts of a value, among its first parts. */
export function valueBytes(value: unknown): number {
  partsLeft = PARTS_MAX;
  return partBytes(value);
}

let partsLeft = 0;

function partBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let bytes = 0;
  for (const key in value) {
    if (--partsLeft < 0) break;
    bytes += partBytes((value as Readonly<Record<string, unknown>>)[key]);
  }
  return bytes;
}
