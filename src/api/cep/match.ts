/** Streams in which a pattern is looked for. */
import { EngineError } from '../../base/errors.ts';
import {
  aPlainFunction,
  aPlainOrGenerator,
  checkFunctions,
  checkOptions,
  type OptionRules,
  wrong,
} from '../../base/options.ts';
import { answeredNow, doneNow } from '../../base/thenable.ts';
import type { Schema } from '../../data/schema.ts';
import type {
  Condition,
  MatchContext as FoundContext,
  Match as FoundMatch,
  MatchFunctions,
  PatternSpec,
  SkipSpec,
  StepSpec,
} from '../../operator/cep/pattern-spec.ts';
import { namesOf } from '../../operator/cep/pattern-spec.ts';
import { emitEach, iteratorOrNone } from '../../operator/returned-rows.ts';
import { type Emits, emittedSchema } from '../emits.ts';
import type { FunctionContext } from '../function-context.ts';
import { type KeyedParts, keyedEdges } from '../keyed-parts.ts';
import { aSideOutput, type SideOutput } from '../side-output.ts';
import { Stream } from '../stream.ts';
import { Pattern, type PatternLike } from './pattern.ts';
import type { StepDraft } from './pattern-draft.ts';
import type { Partially } from './pattern-types.ts';

/** The records of a match of a pattern, by the names of its steps. */
export type MatchOf<P> = P extends PatternLike<never, infer Match> ? Match : never;

/** What is left of a match whose time is over, for a `timedOut` side output: `sideOutput<TimedOutOf<typeof threeFails>>('...')`. */
export type TimedOutOf<P> = Partially<MatchOf<P>>;

/**
 * What a match makes impossible: nothing (default); other matches that begin with its first record; those that begin up to
 * its last record; those that begin before the first, or last, record of one of its steps. But for 'none', a match is held
 * as long as there is a partial match of its key that began earlier, so give such patterns a `within`.
 */
export type Skip<Match> =
  | 'none'
  | 'toNext'
  | 'pastLast'
  | { readonly toFirst: keyof Match & string }
  | { readonly toLast: keyof Match & string };

export type MatchOptions<Row, Match> = {
  readonly skip?: Skip<Match>;
  /** Partial matches whose time is over, at the event time at which it was; they are dropped when left out. */
  readonly timedOut?: SideOutput<Partially<Match>>;
  /** Records at or below the watermark; they are counted and dropped when left out. */
  readonly late?: SideOutput<Row>;
  /** The order of records of a key with the same event time, as for sort; that in which they came when left out. */
  readonly ties?: (a: Row, b: Row) => number;
};

const OPTIONS: OptionRules<MatchOptions<never, unknown>> = {
  skip: true,
  timedOut: aSideOutput,
  late: aSideOutput,
  ties: aPlainFunction,
};

/** What the function of a match is given beside it. */
export interface MatchContext<Out> extends FunctionContext {
  /** Event time of the rows: of the last record; or the end of the time, where a match waited for it. */
  readonly timestamp: number;
  readonly emit: (row: Out) => void;
}

/** A function of matches that emits rows. */
export type MatchProcess<Match, Out> = {
  /** The rows that `emit` sends: a schema, or `type<Out>()` for free-form rows. */
  readonly emits: Emits<Out>;
  onMatch(match: Match, ctx: MatchContext<Out>): void;
};

const PROCESS: OptionRules<MatchProcess<unknown, unknown>> = {
  emits: true,
  onMatch: aPlainFunction,
};

/** Matches of a pattern, before it is said what becomes of them. */
export class MatchStream<out Row, Match> {
  readonly #parts: KeyedParts;
  readonly #pattern: PatternSpec;
  readonly #conditions: readonly Condition[];
  readonly #options: MatchOptions<never, unknown>;
  readonly #skip: SkipSpec;

  constructor(parts: KeyedParts, of: PatternLike<Row, Match>, options: MatchOptions<Row, Match>) {
    if (!(of instanceof Pattern))
      throw wrong('match', 'takes a pattern, such as pattern<Row>().begin(...)', of);
    checkOptions('match', options, OPTIONS as OptionRules<MatchOptions<Row, Match>>);
    const { steps, withinMs } = of.draft();
    const conditions: Condition[] = [];
    this.#parts = parts;
    this.#pattern = { steps: steps.map((step) => specOf(step, conditions)), withinMs };
    this.#conditions = conditions;
    this.#options = options as MatchOptions<never, unknown>;
    checkPattern(this.#pattern);
    this.#skip = skipSpec(options.skip ?? 'none', namesOf(this.#pattern.steps));
  }

  /** A row for each match: `.select((match) => ({ user: match.first[0].user, at: match.success[0].time }))`. */
  select<Out>(fn: (match: Match) => Out): Stream<Out> {
    aPlainFunction('select', fn);
    return this.#matches('select', false, null, (match, ctx) =>
      ctx.emit(answeredNow(fn(match as Match))),
    );
  }

