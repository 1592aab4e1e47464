/** Ends right behind a rolling aggregation whose records come from several subtasks, in an order that nobody knows. */

import type { Bindings, LogicalGraph, LogicalNode } from '../../graph/graph.ts';
import { parallelismOf } from '../../graph/parallelism.ts';
import { functionAt, keyOf, keyText } from './records.ts';

/** The text of the key of a row that reaches such an end; null where it is none. */
export function keyOfRolling(
  graph: LogicalGraph,
  end: LogicalNode,
  bindings: Bindings,
): ((row: unknown) => string) | null {
  const rolling = graph.nodes[end.inputs[0]!.from]!;
  const { operator } = rolling;
  const isBehind = end.inputs.length === 1 && operator.type === 'rolling';
  if (!isBehind || isInOrder(graph, rolling)) return null;
  const { key } = operator;
  const code = key.kind === 'function' ? functionAt(bindings[rolling.id]!.functions, 0) : null;
  return (row) => keyText(keyOf(key, code, row));
}

/** Whether all records come one way from one subtask of a source. */
function isInOrder(graph: LogicalGraph, node: LogicalNode): boolean {
  const [edge, ...others] = node.inputs;
  if (edge === undefined) return true;
  const before = graph.nodes[edge.from]!;
  const isPlain = ['source', 'map', 'filter', 'flatMap', 'project', 'as', 'eventTime'];
  const isOneWay = others.length === 0 && isPlain.includes(before.operator.type);
  return isOneWay && subtasksOf(graph, before) === 1 && isInOrder(graph, before);
}

/** Of a job that runs with several. */
function subtasksOf(graph: LogicalGraph, node: LogicalNode): number {
  return parallelismOf(graph, node, { parallelism: 2 });
}
