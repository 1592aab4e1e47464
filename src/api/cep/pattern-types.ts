/** Types of patterns: which records a step has, by its quantifier. */

/** No step yet. */
export type Empty = Record<never, never>;

/** What a condition gets beside the record. It is the same object each time, and of use only until the function returns. */
export interface ConditionContext<Match> {
  /** The records that a step has so far in this partial match. */
  readonly matched: <K extends keyof Match>(step: K) => Match[K];
  /** Event time of the record (ms); where it has none, when it came. */
  readonly timestamp: number;
}

/** The steps before, and the step itself, which may have any number of records so far. */
type Seen<Match, N extends string, Row> = Match & Record<N, readonly Row[]>;

/** A condition; it looks at nothing else and changes nothing, since it is asked as often as is convenient. */
export type Test<Row, Match, N extends string> = (
  row: Row,
  ctx: ConditionContext<Seen<Match, N, Row>>,
) => boolean;

/** A condition that narrows the type of the record. */
export type Guard<Row, Match, N extends string, R extends Row> = (
  row: Row,
  ctx: ConditionContext<Seen<Match, N, Row>>,
) => row is R;

/** A name that no step has yet. */
export type Ahead<N extends string, Match> = N extends keyof Match ? never : N;

type Item<Rows> = Rows extends readonly (infer R)[] ? R : never;

/** Quantifiers, as marks. */
export type ManyOf = { readonly quantifier: 'many' };
export type MaybeOf = { readonly quantifier: 'maybe' };
export type Counted<N extends number> = { readonly quantifier: 'counted'; readonly count: N };
export type Range<A extends number> = { readonly quantifier: 'range'; readonly min: A };

type Some<R> = readonly [R, ...R[]];

/** A tuple of N; of at least one where N is not known, or large. */
type TupleOf<R, N extends number, T extends readonly R[] = readonly []> = number extends N
  ? readonly R[]
  : T['length'] extends N
    ? T
    : T['length'] extends 16
      ? Some<R>
      : TupleOf<R, N, readonly [...T, R]>;

/** Rows of a group may have been optional, or several, before the group is repeated. */
type Quantified<Rows, Q> = Q extends MaybeOf
  ? readonly [] | Rows
  : Rows extends readonly [infer R]
    ? Q extends Counted<infer N>
      ? TupleOf<R, N>
      : Q extends Range<infer A>
        ? number extends A
          ? readonly R[]
          : A extends 0
            ? readonly R[]
            : Some<R>
        : Some<R>
    : readonly Item<Rows>[];

/** The match, with another number of records for the last step. */
export type Requantified<Match, Last, Q> = {
  readonly [K in keyof Match]: K extends Last ? Quantified<Match[K], Q> : Match[K];
};

/** A partial match: any step may have none of its records, or some. */
export type Partially<Match> = { readonly [K in keyof Match]: readonly Item<Match[K]>[] };
