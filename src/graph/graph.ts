/**
 * The logical graph: the dataflow as the user wrote it, as frozen plain data.
 *
 * Nodes are in the order they were made, so every edge goes from a lower to a higher id. A node has a stable
 * `uid` (given, or made from its name and place) by which state will be found again. What cannot be data (user
 * functions, sources, sinks) is in the Bindings, by node id; they are made anew in each thread by running the
 * user's module, and the fingerprint of the graph proves that all threads made the same.
 */
import { createHash } from 'node:crypto';
import type { KeySpec } from '../data/key.ts';
import type { Field } from '../data/schema.ts';
import type { OperatorSpec } from '../operator/operator-spec.ts';
import type { Sink } from '../operator/sink.ts';
import type { Source } from '../operator/source.ts';

export type NodeId = number;

/** How rows find the subtask of the next node. */
export type Partitioning =
  /** To the subtask of the same index; as `rebalance` where the parallelism differs. */
  | { readonly kind: 'forward' }
  /** By key group of the key; a key function is function 0 of the edge, or else of the receiving node. */
  | { readonly kind: 'hash'; readonly key: KeySpec }
  /** The same, before a step that has no key: rows come without what is known of theirs. A key function is of the edge. */
  | { readonly kind: 'partition'; readonly key: KeySpec }
  /** To all subtasks in turn, row by row. */
  | { readonly kind: 'rebalance' }
  /** As `rebalance`, among few of the subtasks: those whose index is the same, by the smaller number of subtasks. */
  | { readonly kind: 'rescale' }
  /** Each row to a subtask by chance. */
  | { readonly kind: 'shuffle' }
  /** Every row to every subtask. */
  | { readonly kind: 'broadcast' }
  /** All rows to the first subtask. */
  | { readonly kind: 'global' }
  /** To the subtask that a function of the user names for the key: functions 0 and, for the key, 1 of the edge. */
  | { readonly kind: 'custom'; readonly key: KeySpec };

export type LogicalEdge = {
  readonly from: NodeId;
  readonly partitioning: Partitioning;
  /** Which side output of the node the rows come from; its main output when left out. */
  readonly side?: string;
  /** Which input of the operator the rows are for, where it has two; the first, 0, when left out. */
  readonly operatorInput?: number;
  /**
   * The key of the step, where the user vouches that these edges bring each row to the subtask of its key, though they do not
   * deal by it. A key function is the last of the edge.
   */
  readonly keyedBy?: KeySpec;
};

/** The key by which the rows of an edge lie in the subtasks of its node; null where they lie otherwise. */
export function placedBy({ partitioning, keyedBy }: LogicalEdge): KeySpec | null {
  return keyedBy ?? (partitioning.kind === 'hash' ? partitioning.key : null);
}

export type LogicalNode = {
  readonly id: NodeId;
  readonly uid: string;
  readonly name: string;
  /** For people, at length; left out where the name is all. */
  readonly description?: string;
  readonly operator: OperatorSpec;
  readonly inputs: readonly LogicalEdge[];
  /** Null: as many subtasks as the job has by default. 'ofInput': as many as the (only) input has. */
  readonly parallelism: number | 'ofInput' | null;
  /** Key groups of its state, and the most subtasks that it may have; left out where both are the job's. */
  readonly maxParallelism?: number;
  /** How long its rows may wait in partial batches; left out where it is as long as the job says. */
  readonly bufferTimeoutMs?: number;
  /** 'head': starts a new chain. 'never': shares its subtasks with no other operator. */
  readonly chaining: 'always' | 'head' | 'never';
  /** The thread that all its subtasks run on, by the number of threads; left out where they are spread over all. */
  readonly thread?: number;
  /** Fields of the rows that leave the node by its main output; null for free-form rows, as those of side outputs are. */
  readonly schema: readonly Field[] | null;
};

export type LogicalGraph = { readonly name: string; readonly nodes: readonly LogicalNode[] };

/** A function or other live object of the user; what it really is depends on the operator. */
export type UserCode = object;

/** The live half of a node. */
export type NodeBindings = {
  readonly functions: readonly UserCode[];
  /** Functions of each input edge. */
  readonly edgeFunctions: readonly (readonly UserCode[])[];
  readonly source: Source | null;
  readonly sink: Sink | null;
  /** Made where the user has given the functions: its stack tells, to whoever asks, where that is. */
  readonly trace: Error;
  /** Whether its uid was given, and not made from its name and place. */
  readonly hasOwnUid: boolean;
};

/** Live halves by node id. */
export type Bindings = readonly NodeBindings[];

/** Equal for two graphs exactly when they have the same nodes, edges and options. */
export function fingerprint(graph: LogicalGraph): string {
  return createHash('sha256').update(JSON.stringify(graph)).digest('hex').slice(0, 16);
}
