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
import type { Bindings, LogicalGraph } from './graph.ts';
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
function keySchemaBefore(graph: LogicalGraph, { toNode, operatorInput }: Exchange): Schema | null {
  const keys = [0, 1].map((input) => {
    const edge = graph.nodes[toNode]!.inputs.find((e) => (e.operatorInput ?? 0) === input);
    return edge?.partitioning.kind === 'hash' ? edge.partitioning.key : null;
  });
  const [first, second] = keys;
  if (first === null || second === null) return schemaBefore(graph, toNode, operatorInput);
  const schemas = [schemaBefore(graph, toNode, 0), schemaBefore(graph, toNode, 1)] as const;
  return keySchemas([first!, second!], schemas)[operatorInput]!;
}

/** What deals the rows of an exchange; null where whole batches go one way, or every way. */
export function exchangeDealer(exchange: Exchange, options: DealerOptions): Dealer | null {
  const { partitioning, fromNode, side, toNode, input } = exchange;
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
      const keySchema = keySchemaBefore(graph, exchange) === null ? null : schema;
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
