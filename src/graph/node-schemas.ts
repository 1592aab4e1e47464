/** Which schema the rows of a node have, before it and behind it. */
import { type Schema, sameSchema, schemaOf } from '../data/schema.ts';
import type { LogicalGraph, NodeId } from './graph.ts';

/** Of the rows that leave a node by one of its outputs; null for free-form rows, which those of side outputs are. */
export function schemaBehind(
  graph: LogicalGraph,
  node: NodeId,
  side: string | null = null,
): Schema | null {
  if (side !== null) return null;
  const fields = graph.nodes[node]!.schema;
  return fields === null ? null : schemaOf(fields);
}

/** Of the rows that reach an input of a node; null also when several streams of different rows meet there. */
export function schemaBefore(graph: LogicalGraph, node: NodeId, input = 0): Schema | null {
  const [first, ...others] = graph.nodes[node]!.inputs.filter(
    ({ operatorInput = 0 }) => operatorInput === input,
  ).map(({ from, side }) => schemaBehind(graph, from, side ?? null));
  return others.every((schema) => sameSchema(schema, first!)) ? (first ?? null) : null;
}
