/** Turns of the event loop, for code that works in long stretches, and how long they keep others waiting. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

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

/** How often the delay of the event loop is looked at. */
const LOOK_MS = 10;
const NANOSECONDS = 1e6;

/** By how much timers of this thread are late, from `start` on. */
export class EventLoopWatch {
  #histogram: IntervalHistogram | null = null;

  start(): void {
    if (this.#histogram !== null) return;
    this.#histogram = monitorEventLoopDelay({ resolution: LOOK_MS });
    this.#histogram.enable();
  }

  /** Zeros before the first look. */
  delay(): { readonly meanMs: number; readonly p99Ms: number; readonly maxMs: number } {
    const histogram = this.#histogram;
    if (histogram === null || histogram.count === 0) return { meanMs: 0, p99Ms: 0, maxMs: 0 };
    // A timer that is on time counts as one interval.
    const late = (ns: number): number => Math.max(0, ns / NANOSECONDS - LOOK_MS);
    return {
      meanMs: late(histogram.mean),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(histogram.max),
    };
  }

  stop(): void {
    this.#histogram?.disable();
  }
}
