/** From an exchange to what deals its rows: the same for running it and for explaining it. */
import {
  ChanceDealer,
  CustomDealer,
  type Dealer,
  KeyDealer,
  type Partitioner,
  TurnDealer,
} from '../channel/dealer.ts';
import { type KeyFunction, KeyReader } from '../data/key.ts';
import { keySchemas } from '../data/key-pair.ts';
import type { Schema } from '../data/schema.ts';
import type { Exchange } from './execution-graph.ts';
import { type Bindings, type LogicalGraph, type NodeId, placedBy } from './graph.ts';
import { schemaBefore, schemaBehind } from './node-schemas.ts';

export type DealerOptions = {
  readonly graph: LogicalGraph;
  readonly bindings: Bindings;
  /** Channels of each sender. */
  readonly channels: number;
  /** Key groups of the step that the rows go to. */
  readonly maxParallelism: number;
  /** Index of the subtask that deals. */
  readonly sender: number;
};

/** By which schema keys are read behind an exchange; null for free-form values. */
function keySchemaBefore(
  graph: LogicalGraph,
  toNode: NodeId,
  operatorInput: number,
): Schema | null {
  const keys = [0, 1].map((input) => {
    const edge = graph.nodes[toNode]!.inputs.find((e) => (e.operatorInput ?? 0) === input);
    return edge === undefined ? null : placedBy(edge);
  });
  const [first, second] = keys;
  if (first === null || second === null) return schemaBefore(graph, toNode, operatorInput);
  const schemas = [schemaBefore(graph, toNode, 0), schemaBefore(graph, toNode, 1)] as const;
  return keySchemas([first!, second!], schemas)[operatorInput]!;
}

/** What deals the rows of an exchange; null where whole batches go one way, or every way. */
export function exchangeDealer(exchange: Exchange, options: DealerOptions): Dealer | null {
  const { partitioning, fromNode, side, toNode, input, operatorInput } = exchange;
  const { graph, bindings, channels, maxParallelism } = options;
  const schema = schemaBehind(graph, fromNode, side);
  const { functions, edgeFunctions } = bindings[toNode]!;
  switch (partitioning.kind) {
    case 'forward':
    case 'global':
    case 'broadcast':
      return null;
    case 'rebalance':
    case 'rescale':
      return new TurnDealer(channels);
    case 'shuffle':
      return new ChanceDealer(channels, options.sender);
    case 'partition':
    case 'hash': {
      const isByFunction = partitioning.key.kind === 'function';
      const keyFunction = isByFunction
        ? ((edgeFunctions[input]![0] ?? functions[0]) as KeyFunction)
        : null;
      // Where rows of different schemas meet, equal keys of different kinds have to be hashed alike.
      const keySchema = keySchemaBefore(graph, toNode, operatorInput) === null ? null : schema;
      const keys = new KeyReader(partitioning.key, keySchema, keyFunction);
      const handsOn = partitioning.kind === 'hash';
      return new KeyDealer({ keys, channels, maxParallelism, handsOn });
    }
    case 'custom': {
      const [partitioner, keyFunction] = edgeFunctions[input]!;
      const { key } = partitioning;
      const by = key.kind === 'fields' ? key.fields[0]! : (keyFunction as KeyFunction);
      return new CustomDealer(partitioner as Partitioner, by, schema, channels);
    }
  }
}

/** What reads the keys of rows that lie by key as the user vouches, by input of the operator; null where no input has such rows. */
export function placedKeys(
  graph: LogicalGraph,
  bindings: Bindings,
  toNode: NodeId,
): readonly (KeyReader | null)[] | null {
  const { inputs } = graph.nodes[toNode]!;
  if (inputs.every(({ keyedBy }) => keyedBy === undefined)) return null;
  return [0, 1].map((operatorInput) => {
    const input = inputs.findIndex(
      (edge) => (edge.operatorInput ?? 0) === operatorInput && edge.keyedBy !== undefined,
    );
    if (input < 0) return null;
    const key = inputs[input]!.keyedBy!;
    const code = bindings[toNode]!.edgeFunctions[input]!.at(-1);
    const keyFunction = key.kind === 'function' ? (code as KeyFunction) : null;
    const isAlike = keySchemaBefore(graph, toNode, operatorInput) !== null;
    const schema = isAlike ? schemaBefore(graph, toNode, operatorInput) : null;
    return new KeyReader(key, schema, keyFunction);
  });
}
