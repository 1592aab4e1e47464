/**
 * A pattern of records as plain data, and what is done with its matches: the contract of complex event processing.
 *
 *   pattern (api/cep/pattern.ts) → PatternSpec → compile-pattern.ts → Nfa (nfa.ts) → matcher.ts, by key
 *
 * The meaning is that of Flink's CEP. Conditions are functions of the user; the spec has their numbers.
 */
import type { Metrics } from '../../metrics/user-metrics.ts';

/**
 * What may lie between a record and the one before it in a match: nothing; records that do not meet the condition; any,
 * also ones that would do.
 */
export type Contiguity = 'strict' | 'relaxed' | 'any';

export type StepSpec = {
  readonly name: string;
  /** To the step before. */
  readonly contiguity: Contiguity;
  /** notNext (strict) and notFollowedBy (relaxed): what must not come. */
  readonly isNegative: boolean;
  readonly of:
    | { readonly kind: 'record'; readonly condition: number }
    | { readonly kind: 'group'; readonly steps: readonly StepSpec[] };
  readonly min: number;
  /** Null for any number. */
  readonly max: number | null;
  readonly isOptional: boolean;
  readonly isGreedy: boolean;
  /** Between the records, or rounds of a group, of this step. */
  readonly inner: Contiguity;
  /** The condition that ends a step of any number. */
  readonly until: number | null;
  /** A record of this step comes less than this after the one before it. */
  readonly gapMs: number | null;
};

export type PatternSpec = {
  readonly steps: readonly StepSpec[];
  /** The last record comes less than this after the first. */
  readonly withinMs: number | null;
};

/** What a match makes impossible, of the matches that began no later than it did. */
export type SkipSpec =
  /** Nothing. */
  | { readonly kind: 'none' }
  /** Those that begin with the same record. */
  | { readonly kind: 'toNext' }
  /** Those that begin before its last record, or with it. */
  | { readonly kind: 'pastLast' }
  /** Those that begin before the first, or last, record of a step of it. */
  | { readonly kind: 'toFirst' | 'toLast'; readonly step: string };

export type MatchSpec = {
  readonly pattern: PatternSpec;
  readonly skip: SkipSpec;
  /** The side output for partial matches whose time is over; null when nobody wants them. */
  readonly timedOutTo: string | null;
  /** The side output for late records; null when they are counted and dropped. */
  readonly lateTo: string | null;
};

/** A match: the records of each step by its name, in their order. */
export type Match = Readonly<Record<string, readonly unknown[]>>;

/** What a condition gets beside the record. */
export interface ConditionContext {
  /** Records of a step that the partial match has so far. */
  readonly matched: (step: string) => readonly unknown[];
  /** Event time of the record; where it has none, when it came. */
  readonly timestamp: number;
}

export type Condition = (row: unknown, ctx: ConditionContext) => boolean;

/** What becomes of a match. */
export interface MatchContext {
  /** Of the row that is emitted: that of the last record, or the end of the time for what must not come. */
  readonly timestamp: number;
  readonly metrics: Metrics;
  readonly emit: (row: unknown) => void;
  readonly output: (side: { readonly name: string }, row: unknown) => void;
}

/** The part of a match operator that is not plain data. */
export type MatchFunctions = {
  readonly conditions: readonly Condition[];
  readonly onMatch: (match: Match, ctx: MatchContext) => void;
  /** Order of records of one key with equal event times; that in which they came when left out. */
  readonly ties: ((a: unknown, b: unknown) => number) | null;
};

/** Names of the steps that take records, those of groups too. */
export function namesOf(steps: readonly StepSpec[]): readonly string[] {
  return steps.flatMap((step) =>
    step.of.kind === 'group' ? namesOf(step.of.steps) : step.isNegative ? [] : [step.name],
  );
}
