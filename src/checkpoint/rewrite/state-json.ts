/**
 * Values of any shape as JSON and back, exactly: state is written to be read again. What JSON has is itself; all else is an
 * object of one field that begins with '#':
 *
 *   {"#number": "NaN"}    also "Infinity", "-Infinity", "-0"      {"#map": [[key, value], ...]}
 *   {"#bigint": "12"}                                             {"#set": [value, ...]}
 *   {"#date": "2026-01-31T12:00:00.000Z"}, or null for none       {"#undefined": true}
 *   {"#object": {...}}    an object that looks like one of these
 *   {"#clone": "..."}     what only Node can write, such as bytes and cycles (v8.serialize, in base64)
 */
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';

/** Values nested deeper are cloned: they may have no end. */
const DEPTH_MAX = 200;

type Json = unknown;

/**
 * A value as JSON.stringify writes it without loss:
 *
 *   JSON.stringify(toJson({ at: new Date(0), n: 12n }));
 */
export function toJson(value: unknown): Json {
  const within = new Set<object>();
  const json = partToJson(value, within);
  return json === ENDLESS ? cloned(value) : json;
}

/** In place of a value that has itself as a part, or is too deep. */
const ENDLESS = Symbol('endless');

function partToJson(value: unknown, within: Set<object>): Json | typeof ENDLESS {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { '#number': describe(value) };
    case 'bigint':
      return { '#bigint': String(value) };
    case 'undefined':
      return { '#undefined': true };
    case 'object':
      return value === null ? null : objectToJson(value, within);
    case 'string':
    case 'boolean':
      return value;
    default:
      return cloned(value);
  }
}

function objectToJson(value: object, within: Set<object>): Json | typeof ENDLESS {
  if (value instanceof Date) {
    return { '#date': Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (within.has(value) || within.size >= DEPTH_MAX) return ENDLESS;
  within.add(value);
  const parts = partsOf(value, within);
  within.delete(value);
  return parts;
}

function partsOf(value: object, within: Set<object>): Json | typeof ENDLESS {
  if (Array.isArray(value)) return listToJson(value, within);
  if (value instanceof Set) return tagged('#set', listToJson([...value], within));
  if (value instanceof Map) return tagged('#map', listToJson([...value], within));
  const above: unknown = Object.getPrototypeOf(value);
  if (above !== Object.prototype && above !== null) return cloned(value);
  const values = listToJson(Object.values(value), within);
  if (values === ENDLESS) return ENDLESS;
  const names = Object.keys(value);
  const json = Object.fromEntries(names.map((name, i) => [name, (values as readonly Json[])[i]]));
  return tagOf(value) === null ? json : { '#object': json };
}

function listToJson(list: readonly unknown[], within: Set<object>): Json[] | typeof ENDLESS {
  const parts = Array.from(list, (part) => partToJson(part, within));
  return parts.includes(ENDLESS) ? ENDLESS : parts;
}

function tagged(tag: string, parts: Json | typeof ENDLESS): Json | typeof ENDLESS {
  return parts === ENDLESS ? ENDLESS : { [tag]: parts };
}

function cloned(value: unknown): Json {
  return { '#clone': serialize(value).toString('base64') };
}

/** The one field of an object that looks like a tag; null for all others. */
function tagOf(value: object): string | null {
  const names = Object.keys(value);
  return names.length === 1 && names[0]!.startsWith('#') ? names[0]! : null;
}

/**
 * What `toJson` had; throws an Error with what is wrong with it.
 *
 *   fromJson(JSON.parse('{"at":{"#date":"1970-01-01T00:00:00.000Z"},"n":{"#bigint":"12"}}'));
 */
export function fromJson(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const tag = tagOf(json);
  if (tag !== null) return untagged(tag, (json as Readonly<Record<string, Json>>)[tag]);
  return fieldsFromJson(json);
}

function fieldsFromJson(json: object): unknown {
  return Object.fromEntries(Object.entries(json).map(([name, part]) => [name, fromJson(part)]));
}

const NUMBERS: ReadonlyMap<Json, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['-0', -0],
]);

function untagged(tag: string, json: Json): unknown {
  const wrong = (wanted: string): Error =>
    new Error(`${JSON.stringify({ [tag]: json }).slice(0, 60)} is no value: ${wanted}`);
  switch (tag) {
    case '#number': {
      const number = NUMBERS.get(json);
      if (number === undefined) throw wrong(`#number is one of ${[...NUMBERS.keys()].join(', ')}`);
      return number;
    }
    case '#bigint':
      if (typeof json !== 'string' || !/^-?\d+$/.test(json)) throw wrong('#bigint has digits');
      return BigInt(json);
    case '#date': {
      const date = new Date(json === null ? Number.NaN : (json as string));
      const isText = typeof json === 'string' && !Number.isNaN(date.getTime());
      if (json !== null && !isText) throw wrong('#date is a time as in 2026-01-31T12:00:00Z');
      return date;
    }
    case '#undefined':
      return undefined;
    case '#set':
      if (!Array.isArray(json)) throw wrong('#set is a list');
      return new Set(json.map(fromJson));
    case '#map':
      if (!Array.isArray(json) || !json.every(isPair)) throw wrong('#map is a list of pairs');
      return new Map(json.map(([key, value]: [Json, Json]) => [fromJson(key), fromJson(value)]));
    case '#object':
      if (typeof json !== 'object' || json === null) throw wrong('#object is an object');
      return fieldsFromJson(json);
    case '#clone':
      try {
        return deserialize(Buffer.from(json as string, 'base64'));
      } catch (error) {
        throw wrong(messageOf(error));
      }
    default:
      throw wrong(`no value is called ${tag}; an object that is has to be in {"#object": ...}`);
  }
}

function isPair(json: Json): boolean {
  return Array.isArray(json) && json.length === 2;
}
