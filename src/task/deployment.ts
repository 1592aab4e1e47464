/**
 * What a worker needs to know to run its share of a job: plain data plus shared memory, which cross to worker threads as they
 * are. Each worker rebuilds the graph from the user's module, compares fingerprints, and makes the subtasks placed on it
 * (deploy.ts).
 */
import type { Clock } from '../base/clock.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import type { OutputGate } from '../channel/output-gate.ts';
import type { RingDescriptor } from '../channel/ring-channel.ts';
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { Bindings, LogicalGraph, NodeId } from '../graph/graph.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import type { MakePool } from '../operator/async/function-pool.ts';
import type { Operator, Output } from '../operator/operator.ts';
import type { DeadLetter, PlainData, SourceAssignment } from '../operator/source.ts';
import type { StoredState } from './restored-state.ts';
import type { SourceInput } from './source-input.ts';
import type { SplitToRead } from './split-state.ts';
import type { StateWatch } from './state-watch.ts';
import type { SnapshotListener } from './subtask-snapshot.ts';
import type { TaskInput } from './task.ts';

export type RuntimeSettings = {
  readonly bufferTimeoutMs: number;
  /** How long a step of a subtask may go on; 0 for one element a step. */
  readonly stepBudgetMs: number;
  /** Work that may wait in front of a subtask; Infinity for as much as there is room for. */
  readonly backlogMs: number;
  readonly watermarkIntervalMs: number;
  /** Key groups of steps that say nothing of theirs. */
  readonly maxParallelism: number;
  /** Of each node, by its id. */
  readonly keyGroups: readonly number[];
  /** Rows in a full batch of an exchange. */
  readonly batchRows: number;
  /** Batches that wait in a channel within a worker. */
  readonly localChannelBatches: number;
  readonly jobId: string;
  /** Names this attempt to run it. */
  readonly attemptId: string;
  /** How many have failed before it in this run. */
  readonly attempt: number;
  readonly isCheckpointed: boolean;
  /** Whether checkpoints may have of state what has changed alone. */
  readonly isIncremental: boolean;
  /** Whether channels wait for each other at a barrier. */
  readonly isAligned: boolean;
  /** Whether checkpoints, other than savepoints, do not wait for what is on its way (channel/in-flight.ts). */
  readonly isUnaligned: boolean;
  readonly isBatch: boolean;
};

/** Splits of each stage of each source node, in the order in which they are read. */
export type SourceSplits = readonly {
  readonly node: NodeId;
  readonly assignment: SourceAssignment;
  readonly splits: readonly SplitToRead[];
}[];

export type DeploymentOptions = {
  readonly graph: LogicalGraph;
  readonly bindings: Bindings;
  readonly execution: ExecutionGraph;
  readonly worker: number;
  readonly settings: RuntimeSettings;
  readonly splits: SourceSplits;
  /** Rings by channel id, for the channels that cross threads. */
  readonly rings: ReadonlyMap<number, RingDescriptor>;
  readonly counters: SharedCounters;
  readonly clock: Clock;
  /** Makes those of a subtask, by the outputs of its chain. */
  readonly slices: (gates: readonly OutputGate[]) => BatchSlices;
  /** Runs this worker's subtasks again. */
  readonly wake: () => void;
  /** State of a node in the snapshot that the job starts from. */
  readonly restored: (node: NodeId) => readonly StoredState[];
  /** Refuses the snapshot where it has other states of a node than those that were taken; left out where that is no matter. */
  readonly checkTaken?: (node: NodeId, taken: ReadonlySet<string>) => void;
  readonly events: TaskEvents;
  /** Threads beside the workers, for functions of a node; when left out, they run on the worker itself. */
  readonly pools?: (node: NodeId) => MakePool;
  /** Is told what there is to look at; left out where nobody can ask. */
  readonly looks?: ThreadLooks;
  /** Counts what operators keep; left out where nobody reads it. */
  readonly states?: StateWatch;
  /** Makes the input of a source node instead of reading splits: for tests that feed elements by hand. */
  readonly manualInput?: (node: NodeId, output: Output) => TaskInput;
};

/** What the subtasks of a thread have to tell. */
export interface TaskEvents extends SnapshotListener {
  /** What a sink has prepared for a checkpoint; for AT_END, at the end of its input. */
  onCommittables(
    subtask: number,
    checkpoint: number,
    node: NodeId,
    committables: readonly PlainData[],
  ): void;
  /** A counter or gauge that a function of the user has made; `slot`: counter slot of the operator. */
  onMetric(slot: number, cell: MetricCell): void;
  /** One of the first malformed records that are skipped. */
  onSkipped(record: DeadLetter): void;
  /** A split has been read to its end, of a source that finds more. */
  onSplitRead(source: NodeId, split: string): void;
}

/** What others may look at in a thread, or tell it. */
export interface ThreadLooks {
  addOperator(node: NodeId, subtask: number, operator: Operator): void;
  addGate(exchange: number, gate: OutputGate): void;
  /** A subtask of a source that is told of splits while it runs. */
  addSource(source: NodeId, input: Pick<SourceInput, 'onFound'>): void;
}

/** Counter slot of an operator of a subtask: the same in every thread. */
export function operatorSlots(execution: ExecutionGraph): ReadonlyMap<string, number> {
  const slots = new Map<string, number>();
  for (const subtask of execution.subtasks) {
    for (const operator of execution.tasks[subtask.task]!.operators) {
      slots.set(slotKey(subtask.id, operator.id), slots.size);
    }
  }
  return slots;
}

/** Counter slots of the exchanges: the first of each, and behind the last. Those of its producers follow by their index. */
export function outputSlots({ exchanges, tasks }: ExecutionGraph): readonly number[] {
  const firsts = [0];
  for (const { fromTask } of exchanges) {
    firsts.push(firsts.at(-1)! + tasks[fromTask]!.parallelism);
  }
  return firsts;
}

export function slotKey(subtask: number, operator: number): string {
  return `${subtask}/${operator}`;
}
