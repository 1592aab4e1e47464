/** The JavaScript heap of the calling thread. */
import { type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

export type Heap = { readonly usedBytes: number; readonly limitBytes: number };

export function heapOfThread(): Heap {
  const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
  return { usedBytes, limitBytes };
}

/**
 * The time that this thread spends on collecting garbage. Node hands collections over in turns of the event loop, as they come:
 * what it would write down of each for a GCProfiler takes longer than a small collection itself.
 */
export class CollectionWatch {
  #ms = 0;
  readonly #observer = new PerformanceObserver((list) => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  #add(collections: readonly PerformanceEntry[]): void {
    for (const { duration } of collections) this.#ms += duration;
  }

  /** Milliseconds of the collections that have been handed over since it was called last. */
  take(): number {
    this.#add(this.#observer.takeRecords());
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  /** The last `take`. */
  stop(): number {
    const ms = this.take();
    this.#observer.disconnect();
    return ms;
  }
}
