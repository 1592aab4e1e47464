/** The JavaScript heap of the calling thread. */
import { GCProfiler, getHeapStatistics } from 'node:v8';

export type Heap = { readonly usedBytes: number; readonly limitBytes: number };

export function heapOfThread(): Heap {
  const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
  return { usedBytes, limitBytes };
}

const MICROSECONDS = 1000;

/**
 * The time that this thread spends on collecting garbage. V8 writes down each collection, which costs a small part of what
 * that does; a thread that never turns its event loop learns of them in no other way.
 */
export class CollectionWatch {
  #profiler = CollectionWatch.#started();

  static #started(): GCProfiler {
    const profiler = new GCProfiler();
    profiler.start();
    return profiler;
  }

  /** Milliseconds since it was called last, or since the watch began. */
  take(): number {
    const ms = this.stop();
    this.#profiler = CollectionWatch.#started();
    return ms;
  }

  /** The last `take`: nothing is written down any more. */
  stop(): number {
    const { statistics = [] } = this.#profiler.stop() ?? {};
    return statistics.reduce((sum, { cost }) => sum + cost, 0) / MICROSECONDS;
  }
}
