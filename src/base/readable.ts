/**
 * Anything can be thrown: getters and proxies that throw when they are read, fields of other types, texts that fill the memory.
 * What tells of an error reads it by this.
 */
import { inspect } from 'node:util';
import { ERROR_TEXT_MAX } from './limits.ts';

/** What was thrown; where it cannot be read as it is, an error that says as much of it as can be. */
export function readable(thrown: unknown): unknown {
  return isReadable(thrown) ? thrown : standIn(thrown);
}

function isReadable(thrown: unknown): boolean {
  try {
    if (!(thrown instanceof Error)) return inspect(thrown).length >= 0;
    const { name, message, stack } = thrown;
    // Its getter may throw too.
    void thrown.cause;
    return [name, message, stack ?? ''].every((text) => typeof text === 'string');
  } catch {
    return false;
  }
}

function standIn(thrown: unknown): Error {
  const message = attempt(() => (thrown instanceof Error ? textOf(thrown.message) : null));
  const error = new Error(message ?? 'what was thrown cannot be read');
  const stack = attempt(() => (thrown as Error).stack);
  error.stack = typeof stack === 'string' ? stack : error.message;
  return error;
}

/** The text of anything thrown, as far as there is room. */
export function textOf(thrown: unknown): string {
  return cut(typeof thrown === 'string' ? thrown : inspect(thrown));
}

/** What is too long has its beginning and its end, where the place stands. */
export function cut(text: string): string {
  if (text.length <= ERROR_TEXT_MAX) return text;
  return `${text.slice(0, ERROR_TEXT_MAX / 2)} … ${text.slice(3 - ERROR_TEXT_MAX / 2)}`;
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
