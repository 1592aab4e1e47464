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
import { InputGate } from '../channel/input-gate.ts';
import { LocalChannel } from '../channel/local-channel.ts';
import { BatchGate, type OutputGate } from '../channel/output-gate.ts';
import { type RingDescriptor, RingReader, RingWriter } from '../channel/ring-channel.ts';
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
import { createOperator } from '../operator/create-operator.ts';
import type { OperatorContext, Output } from '../operator/operator.ts';
import type { DeadLetter, PlainData, SourceSplit } from '../operator/source.ts';
import { recordError } from '../operator/user-function.ts';
import { Chain, type ChainLink, type SideGates } from './chain.ts';
import { SourceInput } from './source-input.ts';
import { Subtask } from './subtask.ts';
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
};

/** Splits of each source node, in the order of the nodes. */
export type SourceSplits = readonly {
  readonly node: NodeId;
  readonly splits: readonly SourceSplit[];
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
  readonly onCommittables: (node: NodeId, committables: readonly PlainData[]) => void;
  readonly onSkipped: (record: DeadLetter) => void;
  /** Makes the input of a source node instead of reading splits: for tests that feed elements by hand. */
  readonly manualInput?: (node: NodeId, output: Output) => TaskInput;
};

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
    const { execution, clock, settings } = this.#options;
    const task = execution.tasks[plan.task]!;
    const chain = this.#chain(plan, task);
    return new Subtask({
      id: plan.id,
      name: `${task.name} (${plan.index + 1}/${task.parallelism})`,
      input: this.#input(plan, task, chain),
      chain,
      clock,
      bufferTimeoutMs: settings.bufferTimeoutMs,
      stepBudgetMs: settings.stepBudgetMs,
    });
  }

  /** All operators but a source, which is the input of its subtask. */
  #chain(plan: SubtaskPlan, task: Task): Chain {
    const source = this.#sourceOf(task);
    const operators = task.operators.filter((operator) => operator !== source);
    const numberOf = new Map(operators.map((operator, n) => [operator.id, n]));
    const followers = (of: ChainedOperator): number[] =>
      operators.filter((next) => next.input === of.id).map((next) => numberOf.get(next.id)!);
    const links = operators.map((operator): ChainLink => {
      const nodes = operator.nodes.map((node) => this.#plan(node));
      return {
        operator: createOperator(
          nodes,
          schemaBefore(this.#options.graph, operator.nodes[0]!),
          this.#options.settings.runId,
        ),
        context: this.#context(plan, task, operator),
        next: followers(operator),
        gates: this.#gates(plan, operator.nodes.at(-1)!),
        sides: this.#sideGates(plan, operator.nodes.at(-1)!),
      };
    });
    if (source === null) return new Chain(links, [0], []);
    const node = source.nodes[0]!;
    return new Chain(
      links,
      followers(source),
      this.#gates(plan, node),
      this.#sideGates(plan, node),
    );
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

  #context(plan: SubtaskPlan, task: Task, operator: ChainedOperator): OperatorContext {
    const { clock, counters, settings, wake, onCommittables } = this.#options;
    const slot = must(this.#slots.get(slotKey(plan.id, operator.id)), 'counter slot');
    return {
      name: operator.name,
      subtask: plan.index,
      parallelism: task.parallelism,
      clock,
      watermarkIntervalMs: settings.watermarkIntervalMs,
      metrics: counters.operator(slot),
      wake,
      prepareCommit: (committables) => {
        onCommittables(operator.nodes.at(-1)!, committables as readonly PlainData[]);
      },
    };
  }

  #input(plan: SubtaskPlan, task: Task, chain: Chain): TaskInput {
    const source = this.#sourceOf(task);
    if (source !== null) {
      const { manualInput } = this.#options;
      if (manualInput !== undefined) return manualInput(source.nodes[0]!, chain.head);
      return this.#sourceInput(plan, task, source, chain);
    }
    const channels = must(this.#channelsTo.get(plan.id), 'channels of a subtask without source');
    const readers = channels.map((channel) => this.#reader(channel.id, channel.isLocal));
    return new GateInput(new InputGate(readers), chain.head);
  }

  #sourceInput(
    plan: SubtaskPlan,
    task: Task,
    operator: ChainedOperator,
    chain: Chain,
  ): SourceInput {
    const { graph, bindings, splits, counters, clock } = this.#options;
    const id = operator.nodes[0]!;
    const spec = graph.nodes[id]!.operator;
    if (spec.type !== 'source') throw new Error('assertion failed: not a source');
    const number = splits.findIndex((entry) => entry.node === id);
    return new SourceInput({
      source: must(bindings[id]!.source, 'source of a source node'),
      splits: splits[number]!.splits,
      claim: () => counters.claimSplit(number),
      eventTime: spec.eventTime,
      functions: bindings[id]!.functions,
      rate: spec.rate === null ? null : spec.rate / task.parallelism,
      context: this.#context(plan, task, operator),
      progress: counters.subtask(plan.id),
      clock,
      output: chain.head,
      sides: chain.headSides,
      onSkipped: this.#options.onSkipped,
    });
  }

  #gates(plan: SubtaskPlan, node: NodeId): OutputGate[] {
    const { execution } = this.#options;
    return execution.exchanges
      .filter((exchange) => exchange.fromNode === node && exchange.side === null)
      .map((exchange) => this.#gate(plan, exchange));
  }

  #sideGates(plan: SubtaskPlan, node: NodeId): SideGates {
    const exchanges = this.#options.execution.exchanges.filter(
      (exchange) => exchange.fromNode === node && exchange.side !== null,
    );
    const bySide = groupBy(exchanges, (exchange) => exchange.side!);
    return new Map(
      [...bySide].map(([side, found]) => [
        side,
        found.map((exchange) => this.#gate(plan, exchange)),
      ]),
    );
  }

  #gate(plan: SubtaskPlan, exchange: Exchange): OutputGate {
    const { graph, bindings, settings } = this.#options;
    const { kind } = exchange.partitioning;
    const writers = must(this.#channelsFrom.get(plan.id), 'channels of an exchange')
      .filter((channel) => channel.exchange === exchange.id)
      .map((channel) => this.#writer(channel.id, channel.isLocal));
    const { maxParallelism } = settings;
    const channels = writers.length;
    if (kind === 'forward' || kind === 'global' || kind === 'broadcast') {
      return new BatchGate(writers, kind);
    }
    const dealer = exchangeDealer(exchange, { graph, bindings, channels, maxParallelism });
    return new DealingGate({
      writers,
      dealer: must(dealer, 'dealer of rows'),
      schema: schemaBehind(graph, exchange.fromNode, exchange.side),
      batchRows: Math.min(settings.batchRows, fullBatchRows(writers.length)),
      errorAt: this.#errorAt(plan, exchange),
    });
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

/** Input from channels. */
class GateInput implements TaskInput {
  readonly wakeAtMs = Infinity;
  readonly waitsForEvents = false;
  readonly #gate: InputGate;
  readonly #head: Output;

  constructor(gate: InputGate, output: Output) {
    this.#gate = gate;
    this.#head = output;
  }

  get hasEnded(): boolean {
    return this.#gate.hasEnded;
  }

  poll(): boolean {
    return this.#gate.poll(this.#head);
  }

  close(): void {}
}
