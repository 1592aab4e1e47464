/** Pairs of records of two keyed streams, by key and by how far apart they are in time. */
import {
  aPlainFunction,
  checkFunctions,
  checkOptions,
  choice,
  type OptionRules,
  wrong,
} from '../base/options.ts';
import { checkComparableKeys } from '../data/key-pair.ts';
import type { Schema } from '../data/schema.ts';
import type { IntervalJoinSpec } from '../operator/join/interval-join.ts';
import { type SignedDuration, signedMs } from '../time/duration.ts';
import { type Emits, emittedSchema } from './emits.ts';
import type { FunctionContext } from './function-context.ts';
import { joinedEdges } from './join-nodes.ts';
import type { KeyedParts } from './keyed-parts.ts';
import type { SideOutput } from './side-output.ts';
import { Stream } from './stream.ts';

export type IntervalOptions = {
  /** The lower bound is no part of the interval. */
  readonly lowerExclusive?: boolean;
  /** The upper bound is no part of the interval. */
  readonly upperExclusive?: boolean;
};

const INTERVAL_OPTIONS: OptionRules<IntervalOptions> = {
  lowerExclusive: choice(true, false),
  upperExclusive: choice(true, false),
};

/** What a function that emits rows of a pair is given beside it. */
export interface PairContext<Out> extends FunctionContext {
  readonly leftTimestamp: number;
  readonly rightTimestamp: number;
  /** The greater of both, which is that of the rows. */
  readonly timestamp: number;
  emit(row: Out): void;
}

/** What is done with a pair that may become any number of rows. */
export type PairFunction<Left, Right, Out> = {
  /** The rows that `emit` sends: a schema, or `type<Out>()` for free-form rows. */
  readonly emits: Emits<Out>;
  onPair(left: Left, right: Right, context: PairContext<Out>): void;
};

const PAIR_FUNCTION: OptionRules<PairFunction<unknown, unknown, unknown>> = {
  emits: true,
  onPair: aPlainFunction,
};

/** Two keyed streams, before it is said how far apart in time their records may be. */
export class IntervalJoin<out Left, out Right> {
  readonly #left: KeyedParts;
  readonly #right: KeyedParts;

  constructor(left: KeyedParts, right: KeyedParts) {
    const schemas = [left.schema, right.schema] as const;
    checkComparableKeys('intervalJoin', [left.key, right.key], schemas);
    this.#left = left;
    this.#right = right;
  }

  /**
   * Pairs of a left and a right record with left + lower <= right <= left + upper, by their event times:
   * `.between('-5 s', '5 s')`. Bounds may be left out of it, each for itself.
   */
  between(
    lower: SignedDuration,
    upper: SignedDuration,
    options: IntervalOptions = {},
  ): IntervalPairs<Left, Right> {
    checkOptions('between', options, INTERVAL_OPTIONS);
    const { lowerExclusive: excludesLower = false, upperExclusive: excludesUpper = false } =
      options;
    const lowerMs = signedMs(lower, 'the lower bound');
    const upperMs = signedMs(upper, 'the upper bound');
    if (lowerMs > upperMs) {
      throw wrong('between', 'takes a lower bound that is not above the upper one', [lower, upper]);
    }
    if (lowerMs === upperMs && (excludesLower || excludesUpper)) {
      throw wrong('between', 'takes bounds with something between them', [lower, upper]);
    }
    const bounds = { lowerMs, upperMs, excludesLower, excludesUpper };
    return new IntervalPairs<Left, Right>(this.#left, this.#right, bounds, [null, null]);
  }
}

type Bounds = Pick<IntervalJoinSpec, 'lowerMs' | 'upperMs' | 'excludesLower' | 'excludesUpper'>;

/** Pairs of records, before it is said what becomes of them. */
export class IntervalPairs<out Left, out Right> {
  readonly #left: KeyedParts;
  readonly #right: KeyedParts;
  readonly #bounds: Bounds;
  readonly #lateTo: IntervalJoinSpec['lateTo'];

  constructor(
    left: KeyedParts,
    right: KeyedParts,
    bounds: Bounds,
    lateTo: IntervalJoinSpec['lateTo'],
  ) {
    this.#left = left;
    this.#right = right;
    this.#bounds = bounds;
    this.#lateTo = lateTo;
  }

  /**
   * Sends left records below the watermark into a side output, where they are counted and dropped otherwise:
   * `.lateLeftTo(late).process((bid) => bid).sideOutput(late)`.
   */
  lateLeftTo(side: SideOutput<Left>): IntervalPairs<Left, Right> {
    return this.#with([side.name, this.#lateTo[1]]);
  }

  /** The same for right records: `.lateRightTo(lateAuctions).process((bid) => bid).sideOutput(lateAuctions)`. */
  lateRightTo(side: SideOutput<Right>): IntervalPairs<Left, Right> {
    return this.#with([this.#lateTo[0], side.name]);
  }

  #with(lateTo: IntervalJoinSpec['lateTo']): IntervalPairs<Left, Right> {
    return new IntervalPairs<Left, Right>(this.#left, this.#right, this.#bounds, lateTo);
  }

  /**
   * What becomes of each pair: a row, `.process((bid, auction) => ({ ...bid, seller: auction.seller }))`, at the greater of both
   * times; or any number of rows:
   * `.process({ emits: Sale, onPair(bid, auction, context) { if (bid.price > auction.reserve) context.emit({ ... }); } })`.
   */
  process<Out>(pair: (left: Left, right: Right) => Out): Stream<Out>;
  process<Out>(pair: PairFunction<Left, Right, Out>): Stream<Out>;
  process<Out>(
    pair: ((left: Left, right: Right) => Out) | PairFunction<Left, Right, Out>,
  ): Stream<Out> {
    if (typeof pair === 'function') {
      aPlainFunction('process', pair);
      return this.#joined('row', pair, null);
    }
    checkFunctions('process', pair, PAIR_FUNCTION as OptionRules<PairFunction<Left, Right, Out>>);
    aPlainFunction('process: onPair', pair.onPair);
    return this.#joined('emit', pair.onPair.bind(pair), emittedSchema('process', pair.emits));
  }

  #joined<Out>(
    gives: IntervalJoinSpec['gives'],
    code: object,
    schema: Schema<Out> | null,
  ): Stream<Out> {
    const { builder } = this.#left;
    const node = builder.add({
      name: 'intervalJoin',
      operator: {
        type: 'intervalJoin',
        keys: [this.#left.key, this.#right.key],
        ...this.#bounds,
        lateTo: this.#lateTo,
        gives,
        fields: schema?.fields ?? null,
      },
      inputs: joinedEdges(this.#left, this.#right),
      schema,
      functions: [...this.#left.functions, ...this.#right.functions, code],
    });
    return new Stream<Out>(builder, node, schema);
  }
}
