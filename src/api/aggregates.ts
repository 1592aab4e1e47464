/** The vocabulary of `.aggregate(...)`: what a user's function gets, and what becomes of its answer. */
import { EngineError } from '../base/errors.ts';
import { aPlainFunction, checkFunctions, type OptionRules, wrong } from '../base/options.ts';
import type {
  AggregateInput,
  AggregateKind,
  AggregateSpec,
  UserAggregate,
} from '../operator/window/aggregate.ts';

declare const RESULT: unique symbol;

/** An aggregate that gives a `Result` for each window. */
export type Aggregate<Result> = {
  readonly kind: AggregateKind;
  readonly input: string | ((row: never) => unknown) | UserAggregate<never, never, unknown> | null;
  readonly quantile?: number;
  readonly [RESULT]?: Result;
};

/** Result type of each aggregate by its name. */
export type ResultsOf<T> = {
  -readonly [K in keyof T]: T[K] extends Aggregate<infer Result> ? Result : never;
};

type FieldOf<Row, Value> = {
  [K in keyof Row & string]: Row[K] extends Value ? K : never;
}[keyof Row & string];

type Ordered = number | string | bigint | Date | null | undefined;
type Numeric = number | null | undefined;
type Comparable = Ordered | boolean;
/** Null comes out where nothing but null went in. */
type OrNull<Value> = null extends Value ? null : undefined extends Value ? null : never;

/**
 * The aggregates over rows of one type. Null and undefined values are left out, but for `count`. So is a field that a
 * row without a schema does not have, whose name nobody can check: with `.as(schema)` before, it is a FIELD_UNKNOWN.
 */
export type Aggregates<Row> = {
  /** Number of rows. */
  count(): Aggregate<number>;
  /** Sum of a number; 0 for none. A sum of bigints is a bigint, null for none; in a dynamic field, 0 for none of these too. */
  sum<K extends FieldOf<Row, Numeric>>(field: K): Aggregate<number>;
  sum<K extends FieldOf<Row, bigint | null>>(field: K): Aggregate<bigint | OrNull<Row[K]>>;
  sum<Value extends Numeric>(of: (row: Row) => Value): Aggregate<number>;
  /** Mean of a number. */
  avg<K extends FieldOf<Row, Numeric | bigint>>(field: K): Aggregate<number | OrNull<Row[K]>>;
  avg<Value extends Numeric>(of: (row: Row) => Value): Aggregate<number | OrNull<Value>>;
  /** Least value. NaN counts as none where there is a number. */
  min<K extends FieldOf<Row, Ordered>>(field: K): Aggregate<NonNullable<Row[K]> | OrNull<Row[K]>>;
  min<Value extends Numeric>(of: (row: Row) => Value): Aggregate<number | OrNull<Value>>;
  /** Greatest value. NaN counts as none where there is a number. */
  max<K extends FieldOf<Row, Ordered>>(field: K): Aggregate<NonNullable<Row[K]> | OrNull<Row[K]>>;
  max<Value extends Numeric>(of: (row: Row) => Value): Aggregate<number | OrNull<Value>>;
  /** First value that came; where windows overlap, of the first stretch between their bounds, and so for merged sessions. */
  first<K extends keyof Row & string>(field: K): Aggregate<NonNullable<Row[K]> | OrNull<Row[K]>>;
  first<Value>(of: (row: Row) => Value): Aggregate<NonNullable<Value> | OrNull<Value>>;
  /** Last value that came; as with `first`, of the last stretch. */
  last<K extends keyof Row & string>(field: K): Aggregate<NonNullable<Row[K]> | OrNull<Row[K]>>;
  last<Value>(of: (row: Row) => Value): Aggregate<NonNullable<Value> | OrNull<Value>>;
  /** Number of different values. */
  countDistinct<K extends FieldOf<Row, Comparable>>(field: K): Aggregate<number>;
  countDistinct<Value extends Comparable>(of: (row: Row) => Value): Aggregate<number>;
  /** All values, or all rows, in the order in which they came; where windows overlap, stretch by stretch, as with `first`. */
  collect(): Aggregate<Row[]>;
  collect<K extends keyof Row & string>(field: K): Aggregate<NonNullable<Row[K]>[]>;
  collect<Value>(of: (row: Row) => Value): Aggregate<NonNullable<Value>[]>;
  /** The value below which a share of all values lies, within 1 %: `quantile('delay', 0.95)`. */
  quantile<K extends FieldOf<Row, Numeric | bigint>>(
    field: K,
    share: number,
  ): Aggregate<number | OrNull<Row[K]>>;
  quantile<Value extends Numeric>(
    of: (row: Row) => Value,
    share: number,
  ): Aggregate<number | OrNull<Value>>;
  /** An aggregate of your own: `aggregate({ create: () => 1, add: (a, r) => a * r.n, merge: (a, b) => a * b, result: (a) => a })`. */
  aggregate<Accumulator, Result>(
    definition: UserAggregate<Row, Accumulator, Result>,
  ): Aggregate<Result>;
};

