/**
 * From the execution graph to running subtasks: what a worker needs to know, and how it builds its share.
 *
 * A Deployment is plain data plus shared memory; it crosses to worker threads as it is. Each worker rebuilds
 * the graph from the user's module, compares fingerprints, and makes the subtasks placed on it.
 */
import { must } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { groupBy } from '../base/group-by.ts';
import type { ChannelReader, ChannelWriter } from '../channel/channel.ts';
import { DealingGate, fullBatchRows } from '../channel/dealing-gate.ts';
import type { InFlightLog, UnalignedCheckpoints } from '../channel/in-flight.ts';
import { InputGate } from '../channel/input-gate.ts';
import { LocalChannel } from '../channel/local-channel.ts';
import { BatchGate, type OutputGate } from '../channel/output-gate.ts';
import { type RingDescriptor, RingWriter } from '../channel/ring-channel.ts';
import { RingReader } from '../channel/ring-reader.ts';
import type { Batch, Watermark } from '../data/batch.ts';
import type { Schema } from '../data/schema.ts';
import { exchangeDealer } from '../graph/exchange-dealer.ts';
import type {
  ChainedOperator,
  Channel,
  Exchange,
  ExecutionGraph,
  Subtask as SubtaskPlan,
  Task,
} from '../graph/execution-graph.ts';
import type { Bindings, LogicalGraph, LogicalNode, NodeId } from '../graph/graph.ts';
import { schemaBefore, schemaBehind } from '../graph/node-schemas.ts';
import type { SharedCounters } from '../metrics/shared-counters.ts';
import type { SubtaskNumbers } from '../metrics/shared-numbers.ts';
import type { MetricCell } from '../metrics/user-metrics.ts';
import type { MakePool } from '../operator/async/function-pool.ts';
import { withBatchTime } from '../operator/batch-time.ts';
import { createOperator } from '../operator/create-operator.ts';
import type { Operator, OperatorContext, Output, SideOutputs } from '../operator/operator.ts';
import type { EventTimeSpec } from '../operator/operator-spec.ts';
import type { DeadLetter, PlainData, SourceAssignment } from '../operator/source.ts';
import { recordError } from '../operator/user-function.ts';
import type { RestoredState } from '../state/snapshot.ts';
import { Alignment } from './alignment.ts';
import { Chain, type ChainHead, type ChainLink, type SideGates } from './chain.ts';
import { inFlightLog, sendAgain } from './in-flight-state.ts';
import { type StoredState, StoredStates } from './restored-state.ts';
import { SourceInput, type SplitToRead } from './source-input.ts';
import { SplitQueue, type SplitStage } from './split-queue.ts';
import { Subtask } from './subtask.ts';
import { AT_END, type SnapshotListener, SubtaskSnapshot } from './subtask-snapshot.ts';
import type { TaskInput } from './task.ts';

export type RuntimeSettings = {
  readonly bufferTimeoutMs: number;
  /** How long a step of a subtask may go on; 0 for one element a step. */
  readonly stepBudgetMs: number;
  readonly watermarkIntervalMs: number;
  readonly maxParallelism: number;
  /** Rows in a full batch of an exchange. */
  readonly batchRows: number;
  /** Batches that wait in a channel within a worker. */
  readonly localChannelBatches: number;
  readonly runId: string;
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
  /** Runs this worker's subtasks again. */
  readonly wake: () => void;
  /** State of a node in the snapshot that the job starts from. */
  readonly restored: (node: NodeId) => readonly StoredState[];
  readonly events: TaskEvents;
  /** Threads beside the workers, for functions of a node; when left out, they run on the worker itself. */
  readonly pools?: (node: NodeId) => MakePool;
  /** Is told what there is to look at; left out where nobody can ask. */
  readonly looks?: ThreadLooks;
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
}

/** What others may look at in a thread. */
export interface ThreadLooks {
  addOperator(node: NodeId, subtask: number, operator: Operator): void;
  addGate(exchange: number, gate: OutputGate): void;
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

export function slotKey(subtask: number, operator: number): string {
  return `${subtask}/${operator}`;
}

/** Makes the subtasks of one worker. */
export function deploy(options: DeploymentOptions): Subtask[] {
  return new Deployer(options).subtasks();
}

class Deployer {
  readonly #options: DeploymentOptions;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #locals = new Map<number, LocalChannel>();
  /** Channels by the subtask they come from, and go to. */
  readonly #channelsFrom: ReadonlyMap<number, readonly Channel[]>;
  readonly #channelsTo: ReadonlyMap<number, readonly Channel[]>;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    const { execution } = options;
    this.#slots = operatorSlots(execution);
    this.#channelsFrom = groupBy(execution.channels, (channel) => channel.from);
    this.#channelsTo = groupBy(execution.channels, (channel) => channel.to);
  }

