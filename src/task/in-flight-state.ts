/** What is in flight between subtasks, as state of the nodes that it comes from; and on its way again after a restart. */
import { EngineError } from '../base/errors.ts';
import type { ChannelWriter } from '../channel/channel.ts';
import {
  decodeInFlight,
  encodeInFlight,
  type InFlightItem,
  inFlightState,
  inOrder,
  type UnalignedCheckpoints,
  type Way,
} from '../channel/in-flight.ts';
import type { OutputGate } from '../channel/output-gate.ts';
import type { Batch } from '../data/batch.ts';
import { type Schema, sameSchema } from '../data/schema.ts';
import type { Channel, Exchange, ExecutionGraph } from '../graph/execution-graph.ts';
import type { LogicalGraph, LogicalNode } from '../graph/graph.ts';
import { schemaBehind } from '../graph/node-schemas.ts';
import type { RestoredState } from '../state/snapshot.ts';
import { copyFor, type StoredState } from './restored-state.ts';
import type { SubtaskSnapshot } from './subtask-snapshot.ts';

/** What the coordinator tells of unaligned checkpoints. */
export interface UnalignedCommands {
  isUnaligned(checkpoint: number): boolean;
  /** The one that was asked for last; 0 for none. */
  unalignedCheckpoint(): number;
}

export type InFlightOptions = {
  readonly graph: LogicalGraph;
  readonly execution: ExecutionGraph;
  readonly commands: UnalignedCommands;
  /** Of the subtask at one end of the channels. */
  readonly snapshot: SubtaskSnapshot;
  /** The subtask is the producer, and these are rows that its barrier overtook. */
  readonly isOvertaken: boolean;
};

/** Writes what is in flight in some channels. */
export function inFlightLog(
  channels: readonly Channel[],
  { graph, execution, commands, snapshot, isOvertaken }: InFlightOptions,
): UnalignedCheckpoints {
  const { exchanges, subtasks, tasks } = execution;
  return {
    isUnaligned: (checkpoint) => commands.isUnaligned(checkpoint),
    requested: () => commands.unalignedCheckpoint(),
    add(checkpoint, n, batch) {
      const { exchange: id, from, to } = channels[n]!;
      const exchange = exchanges[id]!;
      const consumer = subtasks[to]!;
      const items = encodeInFlight(batch).map(
        (encoded): InFlightItem => ({
          fromSubtask: subtasks[from]!.index,
          toSubtask: consumer.index,
          consumers: tasks[consumer.task]!.parallelism,
          isOvertaken,
          ...encoded,
        }),
      );
      const writer = snapshot.writer(exchange.fromNode, checkpoint);
      writer.items(stateOf(graph, exchange), 'union', items);
    },
  };
}

/** The way that an input of a node is, among those from the node before. */
export function wayOf({ uid, inputs }: LogicalNode, input: number): Way {
  const { from, operatorInput = 0, side = null } = inputs[input]!;
  const nth = inputs
    .slice(0, input)
    .filter(
      (other) =>
        other.from === from &&
        (other.operatorInput ?? 0) === operatorInput &&
        (other.side ?? null) === side,
    ).length;
  return { to: uid, input: operatorInput, side, nth };
}

function stateOf(graph: LogicalGraph, { toNode, input }: Exchange): string {
  return inFlightState(wayOf(graph.nodes[toNode]!, input));
}

/** One producer of an exchange. */
export type Sender = {
  readonly exchange: Exchange;
  readonly graph: LogicalGraph;
  readonly restored: RestoredState;
  /** States of the consumer in the same snapshot. */
  readonly ofConsumer: readonly StoredState[];
  /** Its subtask, of so many. */
  readonly index: number;
  readonly producers: number;
  readonly gate: OutputGate;
  readonly writers: readonly ChannelWriter[];
};

/** Sends again what was in flight in an exchange. STATE_INCOMPATIBLE where its rows had other fields than they have now. */
export function sendAgain({ exchange, graph, restored, ofConsumer, ...sender }: Sender): void {
  const { index, producers, gate, writers } = sender;
  const items = restored.items(stateOf(graph, exchange)) as readonly InFlightItem[];
  const own = items.filter(({ fromSubtask }) => fromSubtask % producers === index);
  const copies = ofConsumer.flatMap(({ kind, parts }) => (kind === 'broadcast' ? parts : []));
  const node = graph.nodes[exchange.fromNode]!;
  const schema = schemaBehind(graph, exchange.fromNode, exchange.side);
  for (const item of inOrder(own)) {
    if (exchange.partitioning.kind !== 'broadcast') {
      gate.emit(decodedAs(schema, item, node.name));
      continue;
    }
    // Each consumer has had as much as the one of before whose state it goes on from.
    writers.forEach((writer, to) => {
      const before = copyFor(to, copies)?.subtask ?? to % item.consumers;
      if (before === item.toSubtask) writer.put(decodedAs(schema, item, node.name));
    });
  }
}

function decodedAs(schema: Schema | null, item: InFlightItem, name: string): Batch {
  const batch = decodeInFlight(item);
  if (schema === null || sameSchema(batch.schema, schema)) return batch;
  throw new EngineError(
    'STATE_INCOMPATIBLE',
    `the checkpoint is unaligned, with rows of '${name}' in flight that have other fields than they have now: run the job as ` +
      'it was, take a savepoint, which has no rows in flight, and go on from that',
  );
}