  /**
   * Any number of rows for each match, returned as an iterable, `.flatSelect((match) => match.more)`, or pushed, where the compiler
   * has to be told their type: `.flatSelect<Login>((match, out) => match.more.forEach(out))`.
   */
  flatSelect<Out>(fn: (match: Match, out: (row: Out) => void) => Iterable<Out>): Stream<Out>;
  flatSelect<Out>(fn: (match: Match, out: (row: Out) => void) => void): Stream<Out>;
  flatSelect<Out>(fn: (match: Match, out: (row: Out) => void) => unknown): Stream<Out> {
    aPlainOrGenerator('flatSelect', fn);
    return this.#matches('flatSelect', false, null, (match, { emit }) => {
      emitEach(iteratorOrNone(fn(match as Match, emit)), emit);
    });
  }

  /**
   * Any number of rows of a schema for each match:
   *
   *   .process({
   *     emits: record({ user: t.string, at: t.timestamp }),
   *     onMatch(match, ctx) {
   *       ctx.emit({ user: match.first[0].user, at: ctx.timestamp });
   *     },
   *   })
   */
  process<Out>(definition: MatchProcess<Match, Out>): Stream<Out> {
    checkFunctions('process', definition, PROCESS as OptionRules<MatchProcess<Match, Out>>);
    aPlainFunction('process: onMatch', definition.onMatch);
    const emits = emittedSchema('process', definition.emits);
    return this.#matches('process', true, emits, (match, ctx) => {
      doneNow(definition.onMatch(match as Match, ctx));
    });
  }

  #matches<Out>(
    what: string,
    hasContext: boolean,
    emits: Schema<Out> | null,
    onMatch: (match: FoundMatch, ctx: FoundContext) => void,
  ): Stream<Out> {
    const { builder, key, functions } = this.#parts;
    const { timedOut, late, ties } = this.#options;
    const live: MatchFunctions = {
      conditions: this.#conditions,
      onMatch,
      ties: (ties as MatchFunctions['ties'] | undefined) ?? null,
    };
    const node = builder.add({
      name: `match ${what}`,
      operator: {
        type: 'match',
        key,
        match: {
          pattern: this.#pattern,
          skip: this.#skip,
          timedOutTo: timedOut?.name ?? null,
          lateTo: late?.name ?? null,
        },
        emits: emits?.fields ?? null,
        hasContext,
      },
      inputs: keyedEdges(this.#parts),
      schema: emits,
      functions: [...functions, live],
    });
    if (key.kind === 'all') builder.configure(node, { parallelism: 1 });
    return new Stream<Out>(builder, node, emits);
  }
}

/** A step as plain data; its conditions go behind the others. */
function specOf({ of, until, times, ...step }: StepDraft, conditions: Condition[]): StepSpec {
  const number = (condition: Condition): number => conditions.push(condition) - 1;
  return {
    ...step,
    of:
      typeof of === 'function'
        ? { kind: 'record', condition: number(of) }
        : { kind: 'group', steps: of.map((inner) => specOf(inner, conditions)) },
    min: times?.min ?? 1,
    max: times === null ? 1 : times.max,
    until: until === null ? null : number(until),
  };
}

function checkPattern({ steps, withinMs }: PatternSpec): void {
  const seen = new Set<string>();
  for (const name of allNames(steps)) {
    if (seen.has(name)) throw refused(`two steps are called '${name}'`);
    seen.add(name);
  }
  const last = steps.at(-1)!;
  if (
    last.isNegative &&
    last.contiguity === 'relaxed' &&
    withinMs === null &&
    last.gapMs === null
  ) {
    throw refused(
      `notFollowedBy '${last.name}' is the last step, and nothing says until when: give the pattern a within(...)`,
    );
  }
  const longest = Math.max(0, ...gapsOf(steps));
  if (withinMs !== null && longest > withinMs) {
    throw refused(
      `within(${longest} ms, 'previousToCurrent') is longer than within(${withinMs} ms) of the whole pattern`,
    );
  }
}

/** Of all steps and groups. */
function allNames(steps: readonly StepSpec[]): readonly string[] {
  return steps.flatMap(({ name, of }) =>
    of.kind === 'group' ? [name, ...allNames(of.steps)] : [name],
  );
}

function gapsOf(steps: readonly StepSpec[]): readonly number[] {
  return steps.flatMap(({ gapMs, of }) => [
    gapMs ?? 0,
    ...(of.kind === 'group' ? gapsOf(of.steps) : []),
  ]);
}

function skipSpec(skip: Skip<never>, names: readonly string[]): SkipSpec {
  if (skip === 'none' || skip === 'toNext' || skip === 'pastLast') return { kind: skip };
  const given = skip as { readonly toFirst?: string; readonly toLast?: string } | null;
  const kind = given?.toFirst === undefined ? 'toLast' : 'toFirst';
  const step = given?.[kind];
  if (step === undefined || Object.keys(given!).length !== 1) {
    throw wrong(
      'match: skip',
      "is 'none', 'toNext', 'pastLast', { toFirst: name } or { toLast: name }",
      skip,
    );
  }
  if (!names.includes(step)) {
    throw refused(
      `skip: no step of the pattern is called '${step}'; there are: ${names.join(', ')}`,
    );
  }
  return { kind, step };
}

function refused(why: string): EngineError {
  return new EngineError('JOB_DEFINITION', `match: ${why}`);
}
