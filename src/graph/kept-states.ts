/**
 * The states that a node has in a snapshot. Those of process functions are asked of the operator itself, which also says what
 * it can still read; of the others the definition says what their rows mean, and it has to be as it was.
 */
import { KeyReader, type KeySpec, keyFields } from '../data/key.ts';
import { type Schema, schemaOf } from '../data/schema.ts';
import { recordSchema } from '../operator/create-operator.ts';
import type { OperatorSpec } from '../operator/operator-spec.ts';
import { KeyedStates } from '../operator/process/keyed-states.ts';
import { ProcessOperator } from '../operator/process/process-operator.ts';
import type { ProcessDefinition } from '../operator/process/process-spec.ts';
import { stateKey } from '../operator/read-key.ts';
import type { WindowFunctionCode } from '../operator/window/general/window-function.ts';
import { planPartials } from '../operator/window/partials.ts';
import type { KeptState, RestoredState } from '../state/snapshot.ts';
import type { LogicalGraph, LogicalNode, NodeBindings } from './graph.ts';
import { keptBy } from './kept-by.ts';
import { storedRows } from './kept-rows.ts';
import { describeWindows, keptWindowsOf, storedWindows } from './kept-windows.ts';
import { schemaBefore } from './node-schemas.ts';

/** A state and what its rows mean beside their fields: windows, patterns, the kind of a source. */
export type ShapedState = KeptState & {
  /** Null where the fields tell all; those of a record may come and go. */
  readonly meaning: string | null;
  /** The windows that it is of, to people; left out where there are none. */
  readonly windows?: string;
};

/** The operator of a process function, to be asked; it has not been opened. */
function processOperatorOf(
  graph: LogicalGraph,
  { id, operator }: LogicalNode,
  { functions }: NodeBindings,
): ProcessOperator | null {
  if (operator.type !== 'process') return null;
  const schemas = [schemaBefore(graph, id, 0), schemaBefore(graph, id, 1)] as const;
  return new ProcessOperator({ ...operator, schemas, functions });
}

/** The states of a node; empty for one that keeps none. */
export function keptStatesOf(
  graph: LogicalGraph,
  node: LogicalNode,
  bindings: NodeBindings,
): readonly ShapedState[] {
  const states = statesOf(graph, node, bindings);
  if (keptWindowsOf(node.operator) === null) return states;
  const windows = describeWindows(storedWindows(node.operator));
  return states.map((one) => ({ ...one, windows }));
}

function statesOf(
  graph: LogicalGraph,
  node: LogicalNode,
  bindings: NodeBindings,
): readonly ShapedState[] {
  const { operator, id } = node;
  const before = [schemaBefore(graph, id, 0), schemaBefore(graph, id, 1)] as const;
  const [first] = before;
  const of = storedRows(graph, node);
  switch (operator.type) {
    case 'source':
      return [state('positions', sourceMeaning(node, bindings))];
    case 'sink':
      return sinkStates(node, bindings);
    case 'eventTime':
      return [state('greatest event time', null)];
    case 'async':
    case 'parallel':
      return [state('requests', null)];
    case 'windowAggregate': {
      const { key, window, aggregates, partialsOf } = operator;
      const rows = partialsOf === null ? first : recordSchema(partialsOf.fields);
      const { fields } = planPartials(key, aggregates, rows).schema;
      return [state('panes', { key, window, aggregates, fields, of })];
    }
    case 'countWindow': {
      const { key, window, aggregates } = operator;
      const { fields } = planPartials(key, aggregates, first).schema;
      return [state('windows', { key, window, aggregates, fields, of })];
    }
    case 'window': {
      const kept = keptOfWindows(node, bindings, first);
      const windows = state('windows', { ...keyed(operator.key, first), ...kept, of });
      const ofFunction = windowFunctionStates(graph, node, bindings)?.keptStates() ?? [];
      return [windows, ...ofFunction.map((one) => ({ ...one, meaning: null }))];
    }
    case 'generalJoin':
      return [
        state('windows', { keys: operator.keys, ...keptOfWindows(node, bindings, null), of }),
      ];
    case 'rolling': {
      const { key, rolling } = operator;
      return [state('values', { ...keyed(key, first), rolling, of })];
    }
    case 'partition':
      return [state('rows', { work: operator.work, of })];
    case 'match': {
      const { timedOutTo: _timedOut, lateTo: _late, ...match } = operator.match;
      return [state('matches', { ...keyed(operator.key, first), match, of })];
    }
    case 'intervalJoin':
    case 'windowJoin': {
      const { lateTo: _, ...join } = operator;
      return [state('rows of both sides', { join, of })];
    }
    case 'process':
      return processStates(graph, node, bindings);
    default:
      return [];
  }
}

