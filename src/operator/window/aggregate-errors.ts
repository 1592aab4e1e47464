/** The error of an aggregate over numbers that met something else. */
import { EngineError } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';

export function valueTypeError(what: string, value: unknown): EngineError {
  return new EngineError(
    'FIELD_TYPE',
    `${what} must be a number for sum and avg, got ${describe(value)}`,
  );
}
