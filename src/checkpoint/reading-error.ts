/** What has become of reading a file of a checkpoint. */
import { EngineError, messageOf } from '../base/errors.ts';
import { codeOf } from './file-layer.ts';

/** A file that is missing, or that the disk itself cannot read, is damage; that it may not be read is none. */
export function readingError(file: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const isDamage = ['ENOENT', 'EIO', 'EISDIR'].includes(codeOf(error) ?? '');
  const reason = codeOf(error) === 'ENOENT' ? 'the file is missing' : messageOf(error);
  return new EngineError(
    isDamage ? 'CHECKPOINT_DAMAGED' : 'CHECKPOINT_NOT_FOUND',
    isDamage ? `${file}: ${reason}` : `${file} cannot be read: ${reason}`,
    { cause: error },
  );
}

export function isDamage(error: unknown): error is EngineError {
  return error instanceof EngineError && error.code === 'CHECKPOINT_DAMAGED';
}