type AnyAggregate = Aggregate<never>;

/** The functions that `define` is called with. */
export function vocabulary<Row>(): Aggregates<Row> {
  const of =
    (kind: AggregateKind) =>
    (input: AnyAggregate['input']): AnyAggregate => ({ kind, input });
  const words = {
    count: (): AnyAggregate => ({ kind: 'count', input: null }),
    sum: of('sum'),
    avg: of('avg'),
    min: of('min'),
    max: of('max'),
    first: of('first'),
    last: of('last'),
    countDistinct: of('countDistinct'),
    collect: (input: AnyAggregate['input'] = null): AnyAggregate => ({ kind: 'collect', input }),
    quantile: (input: AnyAggregate['input'], share: number): AnyAggregate => ({
      kind: 'quantile',
      input,
      quantile: checkedShare(share),
    }),
    aggregate: (definition: UserAggregate<never, never, unknown>): AnyAggregate => {
      checkUserAggregate('aggregate', definition, ['create', 'add', 'merge', 'result']);
      return { kind: 'user', input: definition };
    },
  };
  return words as unknown as Aggregates<Row>;
}

const USER_AGGREGATE: OptionRules<UserAggregate<never, never, unknown>> = {
  create: aPlainFunction,
  add: aPlainFunction,
  merge: aPlainFunction,
  result: aPlainFunction,
  pack: aPlainFunction,
  unpack: aPlainFunction,
};

/** Of `needed` none is left out. EngineError JOB_DEFINITION. */
export function checkUserAggregate(
  what: string,
  definition: Readonly<Partial<Record<keyof UserAggregate<never, never, unknown>, unknown>>>,
  needed: readonly (keyof UserAggregate<never, never, unknown>)[],
): void {
  checkFunctions(what, definition, USER_AGGREGATE);
  for (const part of needed) {
    aPlainFunction(`${what}: ${part}`, definition[part]);
  }
}

function checkedShare(share: number): number {
  if (typeof share === 'number' && share >= 0 && share <= 1) return share;
  throw wrong('the share of a quantile', 'is 0 to 1', share);
}

/** The aggregates as plain data, and all functions of the node: those it had, then what aggregates refer to. */
export function specsOf<Row>(
  define: (aggregates: Aggregates<Row>) => Readonly<Record<string, Aggregate<unknown>>>,
  functions: readonly object[],
): { aggregates: readonly AggregateSpec[]; all: readonly object[] } {
  if (typeof (define as { readonly add?: unknown } | null)?.add === 'function') {
    const rule = 'takes a function: ({ aggregate }) => ({ name: aggregate({ create, add, ... }) })';
    throw wrong('aggregate', rule, define);
  }
  aPlainFunction('aggregate', define);
  const results = define(vocabulary<Row>());
  if (typeof results !== 'object' || results === null) {
    throw wrong('aggregate', 'gives aggregates by name, such as { rows: count() }', results);
  }
  const all = [...functions];
  const aggregates = Object.entries(results).map(([name, aggregate]): AggregateSpec => {
    if (typeof (aggregate as Aggregate<unknown> | null)?.kind !== 'string') {
      throw wrong(`aggregate '${name}'`, 'is made by count(), sum(...) and so on', aggregate);
    }
    const { kind, input, quantile = null } = aggregate;
    if (input === null && (kind === 'count' || kind === 'collect')) {
      return { name, kind, input: { kind: 'none' }, user: null, quantile };
    }
    if (typeof input === 'string') {
      return { name, kind, input: { kind: 'field', field: input }, user: null, quantile };
    }
    if (input === null || (kind !== 'user' && typeof input !== 'function')) {
      throw new EngineError('JOB_DEFINITION', `aggregate '${name}' needs a field or a function`);
    }
    if (kind !== 'user') aPlainFunction(`aggregate '${name}'`, input);
    all.push(input);
    const index = all.length - 1;
    const source: AggregateInput = kind === 'user' ? { kind: 'none' } : { kind: 'function', index };
    return { name, kind, input: source, user: kind === 'user' ? index : null, quantile };
  });
  return { aggregates, all };
}
