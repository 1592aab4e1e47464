/** What the numbers in shared memory say of a running job: of its operators, subtasks, threads, and of how far it is. */
import { systemClock } from '../base/clock.ts';
import {
  CALLER,
  type ChainedOperator,
  type ExecutionGraph,
  type Subtask,
  type Task,
} from '../graph/execution-graph.ts';
import type { LogicalGraph } from '../graph/graph.ts';
import { maxParallelismOf } from '../graph/parallelism.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import { readMetrics } from '../metrics/read-metrics.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import { readStateCounts, type StateCell } from '../metrics/state-numbers.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import {
  operatorSlots,
  type RuntimeSettings,
  type SourceSplits,
  slotKey,
} from '../task/deployment.ts';
import type { JobStatus, OperatorResult } from './job.ts';
import type { StateMetrics, SubtaskMetrics, TaskMetrics, ThreadMetrics } from './job-metrics.ts';

/** A subtask that reads a source, and the counter slot of the source in it. */
type SourceSubtask = {
  readonly task: number;
  readonly subtask: number;
  readonly slot: number;
  readonly hasEventTime: boolean;
};

type ParallelismBounds = Pick<RuntimeSettings, 'maxParallelism' | 'keyGroups'>;

export type Progress = Pick<JobStatus, 'records' | 'watermark' | 'newestEventTime' | 'inputShare'>;

export class JobCounters {
  readonly #graph: LogicalGraph;
  readonly #execution: ExecutionGraph;
  readonly #counters: SharedCounters;
  /** The caller first. */
  readonly #workers: readonly number[];
  readonly #bounds: ParallelismBounds;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #sources: readonly SourceSubtask[];
  readonly #sinks: ReadonlySet<ChainedOperator>;
  /** Operators whose records leave their task, or end in it. */
  readonly #ends: ReadonlySet<ChainedOperator>;
  /** Of functions of the user, by the slot of their operator. */
  readonly #metrics = new Map<number, MetricCell[]>();
  /** By the slot of their operator. */
  readonly #states = new Map<number, StateCell[]>();
  /** Of all splits together; 0 when it is not known. */
  readonly #weight: number;

  constructor(
    graph: LogicalGraph,
    execution: ExecutionGraph,
    splits: SourceSplits,
    counters: SharedCounters,
    workers: readonly number[],
    bounds: ParallelismBounds,
  ) {
    this.#graph = graph;
    this.#execution = execution;
    this.#counters = counters;
    this.#workers = workers;
    this.#bounds = bounds;
    this.#slots = operatorSlots(execution);
    this.#sources = this.#sourceSubtasks();
    this.#sinks = new Set(execution.tasks.flatMap(({ operators }) => sinksOf(operators, graph)));
    this.#ends = new Set(execution.tasks.flatMap(({ operators }) => endsOf(operators, execution)));
    this.#weight = splits
      .flatMap((source) => source.splits)
      .reduce((sum, { split }) => sum + split.weight, 0);
  }

