/**
 * Schemas that a RowEncoder inferred from free-form rows. The mark says how rows become columns, so that a reader
 * gives back rows, not columns:
 *
 *   fields   one column per field of the rows
 *   values   the whole row is the value of one dynamic column
 */
import { type Field, type Schema, schemaOf } from './schema.ts';

export type FreeForm = 'fields' | 'values';

export type FreeFormSchema = Schema & { readonly freeForm: FreeForm };

export function freeFormSchema(fields: readonly Field[], freeForm: FreeForm): FreeFormSchema {
  return Object.freeze({ ...schemaOf(fields), freeForm });
}

/** Rows of any kind: numbers, arrays, instances, or objects that have little in common. */
export const VALUES_SCHEMA = freeFormSchema(
  [{ name: 'value', kind: 'dynamic', nullable: false }],
  'values',
);

/** How a free-form schema spreads rows over columns; null for a declared schema. */
export function freeFormOf(schema: Schema): FreeForm | null {
  return (schema as Partial<FreeFormSchema>).freeForm ?? null;
}
