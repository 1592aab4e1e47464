/** What a function of the user emits: rows of a schema, or rows of which only the compiler knows the type. */
import { wrong } from '../base/options.ts';
import { type DynamicType, isFieldType, type Schema, t } from '../data/schema.ts';

/** Of the rows that a function emits. */
export type Emits<Row> = Schema<Row> | DynamicType<Row>;

/**
 * Rows or values of any shape that TypeScript knows and the engine does not, for `emits` and for state: `type<Alert>()`. On another
 * thread, and out of a checkpoint, instances of classes are plain objects without methods, but for those that JavaScript brings to
 * hold data: Date, Map, Set, RegExp, errors, typed arrays. A function or a symbol is an EngineError VALUE_NOT_TRANSFERABLE there.
 */
export function type<T>(): DynamicType<T> {
  return t.dynamic<T>();
}

/** The schema of the rows; null for free-form ones. EngineError JOB_DEFINITION for what is neither. */
export function emittedSchema<Row>(what: string, emits: Emits<Row>): Schema<Row> | null {
  const given = emits as Partial<Schema<Row> & DynamicType<Row>> | null | undefined;
  if (Array.isArray(given?.fields)) return emits as Schema<Row>;
  if (given?.kind === 'dynamic') return null;
  const single = isFieldType(emits) ? ', such as type<number>() for single numbers' : '';
  const rule = `is record({ ... }), or type<T>() for free-form rows${single}`;
  throw wrong(`${what}: emits`, rule, emits);
}
