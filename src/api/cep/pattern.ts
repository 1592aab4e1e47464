/** Patterns: what records to look for, one behind the other. A pattern is an immutable value; each call gives a new one. */
import { aPlainFunction, oneOf, wholeNumber, wrong } from '../../base/options.ts';
import type { Condition, Contiguity } from '../../operator/cep/pattern-spec.ts';
import { type Duration, durationMs } from '../../time/duration.ts';
import { type PatternDraft, refused, type StepDraft, stepOf } from './pattern-draft.ts';
import type {
  Ahead,
  ConditionContext,
  Counted,
  Empty,
  Guard,
  ManyOf,
  MaybeOf,
  Range,
  Requantified,
  Test,
} from './pattern-types.ts';

/** The condition of a step that is given none. */
const anyRecord = (): boolean => true;

declare const TYPES: unique symbol;
declare const LAST: unique symbol;

/** What is left of a pattern where only its records and its match matter: one of fewer fields fits a stream of more. */
export interface PatternLike<Row, Match> {
  readonly [TYPES]?: (row: Row) => Match;
  draft(): PatternDraft;
}

/** A pattern, before its first step. */
export class PatternStart<Row> {
  declare readonly [TYPES]?: (row: Row) => void;

  /**
   * The first step: `.begin('first', (login) => !login.ok)`. A type guard narrows the type of its record in the match. Without
   * a condition any record will do, and so for the steps behind it.
   */
  begin<N extends string, M>(name: N, group: PatternLike<Row, M>): Pattern<Row, M, keyof M>;
  begin<N extends string, R extends Row>(
    name: N,
    condition: Guard<Row, Empty, N, R>,
  ): Pattern<Row, Record<N, readonly [R]>, N>;
  begin<N extends string>(
    name: N,
    condition?: Test<Row, Empty, N>,
  ): Pattern<Row, Record<N, readonly [Row]>, N>;
  begin(name: string, of: unknown = anyRecord): Pattern<Row, never, never> {
    return new Pattern({
      steps: [stepOf('begin', name, of, 'strict', draftOf(of))],
      withinMs: null,
    });
  }
}

/**
 * A pattern of records of type `Row`; `Match` are the records of its steps, `Last` the names of the last step. Steps get
 * their quantifier and options by the calls behind them.
 */
export class Pattern<Row, Match, Last> implements PatternLike<Row, Match> {
  declare readonly [TYPES]?: (row: Row) => Match;
  declare readonly [LAST]?: Last;
  readonly #draft: PatternDraft;

  constructor(draft: PatternDraft) {
    this.#draft = draft;
  }

  /** The pattern as data, for `match`. */
  draft(): PatternDraft {
    return this.#draft;
  }

  /** A step whose record comes right behind that of the step before: `.next('success', (login) => login.ok)`. */
  next<N extends string, M>(
    name: Ahead<N, Match>,
    group: PatternLike<Row, M>,
  ): Pattern<Row, Match & M, keyof M>;
  next<N extends string, R extends Row>(
    name: Ahead<N, Match>,
    condition: Guard<Row, Match, N, R>,
  ): Pattern<Row, Match & Record<N, readonly [R]>, N>;
  next<N extends string>(
    name: Ahead<N, Match>,
    condition?: Test<Row, Match, N>,
  ): Pattern<Row, Match & Record<N, readonly [Row]>, N>;
  next(name: string, of: unknown = anyRecord): Pattern<Row, never, never> {
    return this.#step('next', name, of, 'strict');
  }

  /**
   * A step whose record is the first behind that of the step before which meets the condition:
   * `.followedBy('success', (login) => login.ok)`.
   */
  followedBy<N extends string, M>(
    name: Ahead<N, Match>,
    group: PatternLike<Row, M>,
  ): Pattern<Row, Match & M, keyof M>;
  followedBy<N extends string, R extends Row>(
    name: Ahead<N, Match>,
    condition: Guard<Row, Match, N, R>,
  ): Pattern<Row, Match & Record<N, readonly [R]>, N>;
  followedBy<N extends string>(
    name: Ahead<N, Match>,
    condition?: Test<Row, Match, N>,
  ): Pattern<Row, Match & Record<N, readonly [Row]>, N>;
  followedBy(name: string, of: unknown = anyRecord): Pattern<Row, never, never> {
    return this.#step('followedBy', name, of, 'relaxed');
  }

