/** The error for a value that does not fit its field. */
import { EngineError } from '../base/errors.ts';
import type { Field, FieldKind } from './schema.ts';

export function fieldTypeError(field: Field, value: unknown): EngineError {
  return new EngineError(
    'FIELD_TYPE',
    `field '${field.name}' wants ${typeText(field)}, got ${describe(value)}${hint(field.kind, value)}`,
  );
}

/** What to do about a value that is the right one in another form. */
export function hint(kind: FieldKind, value: unknown): string {
  if (kind === 'int64' && typeof value === 'number') {
    return ', a number: int64 is a bigint, such as 1n; whole numbers up to 2 ** 53 fit float64';
  }
  if (typeof value === 'bigint' && (kind === 'int32' || kind === 'float64')) {
    return ', a bigint: give Number(value), or make the type int64';
  }
  if (kind === 'timestamp' && value instanceof Date) {
    return ', a Date: give its getTime(), or make the type t.date';
  }
  return '';
}

/** A type of a field in words: `int32 or null`. */
export function typeText({ kind, nullable }: Pick<Field, 'kind' | 'nullable'>): string {
  return `${kind}${nullable ? ' or null' : ''}`;
}

/** Whether a value fits a field, as when rows become columns (row-appender.ts). */
export function fitsField(
  { kind, nullable }: Pick<Field, 'kind' | 'nullable'>,
  value: unknown,
): boolean {
  if (value === null && nullable) return true;
  switch (kind) {
    case 'int32':
      return typeof value === 'number' && (value | 0) === value;
    case 'float64':
    case 'timestamp':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'int64':
      return typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
    case 'date':
      return value instanceof Date;
    case 'dynamic':
      return true;
  }
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

/** What to do about an object that was meant as a key of several values; nothing for what is no object. */
export function severalParts(key: unknown): string {
  if (typeof key !== 'object' || key === null || key instanceof Date) return '';
  return "; for several values name their fields, as keyBy('a', 'b') does, or make one text of them";
}
