/** Errors of aggregates over numbers that met something else. */
import { EngineError } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';

export function valueTypeError(what: string, value: unknown): EngineError {
  const hint =
    typeof value === 'bigint'
      ? '; give the stream a schema (t.int64) to sum or average bigints'
      : '';
  return new EngineError('FIELD_TYPE', `${what} must be a number, got ${describe(value)}${hint}`);
}

/** Of values of any type that are added up: numbers, or bigints, but not both. `sum`: null before the first. */
export function mixedSumError(what: string, sum: unknown, value: unknown): EngineError {
  const others = sum === null ? '' : ` behind ${typeof sum}s`;
  return new EngineError(
    'FIELD_TYPE',
    `${what} must be numbers, or bigints, to be added up, got ${describe(value)}${others}`,
  );
}

/** Whether a value cannot be added to a sum, as source. */
export function isNoAddend(sum: string, value: string): string {
  return `typeof ${value} !== 'number' && typeof ${value} !== 'bigint' || ${sum} !== null && typeof ${sum} !== typeof ${value}`;
}