  /**
   * A step whose record is any behind that of the step before which meets the condition, each makes a match:
   * `.followedByAny('success', (login) => login.ok)`.
   */
  followedByAny<N extends string, M>(
    name: Ahead<N, Match>,
    group: PatternLike<Row, M>,
  ): Pattern<Row, Match & M, keyof M>;
  followedByAny<N extends string, R extends Row>(
    name: Ahead<N, Match>,
    condition: Guard<Row, Match, N, R>,
  ): Pattern<Row, Match & Record<N, readonly [R]>, N>;
  followedByAny<N extends string>(
    name: Ahead<N, Match>,
    condition?: Test<Row, Match, N>,
  ): Pattern<Row, Match & Record<N, readonly [Row]>, N>;
  followedByAny(name: string, of: unknown = anyRecord): Pattern<Row, never, never> {
    return this.#step('followedByAny', name, of, 'any');
  }

  /**
   * No such record comes right behind. As the last step it waits for the next record, which is no part of the match.
   * `.notNext('success', (login) => login.ok)`. EngineError JOB_DEFINITION behind an optional step.
   */
  notNext<N extends string>(
    name: Ahead<N, Match>,
    condition: Test<Row, Match, N>,
  ): Pattern<Row, Match, never> {
    return this.#step('notNext', name, condition, 'strict');
  }

  /**
   * No such record comes before that of the next step; as the last step, before the time of `within` is over:
   * `.notFollowedBy('success', (login) => login.ok).within('10 min')`. EngineError JOB_DEFINITION behind an optional step.
   */
  notFollowedBy<N extends string>(
    name: Ahead<N, Match>,
    condition: Test<Row, Match, N>,
  ): Pattern<Row, Match, never> {
    return this.#step('notFollowedBy', name, condition, 'relaxed');
  }

