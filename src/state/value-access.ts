/**
 * The methods of a value state without a time to live, generated for each state: V8 sees one kind of value at each place, and
 * inlines them into the function of the user, where a record that is only looked at is no object.
 *
 *   get = () => { const slot = ...; if (store.flags[slot] === 1) return store.numbers[slot]; ... return fallback; };
 */
import { makerOf } from '../base/generated-code.ts';
import type { ValueState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import type { SlotSource, SlotValues } from './slot-access.ts';
import { fitsSource, type TypeSpec } from './value-type.ts';

/** Functions that need no `this`. */
export type ValueAccess = Pick<ValueState<unknown, unknown>, 'get' | 'set' | 'update'>;

/** What the functions work on. */
export type ValueParts = {
  readonly store: SlotValues;
  readonly scope: KeyScope;
  /** Of what is used, in messages. */
  readonly what: string;
  readonly fallback: unknown;
  /** Sets what is undefined or null, and refuses what does not fit. */
  readonly setAny: (slot: number, value: unknown) => void;
};

export function valueAccess(source: SlotSource, type: TypeSpec, parts: ValueParts): ValueAccess {
  return makerOf(['parts'], accessSource(source, type))(parts) as ValueAccess;
}

function accessSource({ read, write }: SlotSource, type: TypeSpec): string {
  return `'use strict';
const { store, scope, what, fallback, setAny } = parts;
const get = () => {
const slot = scope.slot < 0 ? scope.require(what) : scope.slot;
${read}return fallback;
};
const set = (value) => {
const slot = scope.slot < 0 ? scope.require(what) : scope.slot;
if (value === null || !(${fitsSource(type)})) {
setAny(slot, value);
return;
}
${write}};
const update = (fn) => {
const value = fn(get());
set(value);
return value;
};
return { get, set, update };
//# sourceURL=millrace-generated:value-state`;
}
