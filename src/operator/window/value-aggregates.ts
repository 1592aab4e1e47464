/**
 * The aggregates that keep more than a number: first, last, countDistinct, collect, quantile. Each is a UserAggregate
 * over the values of one input; null and undefined values never reach it. `merge(a, b)`: b is of later panes.
 */
import { unreachable } from '../../base/assert.ts';
import { EngineError } from '../../base/errors.ts';
import { describe } from '../../data/field-check.ts';
import type { AggregateKind, AggregateSpec, UserAggregate } from './aggregate.ts';
import { type PackedSketch, QuantileSketch } from './quantile-sketch.ts';

export type ValueKind = Extract<
  AggregateKind,
  'first' | 'last' | 'countDistinct' | 'collect' | 'quantile'
>;

const VALUE_KINDS: ReadonlySet<string> = new Set<ValueKind>([
  'first',
  'last',
  'countDistinct',
  'collect',
  'quantile',
]);

export function isValueKind(kind: AggregateKind): kind is ValueKind {
  return VALUE_KINDS.has(kind);
}

export type ValueAggregate = UserAggregate<unknown, unknown, unknown>;

export function valueAggregate(spec: AggregateSpec & { readonly kind: ValueKind }): ValueAggregate {
  switch (spec.kind) {
    case 'first':
      return firstAggregate as ValueAggregate;
    case 'last':
      return lastAggregate as ValueAggregate;
    case 'countDistinct':
      return distinctAggregate(spec.name) as ValueAggregate;
    case 'collect':
      return collectAggregate as ValueAggregate;
    case 'quantile':
      return quantileAggregate(spec.name, spec.quantile!) as ValueAggregate;
    default:
      return unreachable(spec.kind);
  }
}

/** No value yet. */
const NONE = Symbol('no value');

const firstAggregate: UserAggregate<unknown, unknown, unknown> = {
  create: () => NONE,
  add: (first, value) => (first === NONE ? value : first),
  merge: (a, b) => (a === NONE ? b : a),
  result: (first) => (first === NONE ? null : first),
  pack: packPicked,
  unpack: unpackPicked,
};

const lastAggregate: UserAggregate<unknown, unknown, unknown> = {
  create: () => NONE,
  add: (_, value) => value,
  merge: (a, b) => (b === NONE ? a : b),
  result: (last) => (last === NONE ? null : last),
  pack: packPicked,
  unpack: unpackPicked,
};

function packPicked(value: unknown): unknown {
  return value === NONE ? [] : [value];
}

function unpackPicked(packed: unknown): unknown {
  const [value = NONE] = packed as readonly unknown[];
  return value;
}

const collectAggregate: UserAggregate<unknown, unknown[], unknown[]> = {
  create: () => [],
  add(values, value) {
    values.push(value);
    return values;
  },
  merge(a, b) {
    for (const value of b) a.push(value);
    return a;
  },
  result: (values) => values.slice(),
};

/** Different values as a Map tells them apart; Dates by their time. */
type Distinct = { readonly values: Set<unknown>; readonly times: Set<number> };

function distinctAggregate(name: string): UserAggregate<unknown, Distinct, number> {
  return {
    create: () => ({ values: new Set(), times: new Set() }),
    add(seen, value) {
      if (value instanceof Date) seen.times.add(value.getTime());
      else if (typeof value !== 'object') seen.values.add(value);
      else throw notDistinct(name, value);
      return seen;
    },
    merge(a, b) {
      for (const value of b.values) a.values.add(value);
      for (const time of b.times) a.times.add(time);
      return a;
    },
    result: (seen) => seen.values.size + seen.times.size,
  };
}

function notDistinct(name: string, value: unknown): EngineError {
  return new EngineError(
    'FIELD_TYPE',
    `countDistinct '${name}' tells numbers, bigints, strings, booleans and Dates apart, got ${describe(value)}`,
  );
}

function quantileAggregate(
  name: string,
  quantile: number,
): UserAggregate<unknown, QuantileSketch, number | null> {
  return {
    create: () => new QuantileSketch(),
    add(sketch, value) {
      if (!Number.isFinite(value)) {
        throw new EngineError(
          'FIELD_TYPE',
          `quantile '${name}' needs finite numbers, got ${describe(value)}`,
        );
      }
      sketch.add(value as number);
      return sketch;
    },
    merge(a, b) {
      a.merge(b);
      return a;
    },
    result: (sketch) => (sketch.count === 0 ? null : sketch.valueAt(quantile)),
    pack: (sketch) => sketch.pack(),
    unpack: (packed) => QuantileSketch.unpack(packed as PackedSketch),
  };
}
