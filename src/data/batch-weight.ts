/**
 * What a batch weighs beside its rows: the bytes of its strings and of its values of any type, about. A batch is full
 * when that passes BATCH_BYTES, however few its rows.
 *
 * String columns report their growth every now and then (string-builder.ts), so that an append costs nothing more.
 * Of values of any type, one of a run of SAMPLE_ROWS rows is looked at, and only at its first parts, and counts for all
 * of them: to look at each would cost several times what it takes to move it. Benchmark: figure codec.
 */
import { BATCH_BYTES, BATCH_ROWS } from '../base/limits.ts';

/** Rows of which the last stands for all. */
export const SAMPLE_ROWS = 8;

/** Parts of one value that are looked at. */
const PARTS_MAX = 32;

/** Of one builder: shared by its columns. */
export class BatchWeight {
  bytes = 0;

  get isHeavy(): boolean {
    return this.bytes >= BATCH_BYTES;
  }

  /** The value of the last row of a run. */
  addSample(value: unknown): void {
    this.bytes += SAMPLE_ROWS * valueBytes(value);
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

/** Whether a row is the last of its run. */
export function isSample(row: number): boolean {
  return row % SAMPLE_ROWS === SAMPLE_ROWS - 1;
}

/** About the bytes of the texts and binary parts of a value; elements count as much as the first of them. */
export function valueBytes(value: unknown): number {
  partsLeft = PARTS_MAX;
  return partBytes(value);
}

let partsLeft = 0;

function partBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return elementBytes(value, value.length);
  if (value instanceof Map || value instanceof Set) return elementBytes(value, value.size);
  let bytes = 0;
  for (const key in value) {
    if (--partsLeft < 0) break;
    bytes += partBytes((value as Readonly<Record<string, unknown>>)[key]);
  }
  return bytes;
}

function elementBytes(elements: Iterable<unknown>, count: number): number {
  let bytes = 0;
  let seen = 0;
  for (const element of elements) {
    if (--partsLeft < 0) break;
    bytes += partBytes(element);
    seen++;
  }
  return seen === 0 ? 0 : (bytes / seen) * count;
}
