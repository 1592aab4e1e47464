/**
 * State that belongs to no key: `operatorState: { waiting: list(Payment) }` of a subtask, and broadcast state, which is the same
 * in all of them: `rules.broadcast({ rules: map(t.string, Rule) })`.
 */
import { wrong } from '../base/options.ts';
import type { OperatorStateSpec, StateSpec } from '../operator/process/process-spec.ts';
import type { ListState, MapState, ReadonlyMapState } from '../state/handles.ts';
import type { TypeSpec } from '../state/value-type.ts';
import {
  isDescriptor,
  type StateDescriptor,
  statesByName,
  typeSpec,
  type ValueTypeOf,
} from './state.ts';

declare const ELEMENT: unique symbol;

/** A list of which all elements come to every subtask after a restore. */
export type UnionDescriptor<T> = {
  readonly [ELEMENT]?: T;
  readonly kind: 'union';
  readonly type: TypeSpec;
};

/** Operator state of a process function, by name. */
export type OperatorStateDescriptors = Readonly<
  Record<string, StateDescriptor<ListState<unknown>> | UnionDescriptor<unknown>>
>;

/** What a function gets of its operator state. */
export type OperatorStateHandles<States> = {
  readonly [K in keyof States]: States[K] extends UnionDescriptor<infer T>
    ? ListState<T>
    : States[K] extends StateDescriptor<infer Handle>
      ? Handle
      : never;
};

/** Broadcast state, by name: maps. */
export type BroadcastDescriptors = Readonly<
  Record<string, StateDescriptor<MapState<unknown, unknown>>>
>;

/** What a function gets of broadcast state where it may only be read. */
export type BroadcastViews<States> = {
  readonly [K in keyof States]: States[K] extends StateDescriptor<MapState<infer Key, infer Value>>
    ? ReadonlyMapState<Key, Value>
    : never;
};

/**
 * Operator state of which, after a restore, every subtask gets the elements of all: `unionList(Offset)`. `open` then keeps
 * those that this subtask needs, or with each restore there are more. With `list(Offset)` they are spread evenly instead.
 */
export function unionList<T>(type: ValueTypeOf<T>): UnionDescriptor<T> {
  return { kind: 'union', type: typeSpec('unionList', type) };
}

/** The plain data of operator state. */
export function operatorStateSpecs(states: OperatorStateDescriptors): readonly OperatorStateSpec[] {
  return statesByName('process: operatorState', states).map(([name, state]): OperatorStateSpec => {
    const isList = isDescriptor(state) && (state.kind === 'list' || state.kind === 'union');
    if (!isList || ('ttl' in state && state.ttl !== null)) {
      throw wrong(
        `process: operatorState '${name}'`,
        'is made by list(...) or unionList(...), without a time to live',
        state,
      );
    }
    return { name, mode: state.kind, type: state.type };
  });
}

/** The plain data of broadcast state. */
export function broadcastSpecs(states: BroadcastDescriptors): readonly StateSpec[] {
  return statesByName('broadcast: the states', states).map(([name, state]): StateSpec => {
    if (!isDescriptor(state) || state.kind !== 'map' || state.ttl !== null) {
      throw wrong(
        `broadcast: state '${name}'`,
        'is made by map(...), without a time to live',
        state,
      );
    }
    const { kind, type: of, keyType, ttl } = state;
    return { name, kind, type: of, keyType, ttl };
  });
}
