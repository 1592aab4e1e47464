/** One run of a piece of a dataflow under a harness, from its start or from a snapshot, until it is thrown away. */

import { must } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { shareLoopsByText } from '../base/generated-code.ts';
import {
  BATCH_ROWS,
  DEFAULT_WATERMARK_INTERVAL_MS,
  LOCAL_CHANNEL_BATCHES,
} from '../base/limits.ts';
import { Random } from '../base/random.ts';
import { WHOLE_BATCHES } from '../channel/batch-slices.ts';
import { CALLER, type ExecutionGraph, executionGraph } from '../graph/execution-graph.ts';
import type { Bindings, LogicalGraph, NodeId } from '../graph/graph.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import { type MetricValues, readMetrics } from '../metrics/read-metrics.ts';
import { type CheckpointEnd, SharedCounters } from '../metrics/shared-counters.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import { deploy } from '../task/deploy.ts';
import { operatorSlots, outputSlots } from '../task/deployment.ts';
import { Scheduler } from '../task/scheduler.ts';
import type { Subtask } from '../task/subtask.ts';
import { type InputElement, ManualInput } from './manual-input.ts';
import { MemorySnapshots, type StatesOfNodes, type SubtaskPlace } from './memory-snapshot.ts';

export type DataflowRunOptions = {
  readonly graph: LogicalGraph;
  readonly bindings: Bindings;
  /** Name of each input, by the number of its node. */
  readonly inputNames: readonly string[];
  readonly clock: Clock;
  readonly batchSize: number | 'all';
  /** Whether outputs take only so much at a time. */
  readonly isSlow: boolean;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly isBatch: boolean;
  readonly seed: number | null;
  /** Whether snapshots hold what has changed since the one before. */
  readonly isIncremental: boolean;
  readonly restored: StatesOfNodes;
};

export class DataflowRun {
  readonly #execution: ExecutionGraph;
  readonly #subtasks: readonly Subtask[];
  readonly #scheduler: Scheduler;
  readonly #counters: SharedCounters;
  readonly #operatorSlots: number;
  readonly #snapshots = new MemorySnapshots();
  /** The end of each input that elements are put into. */
  readonly #sources = new Map<NodeId, ManualInput>();
  readonly #clock: Clock;
  readonly #metricCells: MetricCell[] = [];
  #checkpoint = 0;
  /** The last snapshot that got through, for deltas. */
  #base: { readonly checkpoint: number; readonly states: StatesOfNodes } | null = null;
  readonly #isIncremental: boolean;

  constructor(options: DataflowRunOptions) {
    shareLoopsByText();
    this.#isIncremental = options.isIncremental;
    const { graph, parallelism, maxParallelism, batchSize, clock, restored, seed } = options;
    this.#clock = clock;
    this.#execution = executionGraph(graph, { threads: 0, parallelism });
    this.#operatorSlots = operatorSlots(this.#execution).size;
    this.#counters = new SharedCounters({
      workers: 0,
      operatorSlots: this.#operatorSlots,
      subtasks: this.#execution.subtasks.length,
      outputs: outputSlots(this.#execution).at(-1)!,
      stages: 0,
    });
    this.#subtasks = deploy({
      graph,
      bindings: options.bindings,
      execution: this.#execution,
      worker: CALLER,
      settings: {
        bufferTimeoutMs: 0,
        stepBudgetMs: 0,
        backlogMs: Infinity,
        watermarkIntervalMs: DEFAULT_WATERMARK_INTERVAL_MS,
        maxParallelism,
        keyGroups: graph.nodes.map((node) => node.maxParallelism ?? maxParallelism),
        batchRows: batchSize === 'all' ? BATCH_ROWS : batchSize,
        localChannelBatches: options.isSlow ? 1 : LOCAL_CHANNEL_BATCHES,
        jobId: 'harness',
        attemptId: '0',
        attempt: 0,
        isCheckpointed: true,
        isIncremental: options.isIncremental,
        isAligned: true,
        isUnaligned: false,
        isBatch: options.isBatch,
      },
      splits: [],
      rings: new Map(),
      counters: this.#counters,
      clock,
      slices: () => WHOLE_BATCHES,
      wake: () => {},
      restored: (node) => restored.get(node) ?? [],
      events: {
        onBlock: (subtask, checkpoint, block) =>
          this.#snapshots.onBlock(subtask, checkpoint, block),
        onDone: (subtask, checkpoint) => this.#snapshots.onDone(subtask, checkpoint),
        onCommittables() {},
        onMetric: (_, cell) => void this.#metricCells.push(cell),
        onSkipped() {},
        onSplitRead() {},
      },
      manualInput: (node, output) => {
        const source = new ManualInput(options.inputNames[node]!, output);
        this.#sources.set(node, source);
        return source;
      },
    });
    const random = new Random(seed ?? 0);
    this.#scheduler = new Scheduler({
      subtasks: this.#subtasks,
      clock,
      ...(seed === null ? {} : { choose: (count: number) => random.below(count) }),
    });
    for (const subtask of this.#subtasks) subtask.open();
    for (const subtask of this.#subtasks) subtask.begin();
  }

  /** One round of steps; true when anything moved. */
  round(): boolean {
    return this.#scheduler.round() || this.#scheduler.flush();
  }

  source(input: number): ManualInput {
    return must(this.#sources.get(input), 'the source of an input');
  }

  add(input: number, element: InputElement): void {
    this.source(input).add(element);
  }

  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    this.#counters.checkpointEnded(checkpoint, end);
  }

  /** Sends the barrier of a snapshot into every input that goes on; of a whole one, whatever there was before. */
  beginSnapshot(isWhole = false): void {
    const base = isWhole ? 0 : (this.#base?.checkpoint ?? 0);
    this.#checkpoint++;
    this.#counters.requestCheckpoint(this.#checkpoint, 'aligned', base);
    for (const source of this.#sources.values()) {
      if (source.isOpen) source.add({ barrier: this.#checkpoint });
    }
  }

  /** The states of all nodes, once the run has come to rest behind the barrier. */
  snapshot(): StatesOfNodes {
    const { subtasks, tasks } = this.#execution;
    if (!this.#snapshots.isComplete(this.#checkpoint, subtasks.length)) {
      throw new Error('the snapshot did not get through');
    }
    const placeOf = (subtask: number): SubtaskPlace => {
      const { index, task } = subtasks[subtask]!;
      return { index, parallelism: tasks[task]!.parallelism };
    };
    const checkpoint = this.#checkpoint;
    const states = this.#snapshots.statesOf(checkpoint, placeOf, this.#base?.states ?? new Map());
    if (this.#isIncremental) this.#base = { checkpoint, states };
    return states;
  }

  metrics(): OperatorMetrics {
    const total = {
      recordsIn: 0,
      recordsOut: 0,
      lateRecords: 0,
      skippedRecords: 0,
      bytesRead: 0,
      bytesWritten: 0,
    };
    for (let slot = 0; slot < this.#operatorSlots; slot++) {
      addCounts(total, this.#counters.operator(slot));
    }
    return total;
  }

  /** The metrics that functions of the user have made. */
  userMetrics(): MetricValues {
    return readMetrics(this.#metricCells, this.#clock.now());
  }

  close(): void {
    this.#scheduler.close();
  }
}

export function addCounts(total: OperatorMetrics, counts: OperatorMetrics): void {
  total.recordsIn += counts.recordsIn;
  total.recordsOut += counts.recordsOut;
  total.lateRecords += counts.lateRecords;
  total.skippedRecords += counts.skippedRecords;
  total.bytesRead += counts.bytesRead;
  total.bytesWritten += counts.bytesWritten;
}
