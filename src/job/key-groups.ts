/**
 * Key groups of a job and of its steps, for one attempt. State keeps those that it was cut into, for its life: a checkpoint has
 * the number of each step, which wins where the user says nothing, and has to be the same where he does.
 */
import { EngineError } from '../base/errors.ts';
import type { OperatorManifest, StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import type { LogicalGraph, LogicalNode } from '../graph/graph.ts';
import { hasKeyGroups, newKeyGroups, parallelismOf } from '../graph/parallelism.ts';
import type { RuntimeSettings } from '../task/deployment.ts';

export type KeyGroupOptions = {
  /** Of the job. */
  readonly parallelism: number;
  /** What the user has asked for, for the job; undefined for nothing. */
  readonly asked: number | undefined;
  /** The checkpoint that the job goes on from; null for none. */
  readonly last: StoredCheckpoint | null;
};

/** EngineError STATE_INCOMPATIBLE where the job or a step of it cannot go on with the key groups of its state. */
export function keyGroupsOf(
  graph: LogicalGraph,
  { parallelism, asked, last }: KeyGroupOptions,
): Pick<RuntimeSettings, 'maxParallelism' | 'keyGroups'> {
  const maxParallelism =
    last === null ? (asked ?? defaultMaxParallelism(parallelism)) : ofCheckpoint(last, asked);
  const ofJob = { maxParallelism, isAsked: asked !== undefined };
  const stored = new Map(last?.manifest.operators.map((operator) => [operator.uid, operator]));
  const keyGroups = graph.nodes.map((node) => {
    const own = parallelismOf(graph, node, { parallelism });
    const before = hasKeyGroups(node) ? stored.get(node.uid) : undefined;
    if (before === undefined) return newKeyGroups(node, own, ofJob);
    checkStored(last!.path, node, before, own, asked);
    return before.maxParallelism;
  });
  return { maxParallelism, keyGroups };
}

/** Those of steps that say nothing of theirs. */
function ofCheckpoint({ path, manifest }: StoredCheckpoint, asked: number | undefined): number {
  const { maxParallelism } = manifest;
  if (asked === undefined || asked === maxParallelism) return maxParallelism;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} has ${maxParallelism} key groups, maxParallelism is ${asked}: it stays for the life of the state`,
  );
}

/** `parallelism`: of the step, now. */
function checkStored(
  path: string,
  { name, maxParallelism: asked }: LogicalNode,
  before: OperatorManifest,
  parallelism: number,
  askedOfJob: number | undefined,
): void {
  const { maxParallelism } = before;
  if (asked !== undefined && asked !== maxParallelism) {
    throw new EngineError(
      'STATE_INCOMPATIBLE',
      `${path} has ${maxParallelism} key groups of '${name}', its maxParallelism is ${asked}: it stays for the life of the ` +
        `state; give it .maxParallelism(${maxParallelism}), or leave that out`,
    );
  }
  // Who asks for it, or has run it so, has had subtasks without a key group before.
  if (askedOfJob === maxParallelism) return;
  if (parallelism <= Math.max(maxParallelism, before.parallelism)) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} has ${maxParallelism} key groups of '${name}', fewer than its parallelism of ${parallelism}: give it ` +
      `.parallelism(${maxParallelism}) or less, or give maxParallelism too, where subtasks may be without one`,
  );
}
