/** How long rows may wait in partial batches behind the steps of a chain. */
import type { ExecutionGraph, Task } from '../graph/execution-graph.ts';
import type { LogicalGraph } from '../graph/graph.ts';

/**
 * The least of the steps of a task whose rows leave it: its outputs send together, so that none waits longer than its step says.
 * `ofJob`: of steps that say nothing.
 */
export function bufferTimeoutOf(
  graph: LogicalGraph,
  { exchanges }: ExecutionGraph,
  { id }: Task,
  ofJob: number,
): number {
  const ends = exchanges.filter(({ fromTask }) => fromTask === id);
  if (ends.length === 0) return ofJob;
  return Math.min(...ends.map(({ fromNode }) => graph.nodes[fromNode]!.bufferTimeoutMs ?? ofJob));
}