  subtasks(): Subtask[] {
    const { execution, worker } = this.#options;
    return execution.subtasks
      .filter((subtask) => subtask.worker === worker)
      .map((subtask) => this.#subtask(subtask));
  }

  #subtask(plan: SubtaskPlan): Subtask {
    const { execution, clock, settings, counters, events } = this.#options;
    const task = execution.tasks[plan.task]!;
    const snapshot = new SubtaskSnapshot(plan.id, events, () => counters.baseCheckpoint());
    const chain = this.#chain(plan, task, snapshot);
    const head = new WatchedHead(chain.head, snapshot, counters.subtask(plan.id));
    return new Subtask({
      id: plan.id,
      name: `${task.name} (${plan.index + 1}/${task.parallelism})`,
      input: this.#input(plan, task, chain, head, snapshot),
      chain,
      snapshot,
      clock,
      bufferTimeoutMs: settings.bufferTimeoutMs,
      stepBudgetMs: settings.stepBudgetMs,
    });
  }

  /** All operators but a source, which is the input of its subtask. */
  #chain(plan: SubtaskPlan, task: Task, snapshot: SubtaskSnapshot): Chain {
    const source = this.#sourceOf(task);
    const operators = task.operators.filter((operator) => operator !== source);
    const numberOf = new Map(operators.map((operator, n) => [operator.id, n]));
    const followers = (of: ChainedOperator): number[] =>
      operators.filter((next) => next.input === of.id).map((next) => numberOf.get(next.id)!);
    const links = operators.map((operator): ChainLink => {
      const made = this.#operator(operator);
      this.#options.looks?.addOperator(operator.nodes.at(-1)!, plan.index, made);
      return {
        operator: made,
        context: this.#context(plan, task, operator, snapshot),
        next: followers(operator),
        ...this.#outputs(plan, task, operator.nodes.at(-1)!, snapshot),
      };
    });
    if (source === null) return new Chain(links, [0], []);
    const { gates, sides } = this.#outputs(plan, task, source.nodes[0]!, snapshot);
    return new Chain(links, followers(source), gates, sides);
  }

  #operator({ nodes }: ChainedOperator): Operator {
    const { graph, settings } = this.#options;
    const plans = nodes.map((node) => this.#plan(node));
    const [first] = nodes as readonly [NodeId];
    const makePool = this.#options.pools?.(first);
    const operator = createOperator(plans, {
      schemas: [schemaBefore(graph, first), schemaBefore(graph, first, 1)],
      runId: settings.runId,
      isBatch: settings.isBatch,
      ...(makePool === undefined ? {} : { makePool }),
    });
    return settings.isBatch ? withBatchTime(plans.at(-1)!.spec, operator) : operator;
  }

  #sourceOf(task: Task): ChainedOperator | null {
    const head = task.operators[0]!;
    const node = this.#options.graph.nodes[head.nodes[0]!]!;
    return node.operator.type === 'source' ? head : null;
  }

  #plan(id: NodeId) {
    const { graph, bindings } = this.#options;
    const node = graph.nodes[id]!;
    const { functions, sink } = bindings[id]!;
    return { name: node.name, spec: node.operator, functions, sink };
  }

  #context(
    plan: SubtaskPlan,
    task: Task,
    operator: ChainedOperator,
    snapshot: SubtaskSnapshot,
  ): OperatorContext {
    const { clock, counters, settings, wake, restored, events } = this.#options;
    const { isCheckpointed, isIncremental, isBatch, maxParallelism } = settings;
    // Of several nodes in one operator only the last has state.
    const node = operator.nodes.at(-1)!;
    const share = { subtask: plan.index, parallelism: task.parallelism, maxParallelism };
    const slot = must(this.#slots.get(slotKey(plan.id, operator.id)), 'counter slot');
    return {
      name: operator.name,
      subtask: plan.index,
      parallelism: task.parallelism,
      maxParallelism,
      isCheckpointed,
      isIncremental,
      isBatch,
      restored: new StoredStates(restored(node), share),
      snapshot: (checkpoint) => snapshot.writer(node, checkpoint),
      clock,
      watermarkIntervalMs: settings.watermarkIntervalMs,
      metrics: counters.operator(slot),
      wake,
      prepareCommit: (committables, checkpoint) => {
        events.onCommittables(
          plan.id,
          checkpoint ?? AT_END,
          node,
          committables as readonly PlainData[],
        );
      },
      onMetric: (cell) => events.onMetric(slot, cell),
    };
  }

  #input(
    plan: SubtaskPlan,
    task: Task,
    chain: Chain,
    head: ChainHead,
    snapshot: SubtaskSnapshot,
  ): TaskInput {
    const source = this.#sourceOf(task);
    if (source !== null) {
      const { manualInput } = this.#options;
      if (manualInput !== undefined) return manualInput(source.nodes[0]!, head);
      const context = this.#context(plan, task, source, snapshot);
      return this.#sourceInput(plan, task, context, head, chain.headSides);
    }
    const channels = must(this.#channelsTo.get(plan.id), 'channels of a subtask without source');
    const readers = channels.map((channel) => this.#reader(channel.id, channel.isLocal));
    const { exchanges } = this.#options.execution;
    const inputs = channels.map(({ exchange }) => exchanges[exchange]!.operatorInput);
    const { isAligned, isUnaligned } = this.#options.settings;
    const unaligned = isUnaligned ? this.#inFlightLog(channels, snapshot, false) : null;
    return new GateInput(new InputGate(readers, { inputs, isAligned, unaligned }), head);
  }

  #sourceInput(
    plan: SubtaskPlan,
    task: Task,
    context: OperatorContext,
    output: Output,
    sides: SideOutputs,
  ): SourceInput {
    const { graph, bindings, counters, clock } = this.#options;
    const id = task.operators[0]!.nodes[0]!;
    const spec = graph.nodes[id]!.operator;
    if (spec.type !== 'source') throw new Error('assertion failed: not a source');
    return new SourceInput({
      source: must(bindings[id]!.source, 'source of a source node'),
      splits: new SplitQueue(this.#stages(id), context),
      eventTime: spec.eventTime,
      functions: bindings[id]!.functions,
      rate: spec.rate === null ? null : spec.rate / task.parallelism,
      context,
      progress: counters.subtask(plan.id),
      siblings: this.#progressOf((node) => node.id === id),
      alignment: context.isBatch ? null : this.#alignment(spec.eventTime),
      clock,
      commands: counters,
      output,
      sides,
      onSkipped: (record) => this.#options.events.onSkipped(record),
    });
  }

  #stages(source: NodeId): SplitStage[] {
    const { splits, counters } = this.#options;
    return splits.flatMap(({ node, ...stage }, number) => {
      if (node !== source) return [];
      const claim = (): number => counters.claimSplit(number);
      const onRead = (): void => counters.splitRead(number);
      return [{ ...stage, claim, onRead, readCount: () => counters.splitsRead(number) }];
    });
  }

  #alignment(eventTime: EventTimeSpec | null): Alignment | null {
    const spec = eventTime?.watermark.alignment ?? null;
    if (spec === null) return null;
    const group = this.#progressOf(
      ({ operator }) =>
        operator.type === 'source' && operator.eventTime?.watermark.alignment?.group === spec.group,
    );
    return new Alignment(spec, group);
  }

  /** Of the subtasks of some sources. */
  #progressOf(isMeant: (source: LogicalNode) => boolean): SubtaskNumbers[] {
    const { execution, graph, counters } = this.#options;
    return execution.subtasks
      .filter(({ task }) => isMeant(graph.nodes[execution.tasks[task]!.operators[0]!.nodes[0]!]!))
      .map(({ id }) => counters.subtask(id));
  }

  /** The gates behind a node: of its main output, and of its side outputs by their name. */
  #outputs(
    plan: SubtaskPlan,
    task: Task,
    node: NodeId,
    snapshot: SubtaskSnapshot,
  ): { gates: readonly OutputGate[]; sides: SideGates } {
    const { execution, settings, restored } = this.#options;
    const { maxParallelism } = settings;
    const share = { subtask: plan.index, parallelism: task.parallelism, maxParallelism };
    const state = new StoredStates(restored(node), share);
    const exchanges = execution.exchanges.filter((exchange) => exchange.fromNode === node);
    const gate = (exchange: Exchange): OutputGate =>
      this.#gate(plan, task, exchange, snapshot, state);
    const bySide = groupBy(exchanges, ({ side }) => side);
    return {
      gates: (bySide.get(null) ?? []).map(gate),
      sides: new Map(
        [...bySide].flatMap(([side, found]) => (side === null ? [] : [[side, found.map(gate)]])),
      ),
    };
  }

  #gate(
    plan: SubtaskPlan,
    task: Task,
    exchange: Exchange,
    snapshot: SubtaskSnapshot,
    restored: RestoredState,
  ): OutputGate {
    const channels = must(this.#channelsFrom.get(plan.id), 'channels of an exchange').filter(
      (channel) => channel.exchange === exchange.id,
    );
    const writers = channels.map((channel) => this.#writer(channel.id, channel.isLocal));
    const { isUnaligned } = this.#options.settings;
    const inFlight = isUnaligned ? this.#inFlightLog(channels, snapshot, true) : null;
    const gate = this.#gateOf(plan, exchange, writers, inFlight);
    this.#options.looks?.addGate(exchange.id, gate);
    sendAgain({
      exchange,
      graph: this.#options.graph,
      restored,
      index: plan.index,
      producers: task.parallelism,
      gate,
      writers,
    });
    return gate;
  }

  #gateOf(
    plan: SubtaskPlan,
    exchange: Exchange,
    writers: readonly ChannelWriter[],
    inFlight: InFlightLog | null,
  ): OutputGate {
    const { graph, bindings, settings } = this.#options;
    const { kind } = exchange.partitioning;
    if (kind === 'forward' || kind === 'global' || kind === 'broadcast') {
      return new BatchGate(writers, kind, inFlight);
    }
    const { maxParallelism } = settings;
    const channels = writers.length;
    const sender = plan.index;
    const dealer = exchangeDealer(exchange, { graph, bindings, channels, maxParallelism, sender });
    return new DealingGate({
      writers,
      dealer: must(dealer, 'dealer of rows'),
      schema: schemaBehind(graph, exchange.fromNode, exchange.side),
      batchRows: Math.min(settings.batchRows, fullBatchRows(writers.length)),
      errorAt: this.#errorAt(plan, exchange),
      inFlight,
    });
  }

  #inFlightLog(
    channels: readonly Channel[],
    snapshot: SubtaskSnapshot,
    isOvertaken: boolean,
  ): UnalignedCheckpoints {
    const { graph, execution, counters } = this.#options;
    return inFlightLog(channels, { graph, execution, commands: counters, snapshot, isOvertaken });
  }

  /** Partitioners run with the sender, but belong to the operator that the rows go to. */
  #errorAt(plan: SubtaskPlan, exchange: Exchange): (thrown: unknown, record: number) => Error {
    const { graph } = this.#options;
    const { name } = graph.nodes[exchange.toNode]!;
    return (thrown, record) => recordError({ name, subtask: plan.index }, thrown, record);
  }

  #writer(channel: number, isLocal: boolean): ChannelWriter {
    return isLocal
      ? this.#local(channel)
      : new RingWriter(
          must(this.#options.rings.get(channel), 'ring'),
          this.#channelSchema(channel),
          this.#senderOf(channel).name,
        );
  }

  #reader(channel: number, isLocal: boolean): ChannelReader {
    return isLocal
      ? this.#local(channel)
      : new RingReader(
          must(this.#options.rings.get(channel), 'ring'),
          this.#channelSchema(channel),
        );
  }

  #channelSchema(channel: number): Schema | null {
    const { execution, graph } = this.#options;
    const { fromNode, side } = execution.exchanges[execution.channels[channel]!.exchange]!;
    return schemaBehind(graph, fromNode, side);
  }

  #senderOf(channel: number): LogicalNode {
    const { execution, graph } = this.#options;
    const { exchange } = execution.channels[channel]!;
    return graph.nodes[execution.exchanges[exchange]!.fromNode]!;
  }

  #local(channel: number): LocalChannel {
    let local = this.#locals.get(channel);
    if (local === undefined) {
      local = new LocalChannel(this.#options.settings.localChannelBatches);
      this.#locals.set(channel, local);
    }
    return local;
  }
}

