/** Checks of what users give to public functions in plain JavaScript, where no compiler has looked. */
import { inspect } from 'node:util';
import { EngineError } from './errors.ts';

/**
 * Refuses options that `what` does not have: most are typing mistakes. EngineError JOB_DEFINITION.
 *
 *   checkOptions('csv', options, { header: true, delimiter: true });
 */
export function checkOptions<T extends object>(
  what: string,
  options: T,
  known: Readonly<Record<keyof T, true>>,
): void {
  if (typeof options !== 'object' || options === null) {
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: options are an object, got ${inspect(options)}`,
    );
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const names = Object.keys(known).join(', ');
  throw new EngineError('JOB_DEFINITION', `${what}: no option '${unknown}'; it has ${names}`);
}

/** The value, which has to be one of a few. EngineError JOB_DEFINITION. */
export function oneOf<T extends string | boolean>(
  what: string,
  value: unknown,
  allowed: readonly T[],
): T {
  const found = allowed.find((choice) => choice === value);
  if (found !== undefined) return found;
  const choices = allowed.map((choice) => inspect(choice)).join(', ');
  throw new EngineError('JOB_DEFINITION', `${what} is one of ${choices}, got ${inspect(value)}`);
}
