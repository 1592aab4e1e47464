/** The source of the loops that operators generate, for batches without absent values and dictionaries. */
import { rowSourceOf } from '../data/batch-loops.ts';
import type { Schema } from '../data/schema.ts';
import { fusedStep, type OperatorPlan, recordSchema } from './create-operator.ts';
import { FusedLoops } from './fused-codegen.ts';
import { isStateless } from './operator-spec.ts';
import { addSource } from './window/aggregate-codegen.ts';
import { planAggregates } from './window/aggregate-plan.ts';

export type GeneratedLoop = { readonly what: string; readonly source: string };

/** The loops of one operator: of one node, or of a run of stateless nodes. */
export function generatedLoops(
  plans: readonly OperatorPlan[],
  inputSchema: Schema | null,
): readonly GeneratedLoop[] {
  const { spec } = plans[0]!;
  if (isStateless(spec)) {
    const source = new FusedLoops(plans.map(fusedStep), inputSchema).sourceFor(
      rowSourceOf(inputSchema),
    );
    return [{ what: 'all steps of a row', source }];
  }
  if (spec.type === 'windowAggregate' && spec.partialsOf !== null) return [];
  if (
    spec.type === 'windowAggregate' ||
    spec.type === 'preAggregate' ||
    spec.type === 'countWindow'
  ) {
    const schema = spec.type === 'preAggregate' ? recordSchema(spec.fields) : inputSchema;
    const source = addSource(planAggregates(spec.aggregates, schema), rowSourceOf(schema));
    return [{ what: 'rows into the accumulators of their keys', source }];
  }
  return [];
}
