/**
 * The states that a node has in a snapshot. Those of process functions are asked of the operator itself, which also says what
 * it can still read; of the others the definition says what their rows mean, and it has to be as it was.
 */
import { type KeySpec, keyFields } from '../data/key.ts';
import type { Schema } from '../data/schema.ts';
import { recordSchema } from '../operator/create-operator.ts';
import { ProcessOperator } from '../operator/process/process-operator.ts';
import type { ProcessDefinition } from '../operator/process/process-spec.ts';
import { planPartials } from '../operator/window/partials.ts';
import type { KeptState } from '../state/snapshot.ts';
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
export function processOperatorOf(
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
      const { latenessMs: _, ...window } = operator.window;
      return [state('windows', { ...keyed(operator.key, first), window, of })];
    }
    case 'generalJoin': {
      const { latenessMs: _, ...window } = operator.window;
      return [state('windows', { keys: operator.keys, window, of })];
    }
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
