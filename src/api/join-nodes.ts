/** Nodes of joins in windows: the fast operator for tumbling and sliding windows that fire once, the general one for all others. */
import type { NodeId } from '../graph/graph.ts';
import type { WindowJoinSpec } from '../operator/join/window-join.ts';
import type { WindowSpec } from '../operator/window/window.ts';
import type { InputEdge } from './graph-builder.ts';
import { type KeyedParts, keyedEdges } from './keyed-parts.ts';
import { assigned, isStaggered, type WindowSettings } from './window-nodes.ts';
import type { PairWindow } from './windows.ts';

/** Two keyed streams, the windows in which they meet, and what was said about these. */
export type WindowJoinParts = Pick<WindowJoinSpec, 'lateTo'> & {
  readonly left: KeyedParts;
  readonly right: KeyedParts;
  readonly window: PairWindow<never>;
  readonly settings: Omit<WindowSettings, 'lateTo'>;
};

/** What is made of the rows of a window, and the function that does. */
export type JoinWork = Pick<WindowJoinSpec, 'takes'> & {
  readonly name: string;
  readonly code: object;
};

export function addWindowJoin(
  { left, right, window, settings, lateTo }: WindowJoinParts,
  { takes, name, code }: JoinWork,
): NodeId {
  const { builder } = left;
  const keys = [left.key, right.key] as const;
  const functions = [...left.functions, ...right.functions, code];
  const node = { name, inputs: joinedEdges(left, right), schema: null };
  if (isFast(window, settings)) {
    const operator = { type: 'windowJoin', keys, window, takes, lateTo } as const;
    return builder.add({ ...node, operator, functions });
  }
  const work = { kind: 'joined', takes, by: functions.length - 1, process: null } as const;
  const add = (more: object): number => functions.push(more) - 1;
  const { latenessMs } = settings;
  const spec = { ...assigned(window, settings, add), latenessMs, work, states: [] };
  const operator = { type: 'generalJoin', keys, window: spec, lateTo } as const;
  return builder.add({ ...node, operator, functions });
}

/** Whether nothing was said that the fast operator cannot do. */
function isFast(
  window: PairWindow<never>,
  { trigger, evictor, latenessMs }: WindowJoinParts['settings'],
): window is WindowSpec {
  const isFastKind = window.kind === 'tumbling' || window.kind === 'sliding';
  return (
    isFastKind && !isStaggered(window) && trigger === null && evictor === null && latenessMs === 0
  );
}

/** Edges into a step that takes two streams by key. */
export function joinedEdges(left: KeyedParts, right: KeyedParts): readonly InputEdge[] {
  return [...keyedEdges(left), ...keyedEdges(right).map((edge) => ({ ...edge, operatorInput: 1 }))];
}
