/** Where something failed, in the words of the job. */
import {
  callFrame,
  EngineError,
  messageAndPlace,
  namedError,
  placeText,
  UserFunctionError,
  type UserFunctionPlace,
  userFrame,
} from '../base/errors.ts';
import { readable } from '../base/readable.ts';
import type { OperatorContext } from './operator.ts';

type Place = Pick<OperatorContext, 'name' | 'subtask' | 'trace'>;

/**
 * The error for something thrown at a record. Errors of the engine (a wrong field type, say) keep their code; anything
 * else came out of a user's function. `record` is the place of the record among all that reached the subtask. What tells no
 * place itself, such as a text that was thrown, gets that where the user has given the function.
 */
export function recordError(place: Place, thrown: unknown, record: number): EngineError {
  return errorAt({ ...placeFor(place, thrown), record }, thrown);
}

/**
 * The same for what was thrown in a function that calls the engine, to emit or for its state: errors of the engine tell its line.
 */
export function callError(place: Place, thrown: unknown, record: number): EngineError {
  return errorAt({ ...callPlace(place, thrown), record }, thrown);
}

/** The same for what came later, and may have lost its way: `definedAt` is where the user has given the function. */
export function laterError(
  place: Place,
  thrown: unknown,
  record: number,
  definedAt: string | null,
): EngineError {
  return errorAt({ operator: place.name, subtask: place.subtask, record, definedAt }, thrown);
}

/** The same as `callError` at a timer. */
export function timerError(
  place: Place,
  thrown: unknown,
  record: number,
  timer: NonNullable<UserFunctionPlace['timer']>,
): EngineError {
  return errorAt({ ...callPlace(place, thrown), record, timer }, thrown);
}

function placeFor({ name, subtask, trace }: Place, thrown: unknown) {
  const place = { operator: name, subtask };
  const tellsPlace = readable(thrown) instanceof EngineError || userFrame(thrown) !== null;
  return tellsPlace || trace === undefined ? place : { ...place, definedAt: userFrame(trace) };
}

function callPlace(place: Place, thrown: unknown) {
  if (!(readable(thrown) instanceof EngineError)) return placeFor(place, thrown);
  return { operator: place.name, subtask: place.subtask, definedAt: callFrame(thrown) };
}

function errorAt(place: UserFunctionPlace, given: unknown): EngineError {
  const thrown = readable(given);
  if (thrown instanceof UserFunctionError) return thrown;
  if (!(thrown instanceof EngineError)) return new UserFunctionError(place, thrown);
  const where = typeof place.definedAt === 'string' ? `\n    at ${place.definedAt}` : '';
  return new EngineError(thrown.code, `${placeText(place)}: ${thrown.message}${where}`, {
    cause: thrown,
    retryable: thrown.retryable,
  });
}

/** The same for what was thrown between records, or at several: errors of the engine have a place of their own, if any. */
export function operatorError(place: Place, given: unknown, recordsSoFar: number): EngineError {
  const thrown = readable(given);
  if (thrown instanceof EngineError && !(thrown instanceof UserFunctionError)) {
    return namedError(place.name, thrown);
  }
  return recordError(place, thrown, recordsSoFar);
}

/** The same for what a source or sink does in the calling thread, before or behind all records. */
export async function inCallingThread<T>(operator: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (given) {
    const thrown = readable(given);
    if (thrown instanceof EngineError) throw thrown;
    throw new EngineError('USER_FUNCTION', `operator '${operator}': ${messageAndPlace(thrown)}`, {
      cause: thrown,
    });
  }
}
