/**
 * The shape of a job: what another version of it has to know to say whether it can go on from its state. Plain data, so that
 * it can come from another process, where that version runs.
 *
 *   old module → its graph → JobShape ─┐
 *                                       ├─ compareJobs → JobDifference (compare-jobs.ts)
 *   new module → its graph ────────────┘
 *
 * Functions are in it by their text: what they call elsewhere does not show.
 */
import { createHash } from 'node:crypto';
import type { LogicalGraph, LogicalNode, NodeBindings } from './graph.ts';
import type { BuiltJob } from './job-registry.ts';
import { keptStatesOf, type ShapedState } from './kept-states.ts';
import { hasKeyGroups } from './parallelism.ts';

export type ShapedOperator = {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  /** What it says of its key groups; null for those of the job, and where it has none. */
  readonly maxParallelism: number | null;
  /** Those that its state is cut into; null where that is not known, and where it has none. */
  readonly keyGroups: number | null;
  /** Parts of the definition by what they are called to people, as text to be compared. */
  readonly parts: Readonly<Record<string, string>>;
  readonly states: readonly ShapedState[];
};

export type JobShape = { readonly job: string; readonly operators: readonly ShapedOperator[] };

/** The shape of a job that has been built; `keyGroups`: of its nodes, where it runs or is known how it would. */
export function jobShape(
  { graph, bindings }: BuiltJob,
  keyGroups: readonly number[] | null = null,
): JobShape {
  return {
    job: graph.name,
    operators: graph.nodes.map((node) => ({
      ...shapedOperator(graph, node, bindings[node.id]!),
      keyGroups: hasKeyGroups(node) ? (keyGroups?.[node.id] ?? null) : null,
    })),
  };
}

function shapedOperator(
  graph: LogicalGraph,
  node: LogicalNode,
  bindings: NodeBindings,
): Omit<ShapedOperator, 'keyGroups'> {
  const inputs = node.inputs.map(({ from, ...edge }) => ({
    from: graph.nodes[from]!.uid,
    ...edge,
  }));
  return {
    uid: node.uid,
    name: node.name,
    type: node.operator.type,
    maxParallelism: hasKeyGroups(node) ? (node.maxParallelism ?? null) : null,
    parts: {
      name: node.name,
      options: JSON.stringify(node.operator),
      inputs: JSON.stringify(inputs),
      fields: JSON.stringify(node.schema),
      parallelism: String(node.parallelism),
      maxParallelism: String(node.maxParallelism ?? null),
      bufferTimeout: String(node.bufferTimeoutMs ?? null),
      placement: JSON.stringify([node.chaining, node.thread ?? null]),
      code: codeOf([bindings.functions, bindings.edgeFunctions]),
    },
    states: keptStatesOf(graph, node, bindings),
  };
}

/** All functions below a value by their text, in short. */
function codeOf(value: unknown): string {
  const hash = createHash('sha256');
  const seen = new Set<unknown>();
  const visit = (part: unknown): void => {
    if (typeof part === 'function') hash.update(`${part}\n`);
    if (typeof part !== 'object' || part === null || seen.has(part)) return;
    seen.add(part);
    for (const [name, inner] of membersOf(part)) {
      hash.update(`${name}:`);
      visit(inner);
    }
  };
  visit(value);
  return hash.digest('hex').slice(0, 16);
}

/** Own values, and the methods of a class. */
function membersOf(value: object): (readonly [string, unknown])[] {
  const { prototype } = Object;
  const above = Object.getPrototypeOf(value) as object | null;
  const methods =
    above === null || above === prototype || Array.isArray(value)
      ? []
      : Object.entries(Object.getOwnPropertyDescriptors(above))
          .filter(([name]) => name !== 'constructor')
          .map(([name, { value: method }]) => [name, method as unknown] as const);
  return [...Object.entries(value), ...methods];
}
