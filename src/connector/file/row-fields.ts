/** Free-form rows as formats need them that write fields. */
import { EngineError } from '../../base/errors.ts';
import type { Batch } from '../../data/batch.ts';
import { describe } from '../../data/field-check.ts';

export type FieldRow = Readonly<Record<string, unknown>>;

/** The rows of a batch, each of which has to be one with fields. */
export function rowsWithFields(format: string, batch: Batch): readonly FieldRow[] {
  const rows = batch.rowObjects().slice(0, batch.rowCount);
  for (const row of rows) rowWithFields(format, row);
  return rows as readonly FieldRow[];
}

/**
 * The row, where it is an object with fields. EngineError FIELD_TYPE where not: of a number or null nothing would be written, and of a
 * text or a list the places as fields.
 */
export function rowWithFields(format: string, row: unknown): FieldRow {
  if (typeof row === 'object' && row !== null && !isOtherwise(row)) return row as FieldRow;
  throw new EngineError(
    'FIELD_TYPE',
    `${format} writes rows with fields, got ${describe(row)}: make an object of each in a map before`,
  );
}

/** An object whose content is not in fields. */
function isOtherwise(row: object): boolean {
  if (Object.getPrototypeOf(row) === Object.prototype) return false;
  return (
    Array.isArray(row) ||
    ArrayBuffer.isView(row) ||
    row instanceof Date ||
    row instanceof Map ||
    row instanceof Set
  );
}
