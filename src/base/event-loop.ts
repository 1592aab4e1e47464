/** Turns of the event loop, for code that works in long stretches. */

/** Resolves when pending input, output and timers have had their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Calls back every `ms` without keeping the process alive; returns how to stop. */
export function every(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** The longest that a timer of Node can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Calls back once after `ms`, or after the longest that a timer can wait; returns how to stop. */
export function after(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(Math.max(0, ms), TIMER_MS_MAX));
  return () => clearTimeout(timer);
}

/** Resolves after `ms`, without keeping the process alive. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
