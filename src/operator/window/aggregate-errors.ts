/** The error of an aggregate over numbers that met something else. */
import { EngineError } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';

export function valueTypeError(what: string, value: unknown): EngineError {
  const hint =
    typeof value === 'bigint'
      ? '; give the stream a schema (t.int64) to sum or average bigints'
      : '';
  return new EngineError(
    'FIELD_TYPE',
    `${what} must be a number for sum and avg, got ${describe(value)}${hint}`,
  );
}
