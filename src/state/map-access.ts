/**
 * How entries of maps are found and used, by functions generated for each state: V8 sees one kind of key and of value at each place,
 * and inlines them into the function of the user.
 *
 *   get = (key) => { const slot = ...; const entry = find(slot, key); if (entry < 0) return undefined; ... };
 */
import { makerOf } from '../base/generated-code.ts';
import type { MapState } from './handles.ts';
import type { KeyScope } from './key-scope.ts';
import type { MapEntries } from './map-entries.ts';
import { fitsSource, type TypeSpec } from './value-type.ts';

export type FindEntry = (slot: number, identity: unknown) => number;

/** Looks at the entries of a small map one after the other, into the index of a larger one. */
export function findEntry(entries: MapEntries): FindEntry {
  const { scanned, source } = entries.keys;
  return makerOf(
    ['entries'],
    `'use strict';
const { keys, indexes } = entries;
return (slot, identity) => {
const start = entries.starts[slot];
const used = entries.used[slot];
if (used > ${scanned}) {
const at = indexes[slot].get(identity);
return at === undefined ? -1 : start + at;
}
const { cells } = keys;
for (let entry = start, end = start + used; entry < end; entry++) if (${source.isSame}) return entry;
return -1;
};
//# sourceURL=millrace-generated:map-entries`,
  )(entries) as FindEntry;
}

/** Functions that need no `this`. */
export type MapAccess = Pick<MapState<unknown, unknown>, 'get' | 'has' | 'set' | 'entries'>;

/** What the functions work on. */
export type MapParts = {
  readonly entries: MapEntries;
  readonly scope: KeyScope;
  /** Of what is used, in messages. */
  readonly what: string;
  /** A value that does not lie in columns, as it is kept; refuses what does not fit. */
  readonly own: (value: unknown) => unknown;
};

/** Of a state without a time to live. */
export function mapAccess(type: TypeSpec, parts: MapParts): MapAccess {
  return makerOf(['parts'], accessSource(type, parts.entries))(parts) as MapAccess;
}

function accessSource(type: TypeSpec, { keys, values }: MapEntries): string {
  const { fits, identity, given } = keys.source;
  const key =
    fits === null ? 'keys.identityOf(key)' : `${fits} ? ${identity} : keys.identityOf(key)`;
  const { source } = values;
  const slot = 'const slot = scope.slot < 0 ? scope.require(what) : scope.slot;\n';
  const write =
    source === null
      ? 'store.set(slot, own(value));\n'
      : `if (value === null || !(${fitsSource(type)})) {
store.set(slot, own(value));
return;
}
${source.write}`;
  return `'use strict';
const { entries, scope, what, own } = parts;
const { keys, values: store, find } = entries;
const read = (slot) => {
${source === null ? 'return store.get(slot);\n' : `${source.read}return undefined;\n`}};
const write = (slot, value) => {
${write}};
const get = (key) => {
${slot}const entry = find(slot, ${key});
return entry < 0 ? undefined : read(entry);
};
const has = (key) => {
${slot}return find(slot, ${key}) >= 0;
};
const set = (key, value) => {
${slot}const identity = ${key};
const entry = find(slot, identity);
if (entry >= 0) write(entry, value);
else setNew(slot, identity, value);
};
const setNew = (slot, identity, value) => {
const kept = own(value);
store.set(entries.add(slot, identity), kept);
};
const all = () => {
${slot}const { cells } = keys;
if (entries.used[slot] > ${keys.scanned}) {
return entries.of(slot).map((entry) => [${given}, read(entry)]);
}
const start = entries.starts[slot];
const found = new Array(entries.used[slot]);
for (let n = 0; n < found.length; n++) {
const entry = start + n;
found[n] = [${given}, read(entry)];
}
return found;
};
return { get, has, set, entries: all };
//# sourceURL=millrace-generated:map-state`;
}
