/** From the plain data of a node and its live halves to the operator; stateless runs become one operator. */
import { assert, unreachable } from '../base/assert.ts';
import { type Field, type Schema, schemaOf } from '../data/schema.ts';
import { AsOperator } from './as.ts';
import { AsyncOperator } from './async/async-operator.ts';
import { type MakePool, poolOfNoThreads } from './async/function-pool.ts';
import { ParallelOperator } from './async/parallel-operator.ts';
import { MatchOperator } from './cep/match-operator.ts';
import { EventTimeOperator } from './event-time.ts';
import { FusedOperator } from './fused.ts';
import type { FusedStep } from './fused-steps.ts';
import { createGeneralJoin } from './join/general-join.ts';
import { IntervalJoinOperator } from './join/interval-join.ts';
import { WindowJoinOperator } from './join/window-join.ts';
import type { Operator } from './operator.ts';
import { isStateless, type OperatorSpec } from './operator-spec.ts';
import { PartitionOperator } from './partition/partition-operator.ts';
import { ProcessOperator } from './process/process-operator.ts';
import { BatchRollingOperator } from './rolling-batch.ts';
import { StreamRollingOperator } from './rolling-stream.ts';
import { SideOperator } from './side.ts';
import type { Sink } from './sink.ts';
import { SinkOperator } from './sink-operator.ts';
import { CountWindowOperator } from './window/count-window.ts';
import { createGeneralWindow } from './window/general/create-general-window.ts';
import { PreAggregateOperator } from './window/pre-aggregate.ts';
import { WindowAggregateOperator } from './window/window-aggregate.ts';

/** One node of a chain. */
export type OperatorPlan = {
  readonly name: string;
  readonly spec: OperatorSpec;
  readonly functions: readonly object[];
  readonly sink: Sink | null;
  readonly trace?: Error | undefined;
};

export type OperatorPlace = {
  /** Of the first input, and of the second where there are two; null for free-form rows. */
  readonly schemas: readonly [Schema | null, Schema | null];
  /** Of this run of the step, for a sink. */
  readonly runId: string;
  /** Whether the job runs in batch. */
  readonly isBatch: boolean;
  /** Makes threads for a function that wants some; left out where there are none. */
  readonly makePool?: MakePool;
};

/** The operator of one node, or of a run of stateless nodes. */
export function createOperator(plans: readonly OperatorPlan[], place: OperatorPlace): Operator {
  const { schemas, runId, isBatch, makePool = poolOfNoThreads } = place;
  const [inputSchema] = schemas;
  const { spec, functions, sink } = plans[0]!;
  if (isStateless(spec)) return new FusedOperator(plans.map(fusedStep), inputSchema);
  if (spec.type === 'preAggregate' && plans.length === 2) {
    return new WindowAggregateOperator({
      ...spec,
      inputSchema: recordSchema(spec.fields),
      functions,
      takesPartials: false,
      lateTo: null,
    });
  }
  assert(
    plans.length === 1,
    'only stateless operators, and the halves of an aggregation, are fused',
  );
  switch (spec.type) {
    case 'preAggregate':
      return new PreAggregateOperator({
        ...spec,
        inputSchema: recordSchema(spec.fields),
        functions,
      });
    case 'side':
      return new SideOperator();
    case 'as':
      return new AsOperator(spec.fields);
    case 'eventTime':
      return new EventTimeOperator(spec.eventTime, inputSchema, functions);
    case 'windowAggregate':
      return new WindowAggregateOperator({
        ...spec,
        inputSchema: spec.partialsOf === null ? inputSchema : recordSchema(spec.partialsOf.fields),
        functions,
        takesPartials: spec.partialsOf !== null,
      });
    case 'countWindow':
      return new CountWindowOperator({ ...spec, inputSchema, functions });
    case 'window':
      return createGeneralWindow({ ...spec, inputSchema, functions });
    case 'rolling':
      return isBatch
        ? new BatchRollingOperator({ ...spec, inputSchema, functions })
        : new StreamRollingOperator({ ...spec, inputSchema, functions });
    case 'partition':
      return new PartitionOperator({ ...spec, inputSchema, functions });
    case 'process':
      return new ProcessOperator({ ...spec, schemas, functions });
    case 'async':
      return new AsyncOperator({ ...spec, functions });
    case 'parallel':
      return new ParallelOperator({ ...spec, functions, makePool });
    case 'match':
      return new MatchOperator({ ...spec, inputSchema, functions });
    case 'intervalJoin':
      return new IntervalJoinOperator({ ...spec, schemas, functions });
    case 'windowJoin':
      return new WindowJoinOperator({ ...spec, schemas, functions });
    case 'generalJoin':
      return createGeneralJoin({ ...spec, schemas, functions });
    case 'sink':
    case 'collect':
      return new SinkOperator(sink!, inputSchema, runId);
    case 'source':
      throw new Error('assertion failed: a source is read by its subtask');
    default:
      return unreachable(spec);
  }
}

export function recordSchema(fields: readonly Field[] | null): Schema | null {
  return fields === null ? null : schemaOf(fields);
}

/** A stateless node as a step of a run. */
export function fusedStep(plan: OperatorPlan): FusedStep {
  assert(isStateless(plan.spec), 'a fused step is stateless');
  return {
    name: plan.name,
    trace: plan.trace,
    spec: plan.spec,
    code: (plan.functions[0] as FusedStep['code'] | undefined) ?? null,
  };
}
