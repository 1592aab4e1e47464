/** From a checkpoint to what a job needs to go on from it: states by node, and the splits that are left to read. */
import { EngineError } from '../base/errors.ts';
import { inFlightState, isInFlightState } from '../channel/in-flight.ts';
import type { OperatorManifest, StoredCheckpoint } from '../checkpoint/checkpoint.ts';
import type { GraphEdge } from '../graph/execution-graph.ts';
import type { LogicalGraph, NodeId } from '../graph/graph.ts';
import { WRITERS } from '../operator/sink-operator.ts';
import type { PlainData } from '../operator/source.ts';
import { wayOf } from '../task/in-flight-state.ts';
import {
  type ReadBlock,
  type RestoredSnapshot,
  type StoredState,
  StoredStates,
  storedStates,
} from '../task/restored-state.ts';
import { SPLITS, type SplitState, type SplitToRead } from '../task/split-state.ts';
import { refuseUntaken } from '../task/untaken-state.ts';
import { checkKeeper } from './restored-keepers.ts';
import { checkRows } from './restored-rows.ts';
import { checkWindows } from './restored-windows.ts';

/** State of a source: all splits that were known when the checkpoint was asked for, and which of them had been read. */
export const INPUT = 'input';

const STATES_OF_SOURCES: ReadonlySet<string> = new Set([INPUT, SPLITS]);

const ALL = { subtask: 0, parallelism: 1, maxParallelism: 1 };

/**
 * The states of the checkpoint by node. Those of operators that the job does not have are refused, or dropped; those of other
 * windows, triggers, connectors or rows are refused.
 */
export function restoredSnapshot(
  graph: LogicalGraph,
  { path, manifest }: StoredCheckpoint,
  allowDroppedState: boolean,
): RestoredSnapshot {
  const nodeOf = new Map(graph.nodes.map((node) => [node.uid, node.id]));
  const unknown = manifest.operators.filter(({ uid }) => !nodeOf.has(uid));
  if (unknown.length > 0 && !allowDroppedState) {
    const names = unknown.map(({ name, uid }) => `'${name}' (uid ${uid})`).join(', ');
    throw new EngineError(
      'STATE_UNKNOWN',
      `${path} has state of ${names}, which job '${graph.name}' does not have: give the step its uid again, or allow ` +
        'the state to be dropped (allowDroppedState, --allow-dropped-state)',
    );
  }
  const known = manifest.operators.filter(({ uid }) => nodeOf.has(uid));
  for (const operator of known) {
    const node = graph.nodes[nodeOf.get(operator.uid)!]!;
    checkWindows(path, operator, node);
    checkKeeper(path, operator, node);
    checkRows(path, operator, graph, node);
    // Of other steps the threads know what they take.
    if (node.operator.type === 'source' && !allowDroppedState)
      refuseUntaken(path, operator, STATES_OF_SOURCES);
  }
  return {
    path,
    operators: new Map(known.map((operator) => [nodeOf.get(operator.uid)!, operator])),
    inFlight: known.flatMap((operator) => edgesInFlight(graph, path, operator)),
    mayDropState: allowDroppedState,
  };
}

/** The edges behind a node that an unaligned checkpoint has rows of. Refuses those that the job does not have now. */
function edgesInFlight(
  graph: LogicalGraph,
  path: string,
  { uid, name, states }: OperatorManifest,
): GraphEdge[] {
  const edges = new Map(
    graph.nodes.flatMap((node) =>
      node.inputs
        .map(({ from }, input) => ({ from, input }))
        .filter(({ from }) => graph.nodes[from]!.uid === uid)
        .map(({ from, input }) => [inFlightState(wayOf(node, input)), { from, to: node.id }]),
    ),
  );
  return states
    .filter((state) => isInFlightState(state.name))
    .map((state): GraphEdge => {
      const edge = edges.get(state.name);
      if (edge !== undefined) return edge;
      throw new EngineError(
        'STATE_INCOMPATIBLE',
        `${path} is an unaligned checkpoint, with rows of '${name}' ${state.name}, and the job has no such way now: run the ` +
          'job as it was, take a savepoint, which has no rows in flight, and go on from that',
      );
    });
}

/** Checks that a checkpoint is of this job. */
export function checkJob(name: string, { path, manifest }: StoredCheckpoint): void {
  if (manifest.job === name) return;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} is of job '${manifest.job}', not of '${name}': give each job a checkpoint directory of its own`,
  );
}

/** What windows and rolling aggregations have given already differs: a job stays in its mode. */
export function checkMode(isBatch: boolean, { path, manifest }: StoredCheckpoint): void {
  if (manifest.isBatch === isBatch) return;
  const name = (inBatch: boolean): string => (inBatch ? 'in batch' : 'as a stream');
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `${path} is of a job that ran ${name(manifest.isBatch)}, and now it would run ${name(isBatch)}: run it as before, ` +
      'or start it anew (fresh, --fresh)',
  );
}

/** All items of a state, of all subtasks. */
function allItems(states: readonly StoredState[], state: string): readonly unknown[] {
  const unions = states.map((stored) =>
    stored.kind === 'list' ? { ...stored, kind: 'union' as const } : stored,
  );
  return new StoredStates(unions, ALL).items(state);
}

/** Splits that are left, and from where; and those that have been read. */
export type RestoredSplits = {
  readonly left: readonly SplitToRead[];
  readonly read: readonly SplitState[];
};

/**
 * The splits of a source, as subtasks have begun them, or else as they were known when the checkpoint was asked for; null for a
 * source that the checkpoint does not know.
 */
export function restoredSplits(
  snapshot: RestoredSnapshot,
  node: NodeId,
  read?: ReadBlock,
): RestoredSplits | null {
  const states = storedStates(snapshot, node, read);
  if (!snapshot.operators.has(node)) return null;
  const known = allItems(states, INPUT) as readonly SplitState[];
  return mergedSplits(known, allItems(states, SPLITS) as readonly SplitState[]);
}

/** Of a checkpoint: what was known, and what subtasks had begun. */
export function mergedSplits(
  known: readonly SplitState[],
  begun: readonly SplitState[],
): RestoredSplits {
  const all = [...new Map([...known, ...begun].map((one) => [one.split.id, one])).values()];
  return {
    left: all
      .filter(({ isRead }) => !isRead)
      .map(({ split, position, skip, greatest }) => ({ split, position, skip, greatest })),
    read: all.filter(({ isRead }) => isRead),
  };
}

/** What writers of a sink gave to `snapshot`. */
export function restoredWriters(snapshot: RestoredSnapshot, node: NodeId): readonly PlainData[] {
  return allItems(storedStates(snapshot, node), WRITERS) as readonly PlainData[];
}
