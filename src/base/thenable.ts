/** Whether an answer comes later: a promise, or what can be awaited like one. */
export function isThenable<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { readonly then?: unknown } | null | undefined)?.then === 'function';
}

/** The answer of a function that nothing waits for. TypeError for one that comes later, which would be taken for the answer. */
export function answeredNow<T>(answer: T): T {
  if (!isThenable(answer)) return answer;
  throw new TypeError(
    'the function returned a promise, and nothing waits for it here; mapAsync does',
  );
}

/**
 * TypeError for an answer of a function that is to give none, if it comes later: what the function does then is done while
 * another record is being processed.
 */
export function doneNow(answer: unknown): void {
  if (!isThenable(answer)) return;
  throw new TypeError(
    'the function returned a promise, and nothing waits for it: state and context are of no use after an await; mapAsync waits',
  );
}
