/** The ends of the exchanges within one worker: the gates behind an operator, and the gate that a subtask reads from. */
import { must } from '../base/assert.ts';
import { groupBy } from '../base/group-by.ts';
import { Backlog } from '../channel/backlog.ts';
import type { BatchSlices } from '../channel/batch-slices.ts';
import type { ChannelReader, ChannelWriter } from '../channel/channel.ts';
import { DealingGate, fullBatchRows } from '../channel/dealing-gate.ts';
import type { InFlightLog, UnalignedCheckpoints } from '../channel/in-flight.ts';
import { InputGate } from '../channel/input-gate.ts';
import { LocalChannel } from '../channel/local-channel.ts';
import { BatchGate, type OutputGate } from '../channel/output-gate.ts';
import { RingWriter } from '../channel/ring-channel.ts';
import { RingReader } from '../channel/ring-reader.ts';
import type { Schema } from '../data/schema.ts';
import { exchangeDealer } from '../graph/exchange-dealer.ts';
import type { Channel, Exchange, Subtask as SubtaskPlan, Task } from '../graph/execution-graph.ts';
import type { LogicalNode, NodeId } from '../graph/graph.ts';
import { schemaBehind } from '../graph/node-schemas.ts';
import type { ByteCount, RowCount } from '../metrics/metrics.ts';
import { recordError } from '../operator/user-function.ts';
import type { RestoredState } from '../state/snapshot.ts';
import type { ChainHead, SideGates } from './chain.ts';
import { type DeploymentOptions, outputSlots } from './deployment.ts';
import { GateInput } from './gate-input.ts';
import { inFlightLog, sendAgain } from './in-flight-state.ts';
import { StoredStates } from './restored-state.ts';
import type { SubtaskSnapshot } from './subtask-snapshot.ts';

/** Parts of a subtask that its gate works with. */
export type GateInputParts = {
  readonly head: ChainHead;
  readonly snapshot: SubtaskSnapshot;
  readonly slices: BatchSlices;
};

export class ExchangeEnds {
  readonly #options: DeploymentOptions;
  readonly #slots: readonly number[];
  readonly #locals = new Map<number, LocalChannel>();
  /** Channels by the subtask they come from, and go to. */
  readonly #channelsFrom: ReadonlyMap<number, readonly Channel[]>;
  readonly #channelsTo: ReadonlyMap<number, readonly Channel[]>;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#slots = outputSlots(options.execution);
    const { channels } = options.execution;
    this.#channelsFrom = groupBy(channels, (channel) => channel.from);
    this.#channelsTo = groupBy(channels, (channel) => channel.to);
  }

  /** What a subtask without a source reads. */
  input(plan: SubtaskPlan, { head, snapshot, slices }: GateInputParts): GateInput {
    const channels = must(this.#channelsTo.get(plan.id), 'channels of a subtask without source');
    const readers = channels.map((channel) => this.#reader(channel.id, channel.isLocal));
    const { exchanges } = this.#options.execution;
    const inputs = channels.map(({ exchange }) => exchanges[exchange]!.operatorInput);
    const { isAligned, isUnaligned, backlogMs } = this.#options.settings;
    const unaligned = isUnaligned ? this.#inFlightLog(channels, snapshot, false) : null;
    const { clock } = this.#options;
    const backlog = backlogMs === Infinity ? null : new Backlog(backlogMs, channels.length);
    const gate = new InputGate(readers, { inputs, isAligned, unaligned, slices, backlog, clock });
    return new GateInput(gate, head);
  }

  /** The gates behind a node: of its main output, and of its side outputs by their name. */
  outputs(
    plan: SubtaskPlan,
    task: Task,
    node: NodeId,
    snapshot: SubtaskSnapshot,
  ): { gates: readonly OutputGate[]; sides: SideGates } {
    const { execution, settings, restored } = this.#options;
    const maxParallelism = settings.keyGroups[node]!;
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
    const { settings, counters } = this.#options;
    const { isUnaligned } = settings;
    const sent = counters.output(this.#slots[exchange.id]! + plan.index);
    const writers = channels.map(({ id, isLocal }) => this.#writer(id, isLocal, sent));
    const inFlight = isUnaligned ? this.#inFlightLog(channels, snapshot, true) : null;
    const gate = this.#gateOf(plan, exchange, writers, sent, inFlight);
    this.#options.looks?.addGate(exchange.id, gate);
    sendAgain({
      exchange,
      graph: this.#options.graph,
      restored,
      ofConsumer: this.#options.restored(exchange.toNode),
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
    sent: RowCount,
    inFlight: InFlightLog | null,
  ): OutputGate {
    const { graph, bindings, settings } = this.#options;
    const { kind } = exchange.partitioning;
    if (kind === 'forward' || kind === 'global' || kind === 'broadcast') {
      return new BatchGate(writers, kind, sent, inFlight);
    }
    const maxParallelism = settings.keyGroups[exchange.toNode]!;
    const channels = writers.length;
    const sender = plan.index;
    const dealer = exchangeDealer(exchange, { graph, bindings, channels, maxParallelism, sender });
    return new DealingGate({
      writers,
      dealer: must(dealer, 'dealer of rows'),
      schema: schemaBehind(graph, exchange.fromNode, exchange.side),
      sent,
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
    const { graph, bindings } = this.#options;
    const { name } = graph.nodes[exchange.toNode]!;
    const { trace } = bindings[exchange.toNode]!;
    return (thrown, record) => recordError({ name, trace, subtask: plan.index }, thrown, record);
  }

  #writer(channel: number, isLocal: boolean, sent: ByteCount): ChannelWriter {
    return isLocal
      ? this.#local(channel)
      : new RingWriter(
          must(this.#options.rings.get(channel), 'ring'),
          this.#channelSchema(channel),
          this.#senderOf(channel).name,
          sent,
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