  #sourceSubtasks(): SourceSubtask[] {
    const { nodes } = this.#graph;
    const { subtasks, tasks } = this.#execution;
    return subtasks.flatMap((subtask) => {
      const head = tasks[subtask.task]!.operators[0]!;
      const spec = nodes[head.nodes[0]!]!.operator;
      if (spec.type !== 'source') return [];
      const slot = this.#slots.get(slotKey(subtask.id, head.id))!;
      return [
        { task: subtask.task, subtask: subtask.id, slot, hasEventTime: spec.eventTime !== null },
      ];
    });
  }

  addMetric(slot: number, cell: MetricCell): void {
    this.#metrics.set(slot, [...(this.#metrics.get(slot) ?? []), cell]);
  }

  addState(slot: number, cell: StateCell): void {
    this.#states.set(slot, [...(this.#states.get(slot) ?? []), cell]);
  }

  progress(): Progress {
    const counters = this.#counters;
    let records = 0;
    let weightRead = 0;
    let watermark: number | null = null;
    let newest = -Infinity;
    for (const { subtask, slot, hasEventTime } of this.#sources) {
      const source = counters.subtask(subtask);
      records += counters.operator(slot).recordsOut;
      weightRead += source.weightRead;
      if (!hasEventTime) continue;
      watermark = Math.min(watermark ?? Infinity, source.watermark);
      newest = Math.max(newest, source.newestEventTime);
    }
    return {
      records,
      watermark,
      newestEventTime: Number.isFinite(newest) ? newest : null,
      inputShare: this.#weight === 0 ? null : Math.min(1, weightRead / this.#weight),
    };
  }

  operators(): OperatorResult[] {
    return this.#execution.tasks.flatMap((task) =>
      task.operators.map((operator) => this.#operator(task, operator)),
    );
  }

  #operator(task: Task, operator: ChainedOperator): OperatorResult {
    const slots = this.#subtasksOf(task).map(({ id }) => this.#slot(id, operator));
    return {
      uid: this.#uidOf(operator),
      name: operator.name,
      parallelism: task.parallelism,
      ...total(slots.map((slot) => this.#counters.operator(slot))),
      ...readMetrics(
        slots.flatMap((slot) => this.#metrics.get(slot) ?? []),
        systemClock.now(),
      ),
    };
  }

  #uidOf({ nodes }: ChainedOperator): string {
    return this.#graph.nodes[nodes.at(-1)!]!.uid;
  }

  #subtasksOf(task: Task): readonly Subtask[] {
    return this.#execution.subtasks.filter((subtask) => subtask.task === task.id);
  }

  #slot(subtask: number, operator: ChainedOperator): number {
    return this.#slots.get(slotKey(subtask, operator.id))!;
  }

  tasks(): TaskMetrics[] {
    const { newestEventTime } = this.progress();
    return this.#execution.tasks.map((task) => ({
      id: task.id,
      name: task.name,
      description: task.description,
      parallelism: task.parallelism,
      maxParallelism: this.#maxParallelismOf(task),
      isSource: this.#sources.some(({ task: id }) => id === task.id),
      recordsWritten: this.#recordsWritten(task),
      operators: task.operators.map((operator) => this.#operator(task, operator)),
      subtasks: this.#subtasksOf(task).map((plan) => this.#subtask(task, plan, newestEventTime)),
    }));
  }

  #maxParallelismOf({ operators }: Task): number {
    const { maxParallelism, keyGroups } = this.#bounds;
    const nodes = operators.flatMap((operator) => operator.nodes.map((n) => this.#graph.nodes[n]!));
    return maxParallelismOf(nodes, keyGroups, maxParallelism);
  }

  #recordsWritten(task: Task): number {
    const sinks = task.operators.filter((operator) => this.#sinks.has(operator));
    const slots = this.#subtasksOf(task).flatMap(({ id }) =>
      sinks.map((sink) => this.#slot(id, sink)),
    );
    return total(slots.map((slot) => this.#counters.operator(slot))).recordsIn;
  }

  #subtask(task: Task, { id, index, worker }: Subtask, newest: number | null): SubtaskMetrics {
    const numbers = this.#counters.subtask(id);
    const { elapsedMs } = this.#counters.thread(worker);
    const { busyMs, heldUpMs, endedMs } = numbers;
    const countsOf = (operator: ChainedOperator): OperatorMetrics =>
      this.#counters.operator(this.#slot(id, operator));
    const ends = task.operators.filter((operator) => this.#ends.has(operator));
    const { lateRecords, skippedRecords } = total(task.operators.map(countsOf));
    const watermark = numbers.watermark === -Infinity ? null : numbers.watermark;
    return {
      index,
      worker: worker === CALLER ? 'caller' : worker,
      state: endedMs > 0 ? 'finished' : elapsedMs > 0 ? 'running' : 'starting',
      recordsIn: countsOf(task.operators[0]!).recordsIn,
      recordsOut: total(ends.map(countsOf)).recordsOut,
      lateRecords,
      skippedRecords,
      watermark,
      watermarkLagMs: lagOf(watermark, newest),
      busyMs,
      backPressuredMs: heldUpMs,
      idleMs: Math.max(0, (endedMs > 0 ? endedMs : elapsedMs) - busyMs - heldUpMs),
      states: task.operators.flatMap((operator) => this.#statesOf(id, operator)),
    };
  }

  #statesOf(subtask: number, operator: ChainedOperator): StateMetrics[] {
    const cells = this.#states.get(this.#slot(subtask, operator)) ?? [];
    const uid = this.#uidOf(operator);
    return cells.map((cell) => {
      const { name, kind } = cell;
      return { uid, operator: operator.name, name, kind, ...readStateCounts(cell) };
    });
  }

  /** The calling thread first. */
  threads(): ThreadMetrics[] {
    return this.#workers.map((worker) => {
      // Read before the time that the thread has been there, which goes on meanwhile.
      const busyMs = this.#execution.subtasks
        .filter((subtask) => subtask.worker === worker)
        .reduce((sum, { id }) => sum + this.#counters.subtask(id).busyMs, 0);
      const { elapsedMs, gcMs, heapUsedBytes, heapLimitBytes } = this.#counters.thread(worker);
      const name = worker === CALLER ? 'caller' : worker;
      return { worker: name, busyMs, gcMs, elapsedMs, heapUsedBytes, heapLimitBytes };
    });
  }
}

function sinksOf(
  operators: readonly ChainedOperator[],
  { nodes }: LogicalGraph,
): ChainedOperator[] {
  return operators.filter((operator) =>
    operator.nodes.some((node) => ['sink', 'collect'].includes(nodes[node]!.operator.type)),
  );
}

function endsOf(
  operators: readonly ChainedOperator[],
  { exchanges }: ExecutionGraph,
): ChainedOperator[] {
  return operators.filter(
    ({ id, nodes }) =>
      !operators.some(({ input }) => input === id) ||
      exchanges.some(({ fromNode, side }) => side === null && nodes.includes(fromNode)),
  );
}

function total(counts: readonly OperatorMetrics[]): OperatorMetrics {
  const totals = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  for (const one of counts) {
    totals.recordsIn += one.recordsIn;
    totals.recordsOut += one.recordsOut;
    totals.lateRecords += one.lateRecords;
    totals.skippedRecords += one.skippedRecords;
    totals.bytesRead += one.bytesRead;
    totals.bytesWritten += one.bytesWritten;
  }
  return totals;
}

/** At the end of its input a subtask is behind nothing. */
function lagOf(watermark: number | null, newest: number | null): number | null {
  return watermark === null || newest === null ? null : Math.max(0, newest - watermark);
}
