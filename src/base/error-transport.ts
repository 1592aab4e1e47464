/** Errors between threads: structured clone would lose the class, the code and the cause. */
import {
  EngineError,
  type ErrorCode,
  messageOf,
  UserFunctionError,
  type UserFunctionPlace,
} from './errors.ts';
import { ERROR_CAUSES_MAX } from './limits.ts';

export type ErrorDescription = {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: ErrorCode | null;
  readonly retryable: boolean;
  readonly place: UserFunctionPlace | null;
  readonly cause: ErrorDescription | null;
};

export function describeError(thrown: unknown, causesMax = ERROR_CAUSES_MAX): ErrorDescription {
  if (!(thrown instanceof Error)) return { ...NOT_AN_ERROR, message: messageOf(thrown) };
  const hasCause = thrown.cause !== undefined && causesMax > 0;
  return {
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack ?? null,
    code: thrown instanceof EngineError ? thrown.code : null,
    retryable: thrown instanceof EngineError && thrown.retryable,
    place: thrown instanceof UserFunctionError ? thrown.place : null,
    cause: hasCause ? describeError(thrown.cause, causesMax - 1) : null,
  };
}

const NOT_AN_ERROR: ErrorDescription = {
  name: 'Error',
  message: '',
  stack: null,
  code: null,
  retryable: false,
  place: null,
  cause: null,
};

/** The error again, of its class, with the stack of where it was thrown. */
export function reviveError(description: ErrorDescription): Error {
  const { code, message, place, retryable } = description;
  const cause = description.cause === null ? undefined : reviveError(description.cause);
  let error: Error;
  if (place !== null) error = new UserFunctionError(place, cause);
  else if (code !== null) error = new EngineError(code, message, { cause, retryable });
  else error = cause === undefined ? new Error(message) : new Error(message, { cause });
  if (code === null) error.name = description.name;
  error.message = message;
  if (description.stack !== null) error.stack = description.stack;
  return error;
}
