/** The states that a job declares, as a snapshot has them: for those that no snapshot has yet. */
import type { BuiltJob } from '../../graph/job-registry.ts';
import { keptStatesOf } from '../../graph/kept-states.ts';
import { newKeyGroups, parallelismOf } from '../../graph/parallelism.ts';
import type { Manifest, OperatorManifest, StateManifest } from '../checkpoint.ts';
import { isRewritable } from './keyed-shape.ts';

export type DeclaredState = {
  readonly uid: string;
  /** Of the operator. */
  readonly operator: string;
  /** Key groups of the operator, in a snapshot with so many. */
  keyGroups(ofJob: number): number;
  readonly state: Pick<StateManifest, 'name' | 'kind' | 'fields'>;
};

/** Those that can be written from outside and whose types the job tells: the keyed states of its process functions. */
export function declaredStates({ graph, bindings }: BuiltJob): readonly DeclaredState[] {
  const processing = graph.nodes.filter(({ operator }) => operator.type === 'process');
  return processing.flatMap((node) =>
    keptStatesOf(graph, node, bindings[node.id]!)
      .filter(({ stored, kind }) => isRewritable({ name: stored, kind }))
      .map(({ stored, kind, fields }) => ({
        uid: node.uid,
        operator: node.name,
        keyGroups: (maxParallelism) =>
          newKeyGroups(node, parallelismOf(graph, node, { parallelism: 1 }), {
            maxParallelism,
            isAsked: false,
          }),
        state: { name: stored, kind, fields },
      })),
  );
}

/** The manifest with states that it does not have yet, without a row. */
export function withEmptyStates(manifest: Manifest, states: readonly DeclaredState[]): Manifest {
  const { maxParallelism } = manifest;
  const operators = states.reduce<readonly OperatorManifest[]>(
    (all, state) => withEmptyState(all, state, maxParallelism),
    manifest.operators,
  );
  return { ...manifest, operators };
}

function withEmptyState(
  operators: readonly OperatorManifest[],
  { uid, operator, keyGroups, state }: DeclaredState,
  ofJob: number,
): readonly OperatorManifest[] {
  const at = operators.findIndex((one) => one.uid === uid);
  const known: OperatorManifest = operators[at] ?? {
    ...{
      uid,
      name: operator,
      parallelism: 1,
      maxParallelism: keyGroups(ofJob),
      windows: null,
      rows: null,
      keptBy: null,
    },
    ...{ states: [], committables: [] },
  };
  if (known.states.some(({ name }) => name === state.name)) return operators;
  const next = { ...known, states: [...known.states, { ...state, parts: [] }] };
  return at < 0 ? [...operators, next] : operators.with(at, next);
}
