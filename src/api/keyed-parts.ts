/** What a keyed stream is of, and the edges by which its rows reach a step. */
import type { KeySpec } from '../data/key.ts';
import type { Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';

export type KeyedParts = {
  readonly builder: GraphBuilder;
  /** Several for a union. */
  readonly inputs: readonly NodeId[];
  readonly schema: Schema | null;
  readonly key: KeySpec;
  /** The key function, if there is one. */
  readonly functions: readonly object[];
  /** Edges that bring rows to the subtasks of their keys already, as the user vouches; else rows are dealt by key. */
  readonly inPlace?: readonly InputEdge[];
};

/** Edges that deal the rows by their keys; or those of the stream, whose rows are said to lie by key already. */
export function keyedEdges({
  inputs,
  key,
  functions,
  inPlace,
}: Pick<KeyedParts, 'inputs' | 'key' | 'functions' | 'inPlace'>): readonly InputEdge[] {
  if (inPlace !== undefined) {
    return inPlace.map((edge) => ({
      ...edge,
      keyedBy: key,
      functions: [...(edge.functions ?? []), ...functions],
    }));
  }
  return inputs.map((from) => ({ from, partitioning: { kind: 'hash', key }, functions }));
}
