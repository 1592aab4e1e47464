/** Errors between threads: structured clone would lose the class, the code and the cause. */
import {
  EngineError,
  type ErrorCode,
  UserFunctionError,
  type UserFunctionPlace,
} from './errors.ts';

export type ErrorDescription = {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  readonly code: ErrorCode | null;
  readonly retryable: boolean;
  readonly place: UserFunctionPlace | null;
  readonly cause: ErrorDescription | null;
};

export function describeError(thrown: unknown): ErrorDescription {
  if (!(thrown instanceof Error)) return { ...NOT_AN_ERROR, message: String(thrown) };
  return {
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack ?? null,
    code: thrown instanceof EngineError ? thrown.code : null,
    retryable: thrown instanceof EngineError && thrown.retryable,
    place: thrown instanceof UserFunctionError ? thrown.place : null,
    cause: thrown.cause === undefined ? null : describeError(thrown.cause),
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