/** A state that is read only by what has written it. */
function state(name: string, meaning: unknown): ShapedState {
  return { name, stored: name, kind: 'list', fields: [], meaning: JSON.stringify(meaning) };
}

function keyed(key: KeySpec, schema: Schema | null) {
  return { key, keyFields: keyFields(key, schema) };
}

/**
 * What is kept of each window. When a trigger fires is no matter, nor which records an evictor takes, nor how late ones may be: all
 * that is looked at when a window fires.
 */
function keptOfWindows(node: LogicalNode, { functions }: NodeBindings, schema: Schema | null) {
  const { operator } = node as LogicalNode & { operator: OfWindows };
  const { work, evictor, assigner } = operator.window;
  const code = work.process === null ? undefined : (functions[work.process] as WindowFunctionCode);
  const keepsRows = work.kind === 'process' || (work.kind !== 'joined' && evictor !== null);
  return {
    assigner,
    trigger: keptBy(node),
    contents: keepsRows
      ? 'rows'
      : work.kind === 'aggregate'
        ? planPartials(ONE_KEY, work.aggregates, schema).schema.fields
        : work.kind,
    hasWindowState: code?.windowState !== undefined,
  };
}

type OfWindows = Extract<OperatorSpec, { readonly type: 'window' | 'generalJoin' }>;

const ONE_KEY: KeySpec = { kind: 'all' };

/** The states of keys that a function of windows has, to be asked; null where it has none. */
function windowFunctionStates(
  graph: LogicalGraph,
  { id, operator }: LogicalNode,
  { functions }: NodeBindings,
): KeyedStates | null {
  if (operator.type !== 'window' || operator.window.states.length === 0) return null;
  const { key, window } = operator;
  const { state: live = {} } = functions[window.work.process!] as WindowFunctionCode;
  return new KeyedStates(key, schemaBefore(graph, id, 0), false, window.states, live);
}

/** Takes the state that functions of a node have declared from a snapshot, as a restore does; nothing where there is none. */
export function restoreDeclared(
  graph: LogicalGraph,
  node: LogicalNode,
  bindings: NodeBindings,
  restored: RestoredState,
): void {
  processOperatorOf(graph, node, bindings)?.restore(restored);
  const ofWindows = windowFunctionStates(graph, node, bindings);
  if (ofWindows === null) return;
  const { key } = node.operator as OfWindows & { readonly type: 'window' };
  const fields = schemaOf(keyFields(key, schemaBefore(graph, node.id, 0)));
  ofWindows.restore(restored, new KeyReader(stateKey(key), fields, null));
}

/** What positions in a source are about: split of the same kind, in as many stages. */
function sourceMeaning(node: LogicalNode, { source }: NodeBindings): unknown {
  const { assignment } = source!;
  return { kind: keptBy(node), stages: typeof assignment === 'string' ? null : assignment.length };
}

/** A sink that prepares its output keeps what is not complete yet. */
function sinkStates(node: LogicalNode, { sink }: NodeBindings): readonly ShapedState[] {
  const { prepare, discard } = sink!;
  return prepare === undefined && discard === undefined ? [] : [state('open output', keptBy(node))];
}

function processStates(
  graph: LogicalGraph,
  node: LogicalNode,
  bindings: NodeBindings,
): readonly ShapedState[] {
  const operator = processOperatorOf(graph, node, bindings)!;
  const states = operator.keptStates().map((kept) => ({ ...kept, meaning: null }));
  const definition = bindings.functions.at(-1) as ProcessDefinition;
  return definition.onTimer === undefined ? states : [...states, state('timers', null)];
}
