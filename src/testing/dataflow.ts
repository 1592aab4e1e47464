/**
 * The common core of the harnesses: a piece of a dataflow with any number of inputs, run in the calling thread under a
 * clock that the test moves. Records go through the real operators, batches, channels and scheduler.
 *
 * Elements reach the dataflow in the order in which they are given, whichever input they are for: records wait only
 * until a batch is full, or until something comes that is no record of the same input.
 */
import { GraphBuilder } from '../api/graph-builder.ts';
import { type RowStream, Stream } from '../api/stream.ts';
import { must } from '../base/assert.ts';
import { VirtualClock } from '../base/clock.ts';
import {
  BATCH_ROWS,
  DEFAULT_WATERMARK_INTERVAL_MS,
  LOCAL_CHANNEL_BATCHES,
} from '../base/limits.ts';
import { Random } from '../base/random.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import type { Schema } from '../data/schema.ts';
import { CALLER, executionGraph } from '../graph/execution-graph.ts';
import type { NodeId } from '../graph/graph.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import { SharedCounters } from '../metrics/shared-counters.ts';
import { deploy, operatorSlots } from '../task/deployment.ts';
import { Scheduler } from '../task/scheduler.ts';
import type { Element } from './elements.ts';
import { type InputElement, ManualInput } from './manual-input.ts';
import { Recorder } from './recorder.ts';

/** How a piece of a dataflow is run. */
export type DataflowOptions = {
  /** Rows to a batch: 1, 7, or 'all' that come between two elements of another kind or input (default). */
  readonly batchSize?: number | 'all';
  /** Elements that the output takes before it holds its producer back; no limit when left out. */
  readonly outputCapacity?: number;
  /** Subtasks of each operator; 1 when left out. */
  readonly parallelism?: number;
  /** Order in which subtasks take their steps: by turns when left out, else by chance. */
  readonly seed?: number;
};

/** An input: its name in messages, and the schema of its rows, null for free-form rows. */
export type DataflowInput = { readonly name: string; readonly schema: Schema | null };

/** The steps under test, from the streams of the inputs, in order, to their result. */
export type BuildDataflow<Out> = (streams: readonly Stream<never>[]) => RowStream<Out>;

/** Rounds in a row without progress, under random order, until nothing more is expected. */
const QUIET_ROUNDS = 30;
const ROUNDS_MAX = 1_000_000;

type Pending = { readonly record: unknown; readonly timestamp: number };

export class Dataflow<Out> {
  readonly #clock = new VirtualClock(0);
  readonly #recorder: Recorder<Out>;
  /** Of side outputs, by name. */
  readonly #sides = new Map<string, Recorder<unknown>>();
  readonly #scheduler: Scheduler;
  readonly #counters: SharedCounters;
  readonly #operatorSlots: number;
  readonly #inputs: readonly DataflowInput[];
  readonly #batchSize: number;
  readonly #isRandom: boolean;
  /** The end of each input that elements are put into. */
  readonly #sources = new Map<NodeId, ManualInput>();
  /** Records that have not become a batch yet, all of one input. */
  #pending: Pending[] = [];
  #pendingInput = 0;

