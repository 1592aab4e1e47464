/** How a command tells that it has failed: text on standard error, with `--json` plain data on standard output too. */
import { EngineError, messageOf } from '../base/errors.ts';
import { readable } from '../base/readable.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';

export type JsonFlag = {
  /** Plain data on standard output. */
  readonly json?: boolean;
};

/** As data. */
export type Failure = {
  /** Of an EngineError; null of what else was thrown. */
  readonly code: string | null;
  readonly message: string;
};

export function failureOf(thrown: unknown): Failure {
  const error = readable(thrown);
  return { code: error instanceof EngineError ? error.code : null, message: messageOf(error) };
}

/** Tells of an error; `text`: what people read of it. Exit code of the process. */
export function fail(flags: JsonFlag, thrown: unknown, text = describeFailure(thrown)): ExitCode {
  const error = readable(thrown);
  tellFailure(flags, failureOf(error), text);
  return exitCodeOf(error);
}

export function tellFailure({ json = false }: JsonFlag, failure: Failure, text: string): void {
  console.error(text);
  if (json) console.log(JSON.stringify({ error: failure }));
}

/** An error in one line, or with its stack when it is none of ours. */
export function describeFailure(thrown: unknown): string {
  const error = readable(thrown);
  if (error instanceof EngineError) return `error ${error.code}: ${error.message}`;
  // What does not compile: its message names file and line, its stack is that of the compiler.
  if (error instanceof Error && 'errors' in error) return `error: ${error.message}`;
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`;
}