  #step<M, L>(what: string, name: string, of: unknown, contiguity: Contiguity): Pattern<Row, M, L> {
    const step = stepOf(what, name, of, contiguity, draftOf(of));
    const { steps, withinMs } = this.#draft;
    if (step.isNegative && steps.at(-1)!.isOptional) {
      throw refused(
        `${what} '${name}'`,
        'does not stand behind an optional step: use two patterns',
      );
    }
    return new Pattern({ steps: [...steps, step], withinMs });
  }

  /** The step has so many records, `.times(3)`, or between so many and so many, `.times(2, 4)`; 0 makes it optional. */
  times<const N extends number>(
    count: N,
  ): Pattern<Row, Requantified<Match, Last, Counted<N>>, Last>;
  times<const A extends number>(
    min: A,
    max: number,
  ): Pattern<Row, Requantified<Match, Last, Range<A>>, Last>;
  times(min: number, max: number = min): Pattern<Row, never, Last> {
    wholeNumber(0)('times: the least', min);
    wholeNumber(Math.max(1, min))('times: the most', max);
    return this.#quantified('times', Math.max(1, min), max, min === 0);
  }

  /** The step has so many records, or more: `.timesOrMore(2)`. */
  timesOrMore(min: number): Pattern<Row, Requantified<Match, Last, ManyOf>, Last> {
    wholeNumber(1)('timesOrMore: the least', min);
    return this.#quantified('timesOrMore', min, null, false);
  }

  /** The step has one record, or more: `.oneOrMore()`. */
  oneOrMore(): Pattern<Row, Requantified<Match, Last, ManyOf>, Last> {
    return this.#quantified('oneOrMore', 1, null, false);
  }

  #quantified<M>(
    what: string,
    min: number,
    max: number | null,
    isOptional: boolean,
  ): Pattern<Row, M, Last> {
    const step = this.#positive(what);
    if (step.times !== null)
      throw refused(what, `'${step.name}' has its number of records already`);
    if (isOptional) this.#checkMayBeOptional(what);
    return this.#changed({
      times: { min, max },
      ...(isOptional ? { isOptional } : {}),
    });
  }

  /**
   * The step may be left out, its records are none then: `.oneOrMore().optional()`. EngineError JOB_DEFINITION behind a greedy
   * step.
   */
  optional(): Pattern<Row, Requantified<Match, Last, MaybeOf>, Last> {
    const step = this.#positive('optional');
    if (step.isOptional) throw refused('optional', `'${step.name}' is optional already`);
    this.#checkMayBeOptional('optional');
    return this.#changed({ isOptional: true });
  }

  #checkMayBeOptional(what: string): void {
    if (this.#draft.steps.at(-2)?.isGreedy === true) {
      throw refused(what, 'makes a step optional that stands behind a greedy one');
    }
  }

  /**
   * The step takes as many records as it can, what would do for it is not for the next step: `.oneOrMore().greedy()`. When the
   * record right behind its last one meets `until`, the step is over, and the next one may have them. A step of so many records,
   * and no more, is as it was. EngineError JOB_DEFINITION for groups, and for a step of one record.
   */
  greedy(): Pattern<Row, Match, Last> {
    const step = this.#repeated('greedy');
    if (typeof step.of !== 'function') throw refused('greedy', 'is not for groups');
    if (step.inner === 'any') throw refused('greedy', 'does not go with allowCombinations');
    return this.#changed({ isGreedy: true });
  }

  /** Nothing comes between the records of the step: `.times(3).consecutive()`. */
  consecutive(): Pattern<Row, Match, Last> {
    this.#innerOf('consecutive');
    return this.#changed({ inner: 'strict' });
  }

  /** Between the records of the step there may be others that would do, each choice makes a match: `.times(3).allowCombinations()`. */
  allowCombinations(): Pattern<Row, Match, Last> {
    const step = this.#innerOf('allowCombinations');
    if (step.isGreedy) throw refused('allowCombinations', 'does not go with greedy');
    return this.#changed({ inner: 'any' });
  }

  #innerOf(what: string): StepDraft {
    const step = this.#repeated(what);
    if (step.inner !== 'relaxed') {
      throw refused(
        what,
        `'${step.name}' has consecutive or allowCombinations already: it has one of them`,
      );
    }
    return step;
  }

  /**
   * The step has no more records from the first on behind its own that meets the condition, which is none of them:
   * `.oneOrMore().until((login) => login.ip === '::1')`.
   * EngineError JOB_DEFINITION but for oneOrMore and timesOrMore.
   */
  until(condition: (row: Row, ctx: ConditionContext<Match>) => boolean): Pattern<Row, Match, Last> {
    aPlainFunction('until: the condition', condition);
    const step = this.#positive('until');
    if (step.times === null || step.times.max !== null) {
      throw refused('until', 'stands behind oneOrMore() or timesOrMore(n) only');
    }
    if (step.until !== null) throw refused('until', `'${step.name}' has one already`);
    return this.#changed({ until: condition as unknown as Condition });
  }

  /**
   * The last record comes less than this after the first, `.within('10 min')`; of several the shortest counts. Or, with
   * 'previousToCurrent', the records of the last step so far come less than this after the one before each:
   * `.times(3).within('1 min', 'previousToCurrent')`.
   */
  within(
    duration: Duration,
    between: 'firstToLast' | 'previousToCurrent' = 'firstToLast',
  ): Pattern<Row, Match, Last> {
    const ms = durationMs(duration, 'within');
    if (ms === 0) throw wrong('within', 'is longer than 0', duration);
    oneOf('within', between, ['firstToLast', 'previousToCurrent']);
    if (between === 'previousToCurrent') return this.#changed({ gapMs: ms });
    const { steps, withinMs } = this.#draft;
    return new Pattern({ steps, withinMs: Math.min(ms, withinMs ?? Infinity) });
  }

  #positive(what: string): StepDraft {
    const step = this.#draft.steps.at(-1)!;
    if (step.isNegative) throw refused(what, `is not for '${step.name}', which must not come`);
    return step;
  }

  #repeated(what: string): StepDraft {
    const step = this.#positive(what);
    if (step.times === null) {
      throw refused(
        what,
        `stands behind times(...), timesOrMore(n) or oneOrMore(); '${step.name}' has one record`,
      );
    }
    return step;
  }

  #changed<M>(parts: Partial<StepDraft>): Pattern<Row, M, Last> {
    const { steps, withinMs } = this.#draft;
    const last = { ...steps.at(-1)!, ...parts };
    return new Pattern({ steps: [...steps.slice(0, -1), last], withinMs });
  }
}

/**
 * A pattern of records of a type, to be built step by step:
 *
 *   pattern<Login>()
 *     .begin('first', (login) => !login.ok)
 *     .followedBy('more', (login, ctx) => !login.ok && login.ip === ctx.matched('first')[0].ip).times(2)
 *     .next('success', (login) => login.ok)
 *     .within('10 min');
 */
export function pattern<Row>(): PatternStart<Row> {
  return new PatternStart<Row>();
}

function draftOf(of: unknown): PatternDraft | null {
  return of instanceof Pattern ? of.draft() : null;
}