  constructor(
    inputs: readonly DataflowInput[],
    build: BuildDataflow<Out>,
    options: DataflowOptions,
  ) {
    const { batchSize = 'all', parallelism = 1, outputCapacity = Infinity } = options;
    this.#inputs = inputs;
    this.#batchSize = batchSize === 'all' ? BATCH_ROWS : batchSize;
    this.#isRandom = options.seed !== undefined;
    this.#recorder = new Recorder<Out>(outputCapacity);

    const { graph, bindings } = this.#graph(build, outputCapacity);
    const execution = executionGraph(graph, { threads: 0, parallelism });
    this.#operatorSlots = operatorSlots(execution).size;
    this.#counters = new SharedCounters({
      workers: 0,
      operatorSlots: this.#operatorSlots,
      subtasks: execution.subtasks.length,
      sources: inputs.length,
    });
    const isSlow = outputCapacity !== Infinity;
    const subtasks = deploy({
      graph,
      bindings,
      execution,
      worker: CALLER,
      settings: {
        bufferTimeoutMs: 0,
        stepBudgetMs: 0,
        watermarkIntervalMs: DEFAULT_WATERMARK_INTERVAL_MS,
        maxParallelism: defaultMaxParallelism(parallelism),
        batchRows: this.#batchSize,
        localChannelBatches: isSlow ? 1 : LOCAL_CHANNEL_BATCHES,
        runId: 'harness',
      },
      splits: [],
      rings: new Map(),
      counters: this.#counters,
      clock: this.#clock,
      wake: () => {},
      onCommittables: () => {},
      onSkipped: () => {},
      manualInput: (node, output) => {
        const source = new ManualInput(inputs[node]!.name, output);
        this.#sources.set(node, source);
        return source;
      },
    });
    const random = new Random(options.seed ?? 0);
    this.#scheduler = new Scheduler({
      subtasks,
      clock: this.#clock,
      ...(this.#isRandom ? { choose: (count: number) => random.below(count) } : {}),
    });
    for (const subtask of subtasks) subtask.open();
  }

  /** Sources come first, so that the number of an input is that of its node. */
  #graph(build: BuildDataflow<Out>, outputCapacity: number) {
    const builder = new GraphBuilder('harness');
    const streams = this.#inputs.map((input) => addInput(builder, input));
    const collected = build(streams).collectAs('output');
    const recorders = new Map<NodeId, Recorder<never>>([[collected, this.#recorder as never]]);
    for (const { node, side } of builder.unreadSides()) {
      const recorder = this.#sides.get(side) ?? new Recorder<unknown>(outputCapacity);
      this.#sides.set(side, recorder);
      const stream = new Stream<unknown>(builder, builder.addSide(node, side), null);
      recorders.set(stream.collectAs(`output ${side}`), recorder as never);
    }
    const { graph, bindings } = builder.finish();
    return {
      graph,
      bindings: bindings.map((binding, id) => {
        const recorder = recorders.get(id);
        return recorder === undefined ? binding : { ...binding, sink: recorder };
      }),
    };
  }

  push(input: number, record: unknown, timestamp: number): void {
    if (input !== this.#pendingInput) this.#sendPending();
    this.#source(input).checkOpen();
    this.#pendingInput = input;
    this.#pending.push({ record, timestamp });
    if (this.#pending.length >= this.#batchSize) this.#sendPending();
  }

  /** Anything but records. */
  add(input: number, element: Exclude<InputElement, { readonly batch: unknown }>): void {
    this.#sendPending();
    this.#source(input).add(element);
    this.#run();
  }

  hasEnded(input: number): boolean {
    return !this.#source(input).isOpen;
  }

  processingTime(time: number): void {
    this.#sendPending();
    this.#run();
    this.#clock.advanceTo(time);
    this.#run();
  }

  take(): Element<Out>[] {
    this.#sendPending();
    this.#run();
    return this.#recorder.take();
  }

  takeSide(side: string): Element<unknown>[] {
    this.#sendPending();
    this.#run();
    return must(this.#sides.get(side), `side output '${side}'`).take();
  }

  metrics(): OperatorMetrics {
    const total = { recordsIn: 0, recordsOut: 0, lateRecords: 0, skippedRecords: 0 };
    for (let slot = 0; slot < this.#operatorSlots; slot++) {
      const counts = this.#counters.operator(slot);
      total.recordsIn += counts.recordsIn;
      total.recordsOut += counts.recordsOut;
      total.lateRecords += counts.lateRecords;
      total.skippedRecords += counts.skippedRecords;
    }
    return total;
  }

  #source(input: number): ManualInput {
    return must(this.#sources.get(input), 'the source of an input');
  }

  #sendPending(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const input = this.#pendingInput;
    const builder = new BatchBuilder(this.#inputs[input]!.schema, pending.length);
    for (const { record, timestamp } of pending) builder.appendRow(record, timestamp);
    this.#source(input).add({ batch: builder.seal() });
    this.#run();
  }

  /** Steps until nothing moves any more; a full output is emptied only when everything waits for it. */
  #run(): void {
    let quiet = 0;
    const enough = this.#isRandom ? QUIET_ROUNDS : 1;
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
      const moved = this.#scheduler.round() || this.#scheduler.flush();
      quiet = moved ? 0 : quiet + 1;
      if (quiet < enough) continue;
      const full = [this.#recorder, ...this.#sides.values()].filter(({ isFull }) => isFull);
      if (full.length === 0) return;
      for (const recorder of full) recorder.makeRoom();
      quiet = 0;
    }
    throw new Error('the dataflow does not come to rest');
  }
}

function addInput(builder: GraphBuilder, { name, schema }: DataflowInput): Stream<never> {
  const node = builder.add({
    name,
    operator: {
      type: 'source',
      descriptor: null,
      // Records come with their event time: an eventTime step that follows is an operator of its own.
      eventTime: {
        timestamp: { kind: 'function' },
        watermark: { kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs: null },
      },
      rate: null,
      isCallers: false,
      hasDeadLetters: false,
    },
    inputs: [],
    schema,
  });
  builder.configure(node, { parallelism: 1 });
  return new Stream<never>(builder, node, schema as Schema<never> | null);
}
