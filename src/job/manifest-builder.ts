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
import { nameOf } from '../checkpoint/checkpoint-names.ts';
import { encodeToBytes } from '../data/codec.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph, NodeId } from '../graph/graph.ts';
import { keptBy } from '../graph/kept-by.ts';
import { storedRows } from '../graph/kept-rows.ts';
import { storedWindows } from '../graph/kept-windows.ts';
import type { PlainData } from '../operator/source.ts';
import { generationsOf, mapBlocks } from '../state/generations.ts';
import type { SplitState } from '../task/split-state.ts';
import { batchOfItems, type StateBlock } from '../task/subtask-snapshot.ts';
import { INPUT } from './restore.ts';

/** A block that a subtask has written, and where it lies; null for the head of a delta. */
export type StoredBlock = {
  readonly subtask: number;
  readonly block: Omit<StateBlock, 'bytes'>;
  readonly ref: BlockRef | null;
};

/** What a sink has prepared. */
export type NodeCommittables = {
  readonly node: NodeId;
  readonly committables: readonly PlainData[];
};

export type ManifestParts = Pick<
  Manifest,
  'id' | 'kind' | 'jobId' | 'maxParallelism' | 'isBatch' | 'isFinal'
> & {
  readonly graph: LogicalGraph;
  readonly execution: ExecutionGraph;
  /** Of each node, by its id. */
  readonly keyGroups: readonly number[];
  readonly blocks: readonly StoredBlock[];
  readonly prepared: readonly NodeCommittables[];
  /** The checkpoint that deltas are written on; null where there are none. */
  readonly base: Manifest | null;
};

export function buildManifest(parts: ManifestParts): Manifest {
  const { id, kind, jobId, maxParallelism, isBatch, isFinal, graph } = parts;
  return {
    version: 1,
    kind,
    id,
    job: graph.name,
    jobId,
    engine: ENGINE_VERSION,
    createdAt: systemClock.now(),
    maxParallelism,
    isBatch,
    isFinal,
    operators: operatorsOf(parts),
  };
}

function operatorsOf(all: ManifestParts): OperatorManifest[] {
  const { graph, execution, keyGroups, blocks, prepared, base } = all;
  const before = base === null ? [] : seenFromBeside(base);
  const blocksOf = groupBy(blocks, ({ block }) => block.node);
  const preparedOf = groupBy(prepared, ({ node }) => node);
  return graph.nodes.flatMap((node): OperatorManifest[] => {
    const { id, uid, name, operator } = node;
    const ofNode = blocksOf.get(id) ?? [];
    const committables = (preparedOf.get(id) ?? []).flatMap((one) => one.committables);
    if (ofNode.length === 0 && committables.length === 0) return [];
    const known = before.find((operator) => operator.uid === uid)?.states ?? [];
    const states = statesOf(ofNode, execution, known);
    const { parallelism } = execution.tasks[taskOf(execution, id)]!;
    const maxParallelism = keyGroups[id]!;
    const windows = storedWindows(operator);
    const rows = storedRows(graph, node);
    const kept = { windows, rows, keptBy: keptBy(node) };
    return [{ uid, name, parallelism, maxParallelism, ...kept, states, committables }];
  });
}

/** The operators of a checkpoint, with their blocks named as in a manifest of another one. */
function seenFromBeside({ id, operators }: Manifest): readonly OperatorManifest[] {
  const named = (ref: BlockRef): BlockRef =>
    ref.checkpoint === '' ? { ...ref, checkpoint: nameOf(id) } : ref;
  return operators.map((operator) => ({
    ...operator,
    states: operator.states.map((state) => ({
      ...state,
      parts: state.parts.map((part) => ({ ...mapBlocks(part, named), subtask: part.subtask })),
    })),
  }));
}

/** `known`: the states of the base. */
function statesOf(
  blocks: readonly StoredBlock[],
  { subtasks }: ExecutionGraph,
  known: readonly StateManifest[],
): StateManifest[] {
  return [...groupBy(blocks, ({ block }) => block.state)].flatMap(([name, ofState]) => {
    const before = known.find((state) => state.name === name);
    const parts = [...groupBy(ofState, ({ subtask }) => subtask)].flatMap(([subtask, ofPart]) => {
      const { index } = subtasks[subtask]!;
      const written = ofPart.map(({ block, ref }) => ({ content: block.content, block: ref }));
      const generations = generationsOf(
        written,
        before?.parts.find((part) => part.subtask === index),
      );
      return generations === null ? [] : [{ subtask: index, ...generations }];
    });
    if (parts.length === 0) return [];
    const { kind } = ofState[0]!.block;
    const rows = ofState.find(({ block }) => block.content === 'rows');
    return [{ name, kind, fields: rows?.block.fields ?? before!.fields, parts }];
  });
}

/** Splits of each source, as the calling thread knows them. */
export type InputSplits = ReadonlyMap<NodeId, readonly SplitState[]>;

/**
 * What is known of splits, as state of each source. None is state too: that of a source which had been read to its end before;
 * one of which a checkpoint knows nothing is read from its start.
 */
export function inputBlocks(
  graph: LogicalGraph,
  execution: ExecutionGraph,
  splits: InputSplits,
): { subtask: number; block: StateBlock }[] {
  const sources = graph.nodes.filter(({ operator }) => operator.type === 'source');
  return sources.map(({ id }) => {
    const items = splits.get(id) ?? [];
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
      content: 'rows',
    };
    return { subtask: first.id, block };
  });
}

function taskOf(execution: ExecutionGraph, node: NodeId): number {
  return execution.tasks.find(({ operators }) =>
    operators.some(({ nodes }) => nodes.includes(node)),
  )!.id;
}
