/** Nodes of windows: the fast operators for plain windows of aggregates, the general one for all others. */
import { EngineError } from '../base/errors.ts';
import type { KeySpec } from '../data/key.ts';
import { type Field, type Schema, schemaOf } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { StateSpec } from '../operator/process/process-spec.ts';
import { stateKey } from '../operator/read-key.ts';
import type { AggregateSpec } from '../operator/window/aggregate.ts';
import { type CountWindowSpec, countWindowFields } from '../operator/window/count-window.ts';
import { generalWindowFields } from '../operator/window/general/create-results.ts';
import {
  type AssignerSpec,
  type CumulatingSpec,
  canMerge,
  defaultTrigger,
  type GeneralWindowSpec,
  merges,
  type TriggerSpec,
  type WindowWork,
} from '../operator/window/general/window-spec.ts';
import { type NumberShape, shapesOf } from '../operator/window/number-shape.ts';
import { canTravel, planPartials } from '../operator/window/partials.ts';
import type { PaneWindow, WindowSpec } from '../operator/window/window.ts';
import { windowAggregateFields } from '../operator/window/window-aggregate.ts';
import type { Evictor } from './evictors.ts';
import { type KeyedParts, keyedEdges } from './keyed-parts.ts';
import type { Trigger } from './triggers.ts';
import type { AnyWindow } from './windows.ts';

/** What was said about windows beside what they are. */
export type WindowSettings = {
  readonly trigger: Trigger<never> | null;
  readonly evictor: Evictor<never> | null;
  readonly latenessMs: number;
  readonly lateTo: string | null;
};

/** A node, and the schema of its rows. */
export type AddedNode<Out> = { readonly node: NodeId; readonly schema: Schema<Out> | null };

type Inputs = { readonly inputs: readonly NodeId[]; readonly schema: Schema | null };

type PlainWindow = WindowSpec | CumulatingSpec | CountWindowSpec;

/** Whether nothing was said that the fast operators cannot do: theirs are cut into panes, which begin alike everywhere. */
export function isPlain(
  window: AnyWindow<never>,
  { trigger, evictor, latenessMs }: WindowSettings,
): window is PlainWindow {
  const isFastKind = ['tumbling', 'sliding', 'cumulating', 'count'].includes(window.kind);
  return (
    isFastKind && !isStaggered(window) && trigger === null && evictor === null && latenessMs === 0
  );
}

export function isStaggered(window: AnyWindow<never>): boolean {
  return 'stagger' in window && window.stagger !== undefined;
}

/** A row of aggregates for each plain window. `functions`: of the node. */
export function addPlainWindow<Out>(
  parts: KeyedParts,
  plain: PlainWindow,
  lateTo: string | null,
  aggregates: readonly AggregateSpec[],
  functions: readonly object[],
): AddedNode<Out> {
  const { builder, key } = parts;
  const window = inPanes(plain);
  const shapes = shapesOf(aggregates, functions);
  // What was added up before the exchange is not there any more to be sent to a side output.
  // Rows that lie by key already cross no exchange.
  const canHalve =
    parts.inPlace === undefined &&
    window.kind !== 'count' &&
    window.time === 'event' &&
    lateTo === null;
  if (canHalve && canTravel(aggregates, shapes, functions)) {
    return addInHalves(parts, window, aggregates, shapes, functions);
  }
  const { inputs, schema } = lateTo === null ? onlyNeeded(parts, aggregates) : parts;
  const isByCount = window.kind === 'count';
  const fields = isByCount
    ? countWindowFields(key, aggregates, schema)
    : windowAggregateFields(key, aggregates, schema);
  const out = schemaOf<Out>(fields);
  const node = builder.add({
    name: 'window',
    operator: isByCount
      ? { type: 'countWindow', key, window, aggregates }
      : { type: 'windowAggregate', key, window, aggregates, shapes, partialsOf: null, lateTo },
    inputs: keyedEdges({ ...parts, inputs }),
    schema: out,
    functions,
  });
  gatherAll(parts, node);
  return { node, schema: out };
}

function inPanes(window: PlainWindow): PaneWindow | CountWindowSpec {
  if (window.kind !== 'cumulating') return window;
  const { kind, time, maxMs, stepMs, offsetMs } = window;
  return { kind, time, sizeMs: maxMs, slideMs: stepMs, offsetMs };
}

/** Records are added up before the exchange already, and what crosses are partial results. */
function addInHalves<Out>(
  parts: KeyedParts,
  window: PaneWindow,
  aggregates: readonly AggregateSpec[],
  shapes: readonly (NumberShape | null)[],
  functions: readonly object[],
): AddedNode<Out> {
  const { builder, inputs, schema, key } = parts;
  const fields = schema?.fields ?? null;
  const partials = planPartials(key, aggregates, schema, shapes).sent;
  const halves = inputs.map((from) =>
    builder.add({
      name: 'window',
      operator: { type: 'preAggregate', key, window, aggregates, shapes, fields },
      inputs: [{ from, partitioning: { kind: 'forward' } }],
      schema: partials,
      functions,
      staysWithInput: true,
    }),
  );
  const out = schemaOf<Out>(windowAggregateFields(key, aggregates, schema));
  const partitioning = { kind: 'hash', key: stateKey(key) } as const;
  const partialsOf = { fields };
  const node = builder.add({
    name: 'window',
    operator: {
      type: 'windowAggregate',
      key,
      window,
      aggregates,
      shapes,
      partialsOf,
      lateTo: null,
    },
    inputs: halves.map((from) => ({ from, partitioning })),
    schema: out,
    functions,
  });
  for (const half of halves) builder.nameAfter(half, node);
  gatherAll(parts, node);
  return { node, schema: out };
}

