/** Adds the step of a process function, whatever inputs it has. */
import { EngineError } from '../base/errors.ts';
import { aPlainFunction, checkFunctions, type OptionRules, wrong } from '../base/options.ts';
import type { KeySpec } from '../data/key.ts';
import type { Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type {
  InputFunction,
  ProcessDefinition,
  ProcessInputSpec,
  StateSpec,
} from '../operator/process/process-spec.ts';
import { type Emits, emittedSchema } from './emits.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import { type KeyedParts, keyedEdges } from './keyed-parts.ts';
import { type OperatorStateDescriptors, operatorStateSpecs } from './operator-state.ts';
import { type StateDescriptors, stateSpecs } from './state.ts';

/** An input of the step. */
export type StepInput = {
  readonly edges: readonly InputEdge[];
  readonly key: KeySpec | null;
  /** The key function, if there is one. */
  readonly functions: readonly object[];
  readonly calls: InputFunction;
};

/** What is the same in all process functions, as far as the step needs it. */
type Definition<Out> = {
  readonly emits: Emits<Out>;
  readonly state?: StateDescriptors | undefined;
  readonly operatorState?: OperatorStateDescriptors | undefined;
};

export type ProcessStep<Out> = {
  readonly builder: GraphBuilder;
  readonly name: string;
  readonly inputs: readonly StepInput[];
  readonly definition: Definition<Out>;
  readonly broadcastStates: readonly StateSpec[];
};

const COMMON_PARTS = {
  emits: true,
  open: aPlainFunction,
  onCheckpointComplete: aPlainFunction,
  onCheckpointAborted: aPlainFunction,
  close: aPlainFunction,
} as const;
const KEYED_PARTS = { ...COMMON_PARTS, state: true, onTimer: aPlainFunction } as const;
const UNKEYED_PARTS = { ...COMMON_PARTS, operatorState: true } as const;

/** The edges of a keyed stream into a step. */
export function keyedInput(from: KeyedParts, calls: InputFunction): StepInput {
  const { key, functions } = from;
  return { edges: keyedEdges(from), key, functions, calls };
}

/** The edges of a stream that is not keyed. */
export function unkeyedInput(edges: readonly InputEdge[], calls: InputFunction): StepInput {
  return { edges, key: null, functions: [], calls };
}

/** Adds the step; its node, and the schema of its rows. */
export function addProcess<Out>(step: ProcessStep<Out>): {
  readonly node: NodeId;
  readonly schema: Schema<Out> | null;
} {
  const { builder, name, inputs, definition, broadcastStates } = step;
  checkDefinition(definition, inputs);
  const emits = emittedSchema('process', definition.emits);
  const node = builder.add({
    name,
    operator: {
      type: 'process',
      process: {
        inputs: inputs.map(({ key, calls }): ProcessInputSpec => ({ key, calls })),
        emits: emits?.fields ?? null,
        states: stateSpecs(definition.state ?? {}),
        operatorStates: operatorStateSpecs(definition.operatorState ?? {}),
        broadcastStates,
      },
    },
    inputs: inputs.flatMap(({ edges }, operatorInput) =>
      edges.map((edge) => (operatorInput === 0 ? edge : { ...edge, operatorInput })),
    ),
    schema: emits,
    functions: [
      ...inputs.flatMap(({ functions }) => functions),
      definition as unknown as ProcessDefinition,
    ],
  });
  return { node, schema: emits };
}

function checkDefinition(definition: object, inputs: readonly StepInput[]): void {
  const calls = inputs.map((input) => input.calls);
  if (typeof definition === 'function') {
    throw wrong('process', `takes { emits, ${calls.join(', ')} }`, definition);
  }
  if (inputs[0]!.key === null) refuseKeyedParts(definition);
  const rules: Record<string, true | typeof aPlainFunction> = {
    ...(inputs[0]!.key === null ? UNKEYED_PARTS : KEYED_PARTS),
    ...Object.fromEntries(calls.map((name) => [name, aPlainFunction])),
  };
  checkFunctions('process', definition, rules as OptionRules<typeof definition>);
  for (const name of calls) {
    aPlainFunction(`process: ${name}`, (definition as Record<string, unknown>)[name]);
  }
}

/** State and timers are those of a key. */
function refuseKeyedParts(definition: object): void {
  const part = ['state', 'onTimer'].find((name) => Object.hasOwn(Object(definition), name));
  if (part === undefined) return;
  throw new EngineError(
    'JOB_DEFINITION',
    `process: unknown option '${part}' without a key: call keyBy(...) in front of it; lists of a whole subtask are operatorState`,
  );
}
