/** What harnesses have in common, however many inputs they have: the clock, and what comes out. */
import { aSideOutput, type SideOutput } from '../api/side-output.ts';
import {
  aNumber,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import type { MetricValues } from '../metrics/read-metrics.ts';
import type { Dataflow, DataflowOptions } from './dataflow.ts';
import type { Element } from './elements.ts';

/** What the options of all harnesses have to be. */
export const DATAFLOW_OPTIONS: OptionRules<DataflowOptions> = {
  batchSize: (what, value) => value === 'all' || wholeNumber(1)(what, value),
  outputCapacity: (what, value) => value === Infinity || wholeNumber(1)(what, value),
  parallelism: wholeNumber(1),
  maxParallelism: wholeNumber(1),
  seed: aNumber,
  batch: choice(true, false),
  restartEach: (what, value) => {
    if (!Array.isArray(value) || value.length === 0)
      throw wrong(what, 'is a list of numbers of subtasks', value);
    for (const parallelism of value) wholeNumber(1)(what, parallelism);
  },
  snapshotsBetween: wholeNumber(0),
};

type RestartOptions = {
  readonly parallelism?: number;
};

const aCheckpoint = wholeNumber(1);

const RESTART_OPTIONS: OptionRules<RestartOptions> = { parallelism: wholeNumber(1) };

export class HarnessBase<Out> {
  readonly #dataflow: Dataflow<Out>;

  constructor(dataflow: Dataflow<Out>) {
    this.#dataflow = dataflow;
  }

  /** Moves the clock to `time` (ms), and lets everything that is due run. */
  processingTime(time: number): void {
    this.#dataflow.processingTime(time);
  }

  /** Lets promises that are settled bring their results, and all that follows from them; clocks stand still meanwhile. */
  async settle(): Promise<void> {
    await this.#dataflow.settle();
  }

  /** The elements that came out since the last `take`, in order: of the stream, or of a side output. */
  take(): Element<Out>[];
  take<Side>(side: SideOutput<Side>): Element<Side>[];
  take(side?: SideOutput<unknown>): Element<unknown>[] {
    if (side === undefined) return this.#dataflow.take();
    aSideOutput('take', side);
    return this.#dataflow.takeSide(side.name);
  }

  /** The rows of the elements that came out since the last `take`. */
  takeRecords(): Out[] {
    return this.take().flatMap((element) => ('record' in element ? [element.record] : []));
  }

  /**
   * Takes a snapshot, throws everything away, and goes on from the snapshot, with so many subtasks when they are given:
   *
   *   await h.restart({ parallelism: 2 });
   */
  async restart(options: RestartOptions = {}): Promise<void> {
    checkOptions('restart', options, RESTART_OPTIONS);
    this.#dataflow.restart(options.parallelism);
  }

  /** Tells process functions that listen that a checkpoint is complete; numbers rise: `h.checkpointComplete(1)`. */
  checkpointComplete(checkpoint: number): void {
    aCheckpoint('checkpointComplete', checkpoint);
    this.#dataflow.checkpointEnded(checkpoint, 'completed');
  }

  /** The same of one that has been given up: `h.checkpointAborted(2)`. */
  checkpointAborted(checkpoint: number): void {
    aCheckpoint('checkpointAborted', checkpoint);
    this.#dataflow.checkpointEnded(checkpoint, 'aborted');
  }

  /** What all operators have counted together. */
  metrics(): OperatorMetrics {
    return this.#dataflow.metrics();
  }

  /** Metrics that functions have made by `ctx.metrics` since the last restart. */
  userMetrics(): MetricValues {
    return this.#dataflow.userMetrics();
  }
}
