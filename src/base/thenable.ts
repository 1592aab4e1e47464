/** Whether an answer comes later: a promise, or what can be awaited like one. */
export function isThenable<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { readonly then?: unknown } | null | undefined)?.then === 'function';
}
