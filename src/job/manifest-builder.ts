/** From what subtasks have written of one checkpoint to its manifest. */
import { systemClock } from '../base/clock.ts';
import { groupBy } from '../base/group-by.ts';
import { ENGINE_VERSION } from '../base/version.ts';
import type {
  BlockRef,
  Manifest,
  OperatorManifest,
  StateManifest,
} from '../checkpoint/checkpoint.ts';
import { encodeToBytes } from '../data/codec.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph, NodeId } from '../graph/graph.ts';
import type { PlainData } from '../operator/source.ts';
import type { SourceSplits } from '../task/deployment.ts';
import { batchOfItems, type StateBlock } from '../task/subtask-snapshot.ts';
import { INPUT } from './restore.ts';

/** A block that a subtask has written, and where it lies. */
export type StoredBlock = {
  readonly subtask: number;
  readonly block: Omit<StateBlock, 'bytes'>;
  readonly ref: BlockRef;
};

/** What a sink has prepared. */
export type NodeCommittables = {
  readonly node: NodeId;
  readonly committables: readonly PlainData[];
};

export type ManifestParts = Pick<
  Manifest,
  'id' | 'kind' | 'jobId' | 'maxParallelism' | 'isFinal'
> & {
  readonly graph: LogicalGraph;
  readonly execution: ExecutionGraph;
  readonly blocks: readonly StoredBlock[];
  readonly prepared: readonly NodeCommittables[];
};

export function buildManifest(parts: ManifestParts): Manifest {
  const { id, kind, jobId, maxParallelism, isFinal, graph } = parts;
  return {
    version: 1,
    kind,
    id,
    job: graph.name,
    jobId,
    engine: ENGINE_VERSION,
    createdAt: systemClock.now(),
    maxParallelism,
    isFinal,
    operators: operatorsOf(parts),
  };
}

function operatorsOf({ graph, execution, blocks, prepared }: ManifestParts): OperatorManifest[] {
  const blocksOf = groupBy(blocks, ({ block }) => block.node);
  const preparedOf = groupBy(prepared, ({ node }) => node);
  return graph.nodes.flatMap(({ id, uid, name }): OperatorManifest[] => {
    const ofNode = blocksOf.get(id) ?? [];
    const committables = (preparedOf.get(id) ?? []).flatMap((one) => one.committables);
    if (ofNode.length === 0 && committables.length === 0) return [];
    const { parallelism } = execution.tasks[taskOf(execution, id)]!;
    return [{ uid, name, parallelism, states: statesOf(ofNode, execution), committables }];
  });
}

function statesOf(blocks: readonly StoredBlock[], { subtasks }: ExecutionGraph): StateManifest[] {
  return [...groupBy(blocks, ({ block }) => block.state)].map(([name, ofState]) => {
    const { kind, fields } = ofState[0]!.block;
    const parts = [...groupBy(ofState, ({ subtask }) => subtask)].map(([subtask, ofPart]) => ({
      subtask: subtasks[subtask]!.index,
      blocks: ofPart.map(({ ref }) => ref),
    }));
    return { name, kind, fields, parts };
  });
}

/**
 * The splits that an attempt began with, as state of each source. None is state too: that of a source which had been read to
 * its end before; one of which a checkpoint knows nothing is read from its start.
 */
export function inputBlocks(
  graph: LogicalGraph,
  execution: ExecutionGraph,
  splits: SourceSplits,
): { subtask: number; block: StateBlock }[] {
  const sources = graph.nodes.filter(({ operator }) => operator.type === 'source');
  return sources.map(({ id }) => {
    const items = splits.find(({ node }) => node === id)?.splits ?? [];
    const batch = batchOfItems(items);
    const task = taskOf(execution, id);
    const first = execution.subtasks.find((one) => one.task === task && one.index === 0)!;
    const block: StateBlock = {
      node: id,
      state: INPUT,
      kind: 'union',
      fields: batch.schema!.fields,
      rows: batch.rowCount,
      bytes: encodeToBytes(batch),
    };
    return { subtask: first.id, block };
  });
}

function taskOf(execution: ExecutionGraph, node: NodeId): number {
  return execution.tasks.find(({ operators }) =>
    operators.some(({ nodes }) => nodes.includes(node)),
  )!.id;
}
