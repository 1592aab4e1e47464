/** What can go wrong with an output folder, as errors that say which file and what to do. */
import { EngineError, messageOf } from '../../../base/errors.ts';

/** Anything thrown by the file system; what is an EngineError already stays as it is. */
export function outputError(path: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError('OUTPUT_FAILED', `cannot write '${path}': ${messageOf(cause)}`, { cause });
}

export function existsError(folder: string, part: string): EngineError {
  return new EngineError(
    'OUTPUT_EXISTS',
    `'${folder}' already holds results (${part}): remove them, choose another folder, ` +
      `or set { existing: 'replace' } or { existing: 'keep' }`,
  );
}

/** Part names are unique: whoever has made this file, it was not the job that wants its name. */
export function takenError(path: string): EngineError {
  return new EngineError(
    'OUTPUT_EXISTS',
    `'${path}' is there already and is not overwritten: move it away, then restore again`,
  );
}

export function goneError(path: string): EngineError {
  return new EngineError(
    'OUTPUT_FAILED',
    `'${path}' cannot be committed: neither it nor its hidden file is there; somebody has removed them: ` +
      'put them back, or go on from a savepoint that was taken before they were written',
  );
}

/** A part was cut, or written to, by somebody else while it was open. */
export function changedError(path: string, written: number, found: number): EngineError {
  return new EngineError(
    'OUTPUT_FAILED',
    `cannot go on with '${path}': ${written} bytes of it have been written, and it has ${found}; somebody else has changed it: ` +
      'put it back as it was, or go on from a checkpoint that was taken before it was begun; nothing of it is committed',
  );
}

/** A checkpoint speaks of a part whose file has too little; `found` is null where there is none. */
export function lostPartError(path: string, recorded: number, found: number | null): EngineError {
  const state = found === null ? 'it is not there' : `it has ${found}`;
  return new EngineError(
    'OUTPUT_FAILED',
    `cannot go on with '${path}': the checkpoint has ${recorded} bytes of it, but ${state}; it was changed or removed, ` +
      'or committed by a later checkpoint: restore that one; or the sink writes to another folder than then',
  );
}
