/** What the counters in shared memory say of a running job: of its operators, and of how far its sources are. */
import type { ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph } from '../graph/graph.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import { type MetricCell, readMetrics } from '../metrics/user-metrics.ts';
import { operatorSlots, type SourceSplits, slotKey } from '../task/deployment.ts';
import type { JobStatus, OperatorResult } from './job.ts';

/** A subtask that reads a source, and the counter slot of the source in it. */
type SourceSubtask = {
  readonly subtask: number;
  readonly slot: number;
  readonly hasEventTime: boolean;
};

export type Progress = Pick<JobStatus, 'records' | 'watermark' | 'newestEventTime' | 'inputShare'>;

export class JobCounters {
  readonly #execution: ExecutionGraph;
  readonly #counters: SharedCounters;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #sources: readonly SourceSubtask[];
  /** Of functions of the user, by the slot of their operator. */
  readonly #metrics = new Map<number, MetricCell[]>();
  /** Of all splits together; 0 when it is not known. */
  readonly #weight: number;

  constructor(
    graph: LogicalGraph,
    execution: ExecutionGraph,
    splits: SourceSplits,
    counters: SharedCounters,
  ) {
    this.#execution = execution;
    this.#counters = counters;
    this.#slots = operatorSlots(execution);
    this.#sources = this.#sourceSubtasks(graph);
    this.#weight = splits
      .flatMap((source) => source.splits)
      .reduce((sum, { split }) => sum + split.weight, 0);
  }

  #sourceSubtasks(graph: LogicalGraph): SourceSubtask[] {
    const { subtasks, tasks } = this.#execution;
    return subtasks.flatMap((subtask) => {
      const head = tasks[subtask.task]!.operators[0]!;
      const spec = graph.nodes[head.nodes[0]!]!.operator;
      if (spec.type !== 'source') return [];
      const slot = this.#slots.get(slotKey(subtask.id, head.id))!;
      return [{ subtask: subtask.id, slot, hasEventTime: spec.eventTime !== null }];
    });
  }

  addMetric(slot: number, cell: MetricCell): void {
    this.#metrics.set(slot, [...(this.#metrics.get(slot) ?? []), cell]);
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
      newestEventTime: Number.isFinite(newest) && newest !== 0 ? newest : null,
      inputShare: this.#weight === 0 ? null : Math.min(1, weightRead / this.#weight),
    };
  }

  operators(): OperatorResult[] {
    return this.#execution.tasks.flatMap((task) =>
      task.operators.map((operator): OperatorResult => {
        const totals = { recordsIn: 0, recordsOut: 0, lateRecords: 0, skippedRecords: 0 };
        const cells: MetricCell[] = [];
        for (const subtask of this.#execution.subtasks) {
          if (subtask.task !== task.id) continue;
          const slot = this.#slots.get(slotKey(subtask.id, operator.id))!;
          const counts = this.#counters.operator(slot);
          totals.recordsIn += counts.recordsIn;
          totals.recordsOut += counts.recordsOut;
          totals.lateRecords += counts.lateRecords;
          totals.skippedRecords += counts.skippedRecords;
          cells.push(...(this.#metrics.get(slot) ?? []));
        }
        return {
          name: operator.name,
          parallelism: task.parallelism,
          ...totals,
          ...readMetrics(cells),
        };
      }),
    );
  }
}
