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
