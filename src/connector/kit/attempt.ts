/** One call of a function of the user that answers later, which may take only so long; and the pause before another. */
import { EngineError } from '../../base/errors.ts';
import { after } from '../../base/event-loop.ts';

/**
 * What `call` answers; ASYNC_TIMEOUT when that takes longer than `timeoutMs`, null for no bound. The signal that it gets is
 * aborted then, and when `closing` is.
 */
export async function attempt<T>(
  call: (signal: AbortSignal) => T | PromiseLike<T>,
  timeoutMs: number | null,
  closing: AbortSignal,
): Promise<T> {
  if (timeoutMs === null) return await call(closing);
  // Not by AbortSignal.any: each call would leave something behind at a signal that lives as long as the job.
  const own = new AbortController();
  let end = (_error: unknown): void => {};
  const ended = new Promise<never>((_, reject) => {
    end = (error) => {
      own.abort(error);
      reject(error);
    };
  });
  const close = (): void => end(closing.reason);
  closing.addEventListener('abort', close);
  const stop = after(timeoutMs, () => {
    const message = `no answer within ${timeoutMs} ms`;
    end(new EngineError('ASYNC_TIMEOUT', message, { retryable: true }));
  });
  try {
    return await Promise.race([call(own.signal), ended]);
  } finally {
    stop();
    closing.removeEventListener('abort', close);
  }
}

/** Resolves after `ms`, or at once when `closing` is aborted. */
export function pause(ms: number, closing: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      closing.removeEventListener('abort', end);
      resolve();
    };
    const stop = after(ms, end);
    closing.addEventListener('abort', end);
  });
}