/** The head of a chain: a snapshot begins when a barrier comes to it, and its watermark is there for all to see. */
class WatchedHead implements ChainHead {
  readonly #head: ChainHead;
  readonly #snapshot: SubtaskSnapshot;
  readonly #numbers: SubtaskNumbers;

  constructor(head: ChainHead, snapshot: SubtaskSnapshot, numbers: SubtaskNumbers) {
    this.#head = head;
    this.#snapshot = snapshot;
    this.#numbers = numbers;
  }

  get isReady(): boolean {
    return this.#head.isReady;
  }

  emit(batch: Batch, input?: number): void {
    this.#head.emit(batch, input);
  }

  watermark(watermark: Watermark): void {
    this.#numbers.watermark = watermark;
    this.#head.watermark(watermark);
  }

  idle(isIdle: boolean): void {
    this.#head.idle(isIdle);
  }

  barrier(checkpoint: number): void {
    this.#snapshot.begin(checkpoint);
    this.#head.barrier(checkpoint);
  }

  end(): void {
    this.#head.end();
  }
}

/** Input from channels. */
class GateInput implements TaskInput {
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = false;
  readonly #gate: InputGate;
  readonly #head: ChainHead;

  constructor(gate: InputGate, head: ChainHead) {
    this.#gate = gate;
    this.#head = head;
  }

  get hasEnded(): boolean {
    return this.#gate.hasEnded;
  }

  poll(): boolean {
    return this.#gate.poll(this.#head);
  }

  pollControl(): boolean {
    return this.#gate.pollControl(this.#head);
  }

  overtake(): boolean {
    return this.#gate.overtake(this.#head);
  }

  record(): boolean {
    return this.#gate.record();
  }

  close(): void {}
}
