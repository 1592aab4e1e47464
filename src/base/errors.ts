/**
 * What can go wrong outside the engine's own code, as one class with many codes.
 *
 * The message says what failed, where (file, line or byte, operator, field) and what to do. Mistakes of
 * the engine itself are assertions (assert.ts), expected conditions are return values; only what is here
 * is meant to be read by a user. `retryable` tells the job whether a new attempt may succeed.
 */

import { pathToFileURL } from 'node:url';
import { ENGINE_ROOT } from './engine-files.ts';
import { cut, readable, textOf } from './readable.ts';

/** Every code of an EngineError, with what it means. */
export const ERROR_CODES = {
  JOB_DEFINITION: 'the dataflow itself is wrong: a missing sink, a repeated uid, a bad option',
  CONFIG_INVALID: 'the command line or its config file is wrong, or that file cannot be read',
  LIBRARY_MISSING: 'a format, a connector or an option needs a package that is not installed',
  JOB_NOT_FOUND: 'the module does not define the job that a thread was asked to run',
  JOB_CANCELLED: 'the job was cancelled by its caller',
  JOB_RESTARTING: 'the job has failed, and waits until it goes on from its last checkpoint',
  GRAPH_MISMATCH: 'a worker thread built another graph than the calling thread',
  PARAM_INVALID: 'a parameter is missing, unknown or of the wrong type',
  FIELD_UNKNOWN: 'a field name is not in the schema of the stream',
  FIELD_TYPE: 'a value or field has another type than the operation needs',
  KEY_INVALID: 'a key is undefined, null or NaN',
  PARTITION_INVALID:
    'a partitioner named a subtask that does not exist, or records do not lie by key as was vouched',
  TIMESTAMP_INVALID: 'a record has no usable event time',
  VALUE_NOT_TRANSFERABLE: 'a value (a function, a symbol) cannot leave its thread',
  USER_FUNCTION: 'a function of the user threw',
  ASYNC_TIMEOUT: 'an asynchronous function took too long',
  WORKER_DIED: 'a worker thread ran out of memory or exited',
  INPUT_NOT_FOUND: 'an input file, folder or topic does not exist or cannot be read',
  CONNECTION_FAILED: 'the other side of a connection cannot be reached, or refuses what it is sent',
  INPUT_CLOSED: 'a row was written into a job that takes no more',
  INPUT_MALFORMED: 'an input file does not hold what its format or schema says',
  OUTPUT_FAILED: 'an output file, folder or topic cannot be written',
  OUTPUT_EXISTS: 'an output folder already holds results and may not be changed',
  STATE_INCOMPATIBLE: 'the state of a snapshot has another type than the job keeps now',
  STATE_UNKNOWN: 'a snapshot has state of a step that the job does not have',
  CHECKPOINT_TIMEOUT: 'a checkpoint took too long',
  SIMULATION_FAILED: 'a simulated job did not commit what it commits undisturbed',
  CHECKPOINT_WRITE: 'a checkpoint or savepoint could not be written',
  CHECKPOINT_DAMAGED: 'a checkpoint or savepoint is not what was written, or of a newer version',
  CHECKPOINT_NOT_FOUND:
    'there is no such checkpoint, savepoint or state in one, or it cannot be read',
  CHECKPOINT_LOCKED: 'another process, or another part of this one, uses the checkpoint directory',
  SERVER_FAILED: 'the server of a job, or a connector that listens, cannot listen on its port',
  FRAME_CORRUPT: 'bytes between two threads do not form a frame',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What to do about each code, where the message of the error does not say more. */
export const ERROR_ADVICE: Readonly<Record<ErrorCode, string>> = {
  JOB_DEFINITION: 'correct the call that the message names: where it stands, what it is given',
  CONFIG_INVALID:
    'correct the flag, or the file at the place in the message; millrace config --schema tells what is allowed',
  LIBRARY_MISSING: 'install the package that the message names beside this one',
  JOB_NOT_FOUND:
    'define the job at the top level of its module, before a job of it runs, or choose one by --job',
  JOB_CANCELLED: 'start the job again if it was not meant to end; none of its part files are there',
  JOB_RESTARTING: 'ask again when it runs, stop it at its last checkpoint, or cancel it',
  GRAPH_MISMATCH:
    'let the graph depend on parameters of the job only: not on time, chance, the thread or what other modules have changed',
  PARAM_INVALID: 'give the parameter as the job asks for it in flow.param',
  FIELD_UNKNOWN: 'choose one of the fields that the message lists, or add the field to the schema',
  FIELD_TYPE: 'convert the value in a map before, or give the field another type in the schema',
  KEY_INVALID: 'filter such records out, or give them a key of their own, before keyBy',
  PARTITION_INVALID:
    'return a whole number from 0 to one below the number of subtasks; where records do not lie by key, take keyBy',
  TIMESTAMP_INVALID:
    'call eventTime(field, strategy) before, and filter out records without a time',
  VALUE_NOT_TRANSFERABLE:
    'leave functions, symbols and the like out of the row, or put plain data in their place',
  USER_FUNCTION: 'look at the file and line in the message; cause is what the function threw',
  ASYNC_TIMEOUT:
    'raise the timeout of the step, or say by onTimeout what becomes of a record that took too long',
  WORKER_DIED:
    'keep less in functions, give threads a larger heap by threadHeapMb, or leave process.exit to the program',
  INPUT_NOT_FOUND:
    'look at path, working directory and permissions, and for links that lead nowhere',
  CONNECTION_FAILED:
    'look at the address and at the other side; the options of the connector say how often it tries again',
  INPUT_CLOSED:
    'write before end() and while the job runs; the error of its result says why it is over',
  INPUT_MALFORMED:
    "correct the file at the place in the message, or pass over such records by onMalformed: 'skip' or 'deadLetter'",
  OUTPUT_FAILED:
    'look at the permissions of the folder and at the room on its disk, then start the job again',
  OUTPUT_EXISTS: "choose another folder, or say { existing: 'replace' } or { existing: 'keep' }",
  STATE_INCOMPATIBLE:
    'go back to the old types, or give the step another uid and allow the old state to be dropped',
  STATE_UNKNOWN: 'give the step its uid again, or allow the state to be dropped',
  CHECKPOINT_TIMEOUT: 'raise checkpoints.timeout, or make the step that holds it up faster',
  SIMULATION_FAILED: 'look at the scenario in the message, and play it again by simulate.replay',
  CHECKPOINT_WRITE:
    'look at the permissions of the checkpoint directory and at the room on its disk; the last checkpoint is whole',
  CHECKPOINT_DAMAGED:
    'go on from an older checkpoint, or a savepoint, or start the job anew by --fresh',
  CHECKPOINT_NOT_FOUND:
    'look at the path and its permissions; millrace snapshot inspect tells what is there',
  CHECKPOINT_LOCKED: 'end the other process, or give this job a checkpoint directory of its own',
  SERVER_FAILED: 'choose another port, or 0 for any that is free, and an address of this machine',
  FRAME_CORRUPT:
    'a bug of the engine, or of code that writes into its memory: please report it with its stack',
};

export type EngineErrorOptions = { readonly cause?: unknown; readonly retryable?: boolean };

/** An error of the world around the engine: input, output, the user's job or its functions. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError';
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The error with the name of the operator in front. */
export function namedError(operator: string, error: EngineError): EngineError {
  return new EngineError(error.code, `operator '${operator}': ${error.message}`, {
    cause: error,
    retryable: error.retryable,
  });
}

export type UserFunctionPlace = {
  readonly operator: string;
  readonly subtask: number;
  /** Position of the record among all that reached this subtask, from 0; at a timer, of the next one. */
  readonly record: number;
  /** The timer at which it threw; left out at a record. */
  readonly timer?: { readonly kind: 'event' | 'processing'; readonly time: number };
  /** Where the user has given the function to the job: for what was thrown without a place of its own. */
  readonly definedAt?: string | null;
};

/** The place in words. */
export function placeText({ operator, subtask, record, timer }: UserFunctionPlace): string {
  const at = timer === undefined ? `record ${record}` : `${timer.kind} timer at ${timer.time}`;
  return `operator '${operator}' (subtask ${subtask}, ${at})`;
}

/** A function of the user threw; the cause is what it threw, its stack names the user's file and line. */
export class UserFunctionError extends EngineError {
  override readonly name: string = 'UserFunctionError';
  readonly place: UserFunctionPlace;

  constructor(place: UserFunctionPlace, cause: unknown) {
    super('USER_FUNCTION', `${placeText(place)}: ${messageAndPlace(cause, place.definedAt)}`, {
      cause,
    });
    this.place = place;
  }
}

/** What was thrown, and behind it the user's file and line, when they are known; `otherwise` where it tells none. */
export function messageAndPlace(thrown: unknown, otherwise: string | null = null): string {
  const where = userFrame(thrown) ?? otherwise;
  return where === null ? messageOf(thrown) : `${messageOf(thrown)}\n    at ${where}`;
}

/** The first stack frame in a file of the user: not of Node, not of the engine, not generated. */
export function userFrame(thrown: unknown): string | null {
  return firstUserFrame(thrown, () => true);
}

/** The same of frames that were still running: who waits for the job is none that has called the engine at a record. */
export function callFrame(thrown: unknown): string | null {
  return firstUserFrame(thrown, (line) => !line.trimStart().startsWith('at async '));
}

function firstUserFrame(thrown: unknown, isWanted: (line: string) => boolean): string | null {
  const error = readable(thrown);
  if (!(error instanceof Error) || error.stack === undefined) return null;
  for (const line of error.stack.split('\n')) {
    const frame = /(?:\(|at )((?:file:\/\/|\/|[A-Za-z]:\\)[^<>]+:\d+:\d+)\)?$/.exec(line);
    if (frame === null || isEngineFrame(frame[1]!) || !isWanted(line)) continue;
    return frame[1]!;
  }
  return null;
}

/** In a bundle the engine is known by its generated loops only, or by the files that a source map names. */
function isEngineFrame(location: string): boolean {
  if (location.includes('millrace-generated')) return true;
  if (ENGINE_ROOT === null) return location.includes('/node_modules/millrace/');
  const url = location.startsWith('file:') ? location : pathToFileURL(location).href;
  return url.startsWith(ENGINE_ROOT);
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  const error = readable(thrown);
  return error instanceof Error ? cut(error.message) : textOf(error);
}
