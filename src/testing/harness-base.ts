/**
 * What harnesses of one and of two inputs have in common: elements in by hand, elements out in order. Records go through
 * the real operators, batches, channels and scheduler, in the calling thread, under a clock that the test moves.
 *
 * Elements reach the dataflow in the order in which the test gives them, over all inputs.
 */
import { GraphBuilder } from '../api/graph-builder.ts';
import type { SideOutput } from '../api/side-output.ts';
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

export type Settings = {
  /** Rows to a batch: 1, 7, or 'all' that come between two control elements (default). */
  readonly batchSize?: number | 'all';
  /** Elements that the output takes before it holds its producer back; no limit when left out. */
  readonly outputCapacity?: number;
  /** Subtasks of each operator; 1 when left out. */
  readonly parallelism?: number;
  /** Order in which subtasks take their steps: by turns when left out, else by chance. */
  readonly seed?: number;
};

/** Adds the steps under test to the streams of the inputs, whose types the harness knows. */
export type Build<Out> = (inputs: readonly unknown[]) => RowStream<Out>;

/** Rounds in a row without progress, under random order, until nothing more is expected. */
const QUIET_ROUNDS = 30;
const ROUNDS_MAX = 1_000_000;

export class HarnessBase<Out> {
  readonly #clock = new VirtualClock(0);
  readonly #recorder: Recorder<Out>;
  /** Of side outputs, by name. */
  readonly #sides = new Map<string, Recorder<unknown>>();
  readonly #scheduler: Scheduler;
  readonly #counters: SharedCounters;
  readonly #operatorSlots: number;
  readonly #schemas: readonly (Schema | null)[];
  readonly #batchSize: number;
  readonly #isRandom: boolean;
  readonly #inputs: ManualInput[] = [];
  /** Records that wait for their batch, all of one input. */
  #pending: { readonly record: unknown; readonly timestamp: number }[] = [];
  #pendingInput = 0;

  /** An input for each schema, null for free-form rows. */
  constructor(schemas: readonly (Schema | null)[], build: Build<Out>, options: Settings) {
    const { batchSize = 'all', parallelism = 1, outputCapacity = Infinity } = options;
    this.#schemas = schemas;
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
      sources: schemas.length,
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
      // The inputs are the first nodes.
      manualInput: (output, node) => {
        const input = new ManualInput(output);
        this.#inputs[node] = input;
        return input;
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

  #graph(build: Build<Out>, outputCapacity: number) {
    const builder = new GraphBuilder('harness');
    const inputs = this.#schemas.map((schema, n) => {
      const node = builder.add({
        name: this.#schemas.length === 1 ? 'input' : `input ${n + 1}`,
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
      return new Stream<unknown>(builder, node, schema);
    });
    const collected = build(inputs).collectAs('output');
    const recorders = new Map<NodeId, Recorder<never>>([[collected, this.#recorder as never]]);
    for (const { node: of, side } of builder.unreadSides()) {
      const recorder = this.#sides.get(side) ?? new Recorder<unknown>(outputCapacity);
      this.#sides.set(side, recorder);
      const stream = new Stream<unknown>(builder, builder.addSide(of, side), null);
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

  protected pushTo(input: number, record: unknown, timestamp: number): void {
    if (input !== this.#pendingInput) this.#sendPending();
    this.#pendingInput = input;
    this.#pending.push({ record, timestamp });
    if (this.#pending.length >= this.#batchSize) this.#sendPending();
  }

  protected addTo(input: number, element: InputElement): void {
    this.#sendPending();
    must(this.#inputs[input], 'the input of the harness').add(element);
    this.#run();
  }

  /** Moves the clock to `time` (ms), and lets everything that is due run. */
  processingTime(time: number): void {
    this.#sendPending();
    this.#run();
    this.#clock.advanceTo(time);
    this.#run();
  }

  /** The elements that came out since the last `take`, in order: of the stream, or of a side output. */
  take(): Element<Out>[];
  take<Side>(side: SideOutput<Side>): Element<Side>[];
  take(side?: SideOutput<unknown>): Element<unknown>[] {
    this.#sendPending();
    this.#run();
    if (side === undefined) return this.#recorder.take();
    return must(this.#sides.get(side.name), `side output '${side.name}'`).take();
  }

  /** The rows of the elements that came out since the last `take`. */
  takeRecords(): Out[] {
    return this.take().flatMap((element) => ('record' in element ? [element.record] : []));
  }

  /** What all operators have counted together. */
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

  #sendPending(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const builder = new BatchBuilder(this.#schemas[this.#pendingInput]!, pending.length);
    for (const { record, timestamp } of pending) builder.appendRow(record, timestamp);
    this.addTo(this.#pendingInput, { batch: builder.seal() });
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
