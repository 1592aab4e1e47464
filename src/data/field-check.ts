/** The error for a value that does not fit its field. */
import { EngineError } from '../base/errors.ts';
import type { Field } from './schema.ts';

export function fieldTypeError(field: Field, value: unknown): EngineError {
  const wanted = `${field.kind}${field.nullable ? ' or null' : ''}`;
  return new EngineError(
    'FIELD_TYPE',
    `field '${field.name}' wants ${wanted}, got ${describe(value)}`,
  );
}

/** A value in a few words, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  const text =
    typeof value === 'string' ? JSON.stringify(value) : Object.prototype.toString.call(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
