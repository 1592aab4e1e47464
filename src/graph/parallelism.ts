/**
 * How many subtasks each step has, and how many key groups: the bound of its subtasks, and what its keyed state is cut into
 * (data/key-group.ts). Both are of the step where it says so, else of the job.
 */
import { EngineError } from '../base/errors.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import { type LogicalGraph, type LogicalNode, placedBy } from './graph.ts';

export type JobParallelism = { readonly parallelism: number };

export function parallelismOf(
  graph: LogicalGraph,
  node: LogicalNode,
  settings: JobParallelism,
): number {
  if (isCallers(node)) return 1;
  if (node.parallelism === 'ofInput') {
    return parallelismOf(graph, graph.nodes[node.inputs[0]!.from]!, settings);
  }
  return node.parallelism ?? settings.parallelism;
}

/** Whether a node belongs to the calling thread, where the program is. */
export function isCallers({ operator }: LogicalNode): boolean {
  return operator.type === 'collect' || (operator.type === 'source' && operator.isCallers);
}

/** JOB_DEFINITION where a step would have more subtasks than it says that it may have. */
export function checkParallelism(graph: LogicalGraph, settings: JobParallelism): void {
  for (const node of graph.nodes) {
    const { name, maxParallelism = Infinity } = node;
    const parallelism = parallelismOf(graph, node, settings);
    if (parallelism <= maxParallelism) continue;
    throw new EngineError(
      'JOB_DEFINITION',
      `'${name}' would have ${parallelism} subtasks, and its maxParallelism is ${maxParallelism}: give it no more by ` +
        `.parallelism(${maxParallelism}), or a greater maxParallelism where it has no state yet`,
    );
  }
}

/** The greatest parallelism of a job that none of its steps refuses; Infinity where they refuse none. */
export function greatestParallelism({ nodes }: LogicalGraph): number {
  const bounds = nodes
    .filter((node) => node.parallelism === null && !isCallers(node))
    .map(({ maxParallelism = Infinity }) => maxParallelism);
  return Math.min(Infinity, ...bounds);
}

/** Whether rows find the subtasks of a node by their keys. */
export function hasKeyGroups({ inputs }: LogicalNode): boolean {
  return inputs.some((edge) => placedBy(edge) !== null || edge.partitioning.kind === 'partition');
}

/** What steps that say nothing of their key groups go by. */
export type JobKeyGroups = {
  /** Of the job. */
  readonly maxParallelism: number;
  /** Whether the user has asked for it: then it holds for steps of more subtasks too. */
  readonly isAsked: boolean;
};

/** Key groups of a node that has no state yet. A step with more subtasks than the job has room for them as a job of so many has. */
export function newKeyGroups(
  node: LogicalNode,
  parallelism: number,
  { maxParallelism, isAsked }: JobKeyGroups,
): number {
  if (node.maxParallelism !== undefined) return node.maxParallelism;
  if (isAsked || !hasKeyGroups(node)) return maxParallelism;
  return parallelism <= maxParallelism
    ? maxParallelism
    : Math.max(maxParallelism, defaultMaxParallelism(parallelism));
}

/**
 * The bound of the subtasks of steps that share them, by the key groups of all nodes: the least that one of them says or has
 * for its keys, else that of the job.
 */
export function maxParallelismOf(
  nodes: readonly LogicalNode[],
  keyGroups: readonly number[],
  ofJob: number,
): number {
  const bounds = nodes
    .filter((node) => node.maxParallelism !== undefined || hasKeyGroups(node))
    .map(({ id }) => keyGroups[id]!);
  return bounds.length === 0 ? ofJob : Math.min(...bounds);
}
