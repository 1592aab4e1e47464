/** Errors between threads: structured clone would lose the class, the code and the cause. */
import {
  EngineError,
  type ErrorCode,
  messageOf,
  UserFunctionError,
  type UserFunctionPlace,
} from './errors.ts';
import { ERROR_CAUSES_MAX } from './limits.ts';
import { cut, readable } from './readable.ts';

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
  const error = readable(thrown);
  if (!(error instanceof Error)) return { ...NOT_AN_ERROR, message: messageOf(error) };
  const hasCause = error.cause !== undefined && causesMax > 0;
  return {
    name: error.name,
    message: cut(error.message),
    stack: error.stack === undefined ? null : cut(error.stack),
    code: error instanceof EngineError ? error.code : null,
    retryable: error instanceof EngineError && error.retryable,
    place: error instanceof UserFunctionError ? error.place : null,
    cause: hasCause ? describeError(error.cause, causesMax - 1) : null,
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