/** What is made of windows in general, with the functions it refers to, and the rows it emits. */
export type GeneralWork = {
  readonly work: WindowWork;
  readonly functions: readonly object[];
  readonly states: readonly StateSpec[];
  /** Of the rows that a function emits; null for free-form rows, and where no function does. */
  readonly emits: readonly Field[] | null;
};

export function addGeneralWindow<Out>(
  parts: KeyedParts,
  window: AnyWindow<never>,
  settings: WindowSettings,
  { work, functions, states, emits }: GeneralWork,
): AddedNode<Out> {
  const { builder, key } = parts;
  const all = [...functions];
  const add = (code: object): number => all.push(code) - 1;
  const spec: GeneralWindowSpec = {
    ...assigned(window, settings, add),
    latenessMs: settings.latenessMs,
    work,
    states,
  };
  const readsRows = all.length > functions.length || spec.evictor !== null;
  const isNarrow = work.kind === 'aggregate' && !readsRows && settings.lateTo === null;
  const { inputs, schema } = isNarrow ? onlyNeeded(parts, work.aggregates) : parts;
  const fields =
    work.kind === 'aggregate' && work.process === null
      ? generalWindowFields(key, spec, work.aggregates, schema)
      : emits;
  const out = fields === null ? null : schemaOf<Out>(fields);
  const node = builder.add({
    name: 'window',
    operator: { type: 'window', key, window: spec, emits, lateTo: settings.lateTo },
    inputs: keyedEdges({ ...parts, inputs }),
    schema: out,
    functions: all,
  });
  gatherAll(parts, node);
  return { node, schema: out };
}

type Assigned = Pick<GeneralWindowSpec, 'assigner' | 'assignBy' | 'trigger' | 'evictor'>;

/** Which windows there are, and when they fire. EngineError JOB_DEFINITION for a trigger that cannot merge where they do. */
export function assigned(
  window: AnyWindow<never>,
  { trigger, evictor }: Pick<WindowSettings, 'trigger' | 'evictor'>,
  add: (code: object) => number,
): Assigned {
  if (window.kind === 'count') return ofCounts(window);
  const [assigner, assignBy] = assignerOf(window, add);
  const spec = trigger === null ? defaultTrigger(assigner) : trigger.bind(add);
  checkMerging(assigner, spec);
  return {
    assigner,
    assignBy,
    trigger: spec,
    evictor: evictor === null ? null : evictor.evict(add),
  };
}

function assignerOf(
  window: Exclude<AnyWindow<never>, CountWindowSpec>,
  add: (code: object) => number,
): [AssignerSpec, number | null] {
  if (window.kind === 'custom') {
    const { kind, time, merges: isMerging, assign } = window;
    return [{ kind, time, merges: isMerging }, add(assign)];
  }
  if (window.kind !== 'session') return [window, null];
  const { kind, time, gap } = window;
  return typeof gap === 'function'
    ? [{ kind, time, gapMs: null }, add(gap)]
    : [{ kind, time, gapMs: gap }, null];
}

/** Windows of counts by a trigger and, where they overlap, an evictor. */
function ofCounts({ size, slide }: CountWindowSpec): Assigned {
  const count: TriggerSpec = { kind: 'count', count: slide };
  const isTumbling = size === slide;
  return {
    assigner: { kind: 'global' },
    assignBy: null,
    trigger: isTumbling ? { kind: 'purging', of: count } : count,
    evictor: isTumbling ? null : { kind: 'count', count: size, isAfter: false },
  };
}

function checkMerging(assigner: AssignerSpec, trigger: TriggerSpec): void {
  if (!merges(assigner) || canMerge(trigger)) return;
  throw new EngineError(
    'JOB_DEFINITION',
    'trigger: these windows merge, and this trigger does not know how: give a customTrigger an onMerge, or take another',
  );
}

/** Columns that neither the key nor an aggregate reads need not go through the exchange. */
function onlyNeeded(parts: KeyedParts, aggregates: readonly AggregateSpec[]): Inputs {
  const { builder, inputs, schema, key, inPlace } = parts;
  if (inPlace !== undefined) return { inputs, schema };
  const needed = neededFields(key, aggregates);
  if (schema === null || needed === null) return { inputs, schema };
  const fields = schema.fields.filter((field) => needed.has(field.name));
  // Where a field is missing, the error is to list all there are.
  const isWhole = fields.length === schema.fields.length;
  if (isWhole || fields.length < needed.size) return { inputs, schema };
  const projected = schemaOf(fields);
  const project = (from: NodeId): NodeId =>
    builder.add({
      name: 'project',
      operator: { type: 'project', fields: fields.map((field) => field.name) },
      inputs: [{ from, partitioning: { kind: 'forward' } }],
      schema: projected,
      staysWithInput: true,
    });
  return { inputs: inputs.map(project), schema: projected };
}

/** Names of the fields that are read; null when functions may read any. */
function neededFields(key: KeySpec, aggregates: readonly AggregateSpec[]): Set<string> | null {
  if (key.kind === 'function') return null;
  const needed = new Set(key.kind === 'fields' ? key.fields : []);
  for (const { kind, input, user } of aggregates) {
    if (input.kind === 'function' || user !== null) return null;
    if (kind === 'collect' && input.kind === 'none') return null;
    if (input.kind === 'field') needed.add(input.field);
  }
  return needed;
}

/** One subtask for windows of all records: others would have none. */
function gatherAll({ builder, key }: KeyedParts, node: NodeId): void {
  if (key.kind === 'all') builder.configure(node, { parallelism: 1 });
}
