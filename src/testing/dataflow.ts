/**
 * The common core of the harnesses: a piece of a dataflow with any number of inputs, run in the calling thread under a
 * clock that the test moves. Records go through the real operators, batches, channels and scheduler.
 *
 * Elements reach the dataflow in the order in which they are given, whichever input they are for: records wait only
 * until a batch is full, or until something comes that is no record of the same input.
 */
import { GraphBuilder } from '../api/graph-builder.ts';
import { sideOutputNames } from '../api/side-output.ts';
import { type RowStream, Stream } from '../api/stream.ts';
import { VirtualClock } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { nextTurn } from '../base/event-loop.ts';
import { BATCH_ROWS } from '../base/limits.ts';
import { aNumber, wrong } from '../base/options.ts';
import { BatchBuilder } from '../data/batch-builder.ts';
import { defaultMaxParallelism } from '../data/key-group.ts';
import type { Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { OperatorMetrics } from '../metrics/metrics.ts';
import type { MetricValues } from '../metrics/read-metrics.ts';
import type { CheckpointEnd } from '../metrics/shared-counters.ts';
import { addCounts, DataflowRun, type DataflowRunOptions } from './dataflow-run.ts';
import type { Element } from './elements.ts';
import type { InputElement } from './manual-input.ts';
import type { StatesOfNodes } from './memory-snapshot.ts';
import { Recorder } from './recorder.ts';

/** How a piece of a dataflow is run. */
export type DataflowOptions = {
  /** Rows to a batch: 1, 7, or 'all' that come between two elements of another kind or input (default). */
  readonly batchSize?: number | 'all';
  /** Elements that the output takes before it holds its producer back; no limit when left out. */
  readonly outputCapacity?: number;
  /** Subtasks of each operator; 1 when left out. */
  readonly parallelism?: number;
  /** Key groups of steps that say nothing of theirs; by the parallelism, at least 128, when left out. */
  readonly maxParallelism?: number;
  /** Order in which subtasks take their steps: by turns when left out, else by chance. */
  readonly seed?: number;
  /**
   * After each step (a batch or another element) a snapshot is taken, and the dataflow goes on from it with so many
   * subtasks: these numbers in turn. Time goes on as if nothing had happened.
   */
  readonly restartEach?: readonly number[];
  /**
   * Snapshots before each restart, one after each step, of which each but the first holds only what has changed; 0 when left
   * out.
   */
  readonly snapshotsBetween?: number;
  /** Runs as a job in batch does: no watermark but that of the end. False when left out. */
  readonly batch?: boolean;
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
  readonly #inputs: readonly DataflowInput[];
  readonly #build: BuildDataflow<Out>;
  readonly #outputCapacity: number;
  readonly #options: Omit<DataflowRunOptions, 'graph' | 'bindings' | 'parallelism' | 'restored'>;
  readonly #batchRows: number;
  /** Numbers of subtasks to go on with after each step, in turn. */
  readonly #restartEach: readonly number[];
  readonly #snapshotsBetween: number;
  /** Since the last restart. */
  #snapshots = 0;
  #parallelism: number;
  #restarts = 0;
  #run: DataflowRun;
  /** Of the nodes of the first run: those of later ones are made at the same places. */
  #traces: readonly Error[] = [];
  /** What runs before this one have counted. */
  readonly #counted: OperatorMetrics = {
    recordsIn: 0,
    recordsOut: 0,
    lateRecords: 0,
    skippedRecords: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
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
    this.#build = build;
    this.#outputCapacity = outputCapacity;
    this.#batchRows = batchSize === 'all' ? BATCH_ROWS : batchSize;
    this.#restartEach = options.restartEach ?? [];
    this.#snapshotsBetween = options.snapshotsBetween ?? 0;
    this.#parallelism = parallelism;
    this.#recorder = new Recorder<Out>(outputCapacity);
    this.#options = {
      inputNames: inputs.map(({ name }) => name),
      clock: this.#clock,
      batchSize,
      isSlow: outputCapacity !== Infinity,
      maxParallelism:
        options.maxParallelism ??
        defaultMaxParallelism(Math.max(parallelism, ...this.#restartEach)),
      isBatch: options.batch ?? false,
      seed: options.seed ?? null,
      isIncremental: this.#snapshotsBetween > 0,
    };
    this.#run = this.#newRun(parallelism, new Map());
  }

  /** What functions have left in variables of the dataflow is not there any more. */
  #newRun(parallelism: number, restored: StatesOfNodes): DataflowRun {
    return new DataflowRun({ ...this.#graph(), ...this.#options, parallelism, restored });
  }

  /** Sources come first, so that the number of an input is that of its node. */
  #graph(): Pick<DataflowRunOptions, 'graph' | 'bindings'> {
    const builder = new GraphBuilder('harness', this.#traces);
    const streams = this.#inputs.map((input) => addInput(builder, input));
    const built: unknown = this.#build(streams);
    if (!(built instanceof Stream)) throw wrong('harness: build', 'returns a stream', built);
    const collected = built.collectAs('output');
    const recorders = new Map<NodeId, Recorder<never>>([[collected, this.#recorder as never]]);
    const named = builder.unreadSidesNamed(sideOutputNames());
    for (const { node, side } of [...builder.unreadSides(), ...named]) {
      const recorder = this.#sides.get(side) ?? new Recorder<unknown>(this.#outputCapacity);
      this.#sides.set(side, recorder);
      const stream = new Stream<unknown>(builder, builder.addSide(node, side), null);
      recorders.set(stream.collectAs(`output ${side}`), recorder as never);
    }
    const { graph, bindings } = builder.finish();
    if (this.#traces.length === 0) this.#traces = bindings.map(({ trace }) => trace);
    return {
      graph,
      bindings: bindings.map((binding, id) => {
        const recorder = recorders.get(id);
        return recorder === undefined ? binding : { ...binding, sink: recorder };
      }),
    };
  }

  push(input: number, record: unknown, timestamp: number): void {
    aNumber('push: the event time', timestamp);
    if (input !== this.#pendingInput) this.#sendPending();
    this.#run.source(input).checkOpen();
    this.#pendingInput = input;
    this.#pending.push({ record, timestamp });
    if (this.#pending.length >= this.#batchRows) this.#sendPending();
  }

  /** Anything but records. */
  add(input: number, element: Exclude<InputElement, { readonly batch: unknown }>): void {
    if (this.#options.isBatch && !('end' in element)) {
      throw new Error(
        'a harness in batch takes records and the end of an input, no watermark or idleness',
      );
    }
    if ('watermark' in element) aTime('watermark', element.watermark);
    this.#sendPending();
    this.#step(input, element);
  }

  hasEnded(input: number): boolean {
    return !this.#run.source(input).isOpen;
  }

  processingTime(time: number): void {
    aTime('processingTime', time);
    this.#sendPending();
    this.#toRest();
    this.#clock.advanceTo(time);
    this.#toRest();
  }

  /** Turns of the event loop, until one of them brings nothing any more. */
  async settle(): Promise<void> {
    this.#sendPending();
    this.#toRest();
    do await nextTurn();
    while (this.#toRest());
  }

  checkpointEnded(checkpoint: number, end: CheckpointEnd): void {
    this.#sendPending();
    this.#toRest();
    this.#run.checkpointEnded(checkpoint, end);
    this.#toRest();
  }

  take(): Element<Out>[] {
    this.#sendPending();
    this.#toRest();
    return this.#recorder.take();
  }

  takeSide(side: string): Element<unknown>[] {
    this.#sendPending();
    this.#toRest();
    const recorder = this.#sides.get(side);
    if (recorder !== undefined) return recorder.take();
    throw new EngineError('JOB_DEFINITION', `take: no step sends to the side output '${side}'`);
  }

  metrics(): OperatorMetrics {
    const total = { ...this.#counted };
    addCounts(total, this.#run.metrics());
    return total;
  }

  userMetrics(): MetricValues {
    this.#sendPending();
    this.#toRest();
    return this.#run.userMetrics();
  }

  /** Takes a snapshot, throws everything away, and goes on from the snapshot with so many subtasks. */
  restart(parallelism: number = this.#parallelism): void {
    this.#sendPending();
    const sources = this.#inputs.map((_, input) => this.#run.source(input));
    if (sources.every(({ isOpen }) => !isOpen)) return;
    const restored = this.#snapshot();
    this.#snapshots = 0;
    addCounts(this.#counted, this.#run.metrics());
    this.#run.close();
    this.#parallelism = parallelism;
    this.#run = this.#newRun(parallelism, restored);
    for (const recorder of this.#recorders) recorder.isRestarted = true;
    this.#toRest();
    // As sources do, which know how far they were.
    sources.forEach(({ watermark, isIdle, isOpen }, input) => {
      if (!isOpen) this.#run.add(input, { end: true });
      else if (watermark !== -Infinity) this.#run.add(input, { watermark });
      if (isOpen && isIdle) this.#run.add(input, { isIdle });
    });
    this.#toRest();
  }

  #snapshot(): StatesOfNodes {
    this.#run.beginSnapshot();
    this.#toRest();
    return this.#run.snapshot();
  }

  get #recorders(): Recorder<unknown>[] {
    return [this.#recorder as Recorder<unknown>, ...this.#sides.values()];
  }

  #sendPending(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    const input = this.#pendingInput;
    const builder = new BatchBuilder(this.#inputs[input]!.schema, pending.length);
    for (const { record, timestamp } of pending) builder.appendRow(record, timestamp);
    this.#step(input, { batch: builder.seal() });
  }

  #step(input: number, element: InputElement): void {
    this.#run.add(input, element);
    this.#toRest();
    const each = this.#restartEach;
    if (each.length === 0) return;
    if (this.#snapshots === this.#snapshotsBetween) {
      this.restart(each[this.#restarts++ % each.length]);
    } else if (!this.#inputs.every((_, n) => this.hasEnded(n))) {
      this.#snapshots++;
      this.#snapshot();
    }
  }

  /** Steps until nothing moves any more; a full output is emptied only when everything waits for it. True when anything moved. */
  #toRest(): boolean {
    let quiet = 0;
    let moved = false;
    const enough = this.#options.seed === null ? 1 : QUIET_ROUNDS;
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
      quiet = this.#run.round() ? 0 : quiet + 1;
      if (quiet === 0) moved = true;
      if (quiet < enough) continue;
      const full = this.#recorders.filter(({ isFull }) => isFull);
      if (full.length === 0) return moved;
      for (const recorder of full) recorder.makeRoom();
      quiet = 0;
    }
    throw new Error('the dataflow does not come to rest');
  }
}

function aTime(what: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isNaN(value)) return;
  throw wrong(what, 'is a time in milliseconds', value);
}

/** The source of an input: its node has the number of the input. */
export function addInput(builder: GraphBuilder, { name, schema }: DataflowInput): Stream<never> {
  const node = builder.add({
    name,
    operator: {
      type: 'source',
      connector: 'input',
      descriptor: null,
      // Records come with their event time: an eventTime step that follows is an operator of its own.
      eventTime: {
        timestamp: { kind: 'function' },
        watermark: { kind: 'monotonous', outOfOrdernessMs: 0, idlenessMs: null, alignment: null },
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
