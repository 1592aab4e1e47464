/**
 * Of which rows the state of a step is: whole ones that it keeps, or fields that its accumulators are of. What is kept tells less
 * than that (the sum of an int32 is a float64, a reduce keeps objects), so that the fields stand beside it in checkpoints. State of a
 * process function is not meant: it is declared by the job, and tells its own types.
 */
import type { KeySpec } from '../data/key.ts';
import type { Field, Schema } from '../data/schema.ts';
import type { PlainData } from '../operator/source.ts';
import type { AggregateSpec } from '../operator/window/aggregate.ts';
import type { GeneralWindowSpec } from '../operator/window/general/window-spec.ts';
import type { LogicalGraph, LogicalNode } from './graph.ts';
import { schemaBefore } from './node-schemas.ts';

/** By input; null for free-form rows. */
export type KeptRows = readonly (readonly Field[] | null)[];

/** Null for a step whose state is not of rows. */
export function keptRowsOf(graph: LogicalGraph, { id, operator }: LogicalNode): KeptRows | null {
  const first = schemaBefore(graph, id, 0)?.fields ?? null;
  switch (operator.type) {
    case 'rolling':
    case 'match':
    case 'async':
    case 'parallel':
      return [first];
    case 'partition': {
      const { work } = operator;
      return [
        work.kind === 'aggregate' ? fieldsOf(first, { kind: 'all' }, work.aggregates) : first,
      ];
    }
    case 'windowAggregate': {
      const { partialsOf, key, aggregates } = operator;
      return [fieldsOf(partialsOf === null ? first : partialsOf.fields, key, aggregates)];
    }
    case 'countWindow':
      return [fieldsOf(first, operator.key, operator.aggregates)];
    case 'window':
      return [fieldsOfWindow(first, operator.key, operator.window)];
    case 'intervalJoin':
    case 'windowJoin':
    case 'generalJoin':
      return [first, schemaBefore(graph, id, 1)?.fields ?? null];
    default:
      return null;
  }
}

/** What stands in a checkpoint. */
export function storedRows(graph: LogicalGraph, node: LogicalNode): PlainData {
  return keptRowsOf(graph, node) as PlainData;
}

/** Those that the key and the accumulators are of: other fields may come and go. */
function fieldsOf(
  fields: Schema['fields'] | null,
  key: KeySpec,
  aggregates: readonly AggregateSpec[],
): readonly Field[] | null {
  const read = new Set([
    ...(key.kind === 'fields' ? key.fields : []),
    ...aggregates.flatMap(({ input }) => (input.kind === 'field' ? [input.field] : [])),
  ]);
  return fields?.filter(({ name }) => read.has(name)) ?? null;
}

/** An evictor needs the rows, and so may a trigger. */
function fieldsOfWindow(
  fields: Schema['fields'] | null,
  key: KeySpec,
  { work, evictor, trigger }: GeneralWindowSpec,
): readonly Field[] | null {
  const keepsRows =
    work.kind !== 'aggregate' || evictor !== null || JSON.stringify(trigger).includes('"delta"');
  return keepsRows ? fields : fieldsOf(fields, key, work.aggregates);
}
