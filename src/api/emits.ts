/** What a function of the user emits: rows of a schema, or rows of which only the compiler knows the type. */
import { wrong } from '../base/options.ts';
import type { Field, Schema } from '../data/schema.ts';

declare const ROW: unique symbol;

/** The type of free-form rows. */
export type RowType<Row> = { readonly kind: 'freeForm'; readonly [ROW]?: Row };

/** Of the rows that a function emits. */
export type Emits<Row> = Schema<Row> | RowType<Row>;

/** Rows without a schema: `process({ emits: type<Alert>(), ... })`. */
export function type<Row>(): RowType<Row> {
  return { kind: 'freeForm' };
}

/** Fields of the rows; null for free-form rows. EngineError JOB_DEFINITION for what is neither. */
export function emittedFields(what: string, emits: Emits<unknown>): readonly Field[] | null {
  if ((emits as RowType<unknown> | undefined)?.kind === 'freeForm') return null;
  const { fields } = (emits ?? {}) as { fields?: readonly Field[] };
  if (Array.isArray(fields)) return fields;
  throw wrong(`${what}: emits`, 'is made by record({ ... }) or type<Row>()', emits);
}
