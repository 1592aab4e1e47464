/** The JavaScript heap of the calling thread. */
import { getHeapStatistics } from 'node:v8';

export type Heap = { readonly usedBytes: number; readonly limitBytes: number };

export function heapOfThread(): Heap {
  const { used_heap_size: usedBytes, heap_size_limit: limitBytes } = getHeapStatistics();
  return { usedBytes, limitBytes };
}
