/**
 * Schemas that a RowEncoder inferred from free-form rows. The mark says how rows become columns, so that a reader
 * gives back rows, not columns:
 *
 *   fields     one column per field of the rows
 *   elements   one column per element of the rows, which are arrays of one length
 *   values     the whole row is the value of one dynamic column
 */
import { type Field, type Schema, schemaOf } from './schema.ts';

export const FREE_FORMS = ['fields', 'elements', 'values'] as const;
export type FreeForm = (typeof FREE_FORMS)[number];

export type FreeFormSchema = Schema & { readonly freeForm: FreeForm };

export function freeFormSchema(fields: readonly Field[], freeForm: FreeForm): FreeFormSchema {
  return Object.freeze({ ...schemaOf(fields), freeForm });
}

/** Rows of any kind: numbers, arrays, instances, or objects that have little in common. */
export const VALUES_SCHEMA = freeFormSchema(
  [{ name: 'value', kind: 'dynamic', nullable: false }],
  'values',
);

/** The names of the columns of arrays of this length: 0, 1, ... */
export function elementNames(length: number): readonly string[] {
  return Array.from({ length }, (_, n) => `${n}`);
}

/** How a free-form schema spreads rows over columns; null for a declared schema. */
export function freeFormOf(schema: Schema): FreeForm | null {
  return (schema as Partial<FreeFormSchema>).freeForm ?? null;
}
