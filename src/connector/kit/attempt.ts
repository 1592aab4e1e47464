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
  const timeout = new AbortController();
  let stop = (): void => {};
  const tooLong = new Promise<never>((_, reject) => {
    stop = after(timeoutMs, () => {
      const error = new EngineError('ASYNC_TIMEOUT', `no answer within ${timeoutMs} ms`, {
        retryable: true,
      });
      timeout.abort(error);
      reject(error);
    });
  });
  try {
    return await Promise.race([call(AbortSignal.any([closing, timeout.signal])), tooLong]);
  } finally {
    stop();
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
