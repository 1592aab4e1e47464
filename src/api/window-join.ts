/** Two streams joined by key within windows: in pairs, or in groups. */

import { EngineError } from '../base/errors.ts';
import { aPlainFunction, aPlainOrGenerator, someText, wrong } from '../base/options.ts';
import type { KeySpec } from '../data/key.ts';
import { checkComparableKeys } from '../data/key-pair.ts';
import { fieldIndex, type Schema } from '../data/schema.ts';
import type { NodeId } from '../graph/graph.ts';
import type { WindowJoinSpec } from '../operator/join/window-join.ts';
import { type Duration, durationMs } from '../time/duration.ts';
import { checkEvictor, type Evictor } from './evictors.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { addWindowJoin, type WindowJoinParts } from './join-nodes.ts';
import type { KeyedParts } from './keyed-parts.ts';
import type { KeyField, KeyFieldLike, KeyValue } from './keys.ts';
import { aSideOutput, type SideOutput } from './side-output.ts';
import { Stream } from './stream.ts';
import { checkTrigger, type Trigger } from './triggers.ts';
import { type AnyWindow, isWindow, type PairWindow } from './windows.ts';

/** A stream that is joined. */
export type JoinedSide = {
  readonly builder: GraphBuilder;
  readonly inputs: readonly NodeId[];
  readonly schema: Schema | null;
};

const DEFAULTS: WindowJoinParts['settings'] = { trigger: null, evictor: null, latenessMs: 0 };

/** Makes what comes of a window. */
type Make<Joined> = (parts: WindowJoinParts) => Joined;

/** Two streams, before it is said by which key they are joined. `A` and `B` are `Left` and `Right`, as `Of` in `WindowedStream`. */
export class StreamPair<out Left, out Right, out Joined> {
  readonly #left: JoinedSide;
  readonly #right: JoinedSide;
  readonly #make: Make<Joined>;

  constructor(left: JoinedSide, right: JoinedSide, make: Make<Joined>) {
    this.#left = left;
    this.#right = right;
    this.#make = make;
  }

  /**
   * The key of each side, by a field, by several, or by a function: `.on('id', 'auction')`, `.on(['shop', 'day'], ['name', 'date'])`,
   * `.on((auction) => auction.id, (bid) => bid.auction)`.
   */
  on<L extends KeyField<Left>, R extends KeyFieldLike<Right, Left[L]>>(
    left: L,
    right: R,
  ): KeyedPair<Left, Right, Joined>;
  on<const L extends readonly [KeyField<Left>, ...KeyField<Left>[]], A = Left, B = Right>(
    left: L,
    right: { readonly [I in keyof L]: KeyFieldLike<NoInfer<B>, NoInfer<A>[L[I] & keyof A]> },
  ): KeyedPair<Left, Right, Joined>;
  on<Key extends KeyValue>(
    left: (row: Left) => Key,
    right: (row: Right) => NoInfer<Key>,
  ): KeyedPair<Left, Right, Joined>;
  on(left: unknown, right: unknown): KeyedPair<Left, Right, Joined> {
    const [first, second] = [keyed(this.#left, left), keyed(this.#right, right)];
    checkComparableKeys('on', [first.key, second.key], [first.schema, second.schema]);
    return new KeyedPair<Left, Right, Joined>(first, second, this.#make);
  }
}

function keyed(side: JoinedSide, by: unknown): KeyedParts {
  if (typeof by === 'function') {
    aPlainFunction('on', by);
    return { ...side, key: { kind: 'function' }, functions: [by] };
  }
  const fields = (Array.isArray(by) ? by : [by]) as readonly string[];
  if (fields.length === 0) throw wrong('on', 'needs fields or a function', by);
  for (const field of fields) {
    someText('on: a field', field);
    if (side.schema !== null) fieldIndex(side.schema, field, 'on');
  }
  const key: KeySpec = { kind: 'fields', fields };
  return { ...side, key, functions: [] };
}

declare const ROWS: unique symbol;

/** Two streams by key, before it is said in which windows they meet. */
export class KeyedPair<out Left, out Right, out Joined> {
  readonly #left: KeyedParts;
  readonly #right: KeyedParts;
  readonly #make: Make<Joined>;
  declare readonly [ROWS]?: readonly [Left, Right];

  constructor(left: KeyedParts, right: KeyedParts, make: Make<Joined>) {
    this.#left = left;
    this.#right = right;
    this.#make = make;
  }

  /**
   * The windows in which rows meet: `.window(tumbling('1 h'))`, `.window(session('30 min'))`. They are those of the rows of both
   * sides: a session goes on with each row of a key, whichever side it is of, and its gap may depend on either.
   */
  window(window: PairWindow<Left | Right>): Joined {
    if (!isWindow(window) || (window as AnyWindow<never>).kind === 'count') {
      throw wrong(
        'window of a join',
        'takes tumbling(...), session(...) or another kind of window but those of counts, which globalWindow() with ' +
          'countTrigger(...) makes',
        window,
      );
    }
    const [left, right] = [this.#left, this.#right];
    return this.#make({ left, right, window, settings: DEFAULTS, lateTo: [null, null] });
  }
}

/** What windows of pairs and of groups have in common. */
abstract class WindowedPair<out Left, out Right> {
  readonly #parts: WindowJoinParts;

  constructor(parts: WindowJoinParts) {
    this.#parts = parts;
  }

  protected abstract with(parts: WindowJoinParts): this;

  #set(settings: Partial<WindowJoinParts['settings']>): this {
    return this.with({ ...this.#parts, settings: { ...this.#parts.settings, ...settings } });
  }

  /**
   * When windows fire, instead of at their end, `.trigger(continuousEventTimeTrigger('1 h'))`, by the rows of both sides together.
   * A window that fires keeps its rows, so that pairs come again, unless the trigger is `purging(...)`.
   */
  trigger(trigger: Trigger<Left | Right>): this {
    checkTrigger('trigger', trigger);
    return this.#set({ trigger });
  }

  /**
   * Which rows a window gives up when it fires, of those of both sides in the order in which they came:
   * `.trigger(countTrigger(10)).evictor(countEvictor(100))`. Behind it one of the sides, or both, may have none left.
   */
  evictor(evictor: Evictor<Left | Right>): this {
    checkEvictor(evictor);
    return this.#set({ evictor });
  }

  /**
   * Keeps windows for so long behind their end, and has them fire again, with all their rows, for each row that comes late:
   * `.allowedLateness('1 min')`. EngineError JOB_DEFINITION for windows that know no late records.
   */
  allowedLateness(lateness: Duration): this {
    this.#checkCanBeLate('allowedLateness');
    return this.#set({ latenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /**
   * Sends left records that are late for every window they belong to into a side output, where they are counted and dropped
   * otherwise: `.lateLeftTo(lateAuctions).apply((auction) => auction).sideOutput(lateAuctions)`.
   */
  lateLeftTo(side: SideOutput<Left>): this {
    aSideOutput('lateLeftTo', side);
    this.#checkCanBeLate('lateLeftTo');
    return this.with({ ...this.#parts, lateTo: [side.name, this.#parts.lateTo[1]] });
  }

  /** The same for right records: `.lateRightTo(late).apply((auction, bid) => bid).sideOutput(late)`. */
  lateRightTo(side: SideOutput<Right>): this {
    aSideOutput('lateRightTo', side);
    this.#checkCanBeLate('lateRightTo');
    return this.with({ ...this.#parts, lateTo: [this.#parts.lateTo[0], side.name] });
  }

  #checkCanBeLate(what: string): void {
    const { window } = this.#parts;
    if (window.kind !== 'global' && window.time === 'event') return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: only for windows of event time can a record be late`,
    );
  }

  protected applied<Out>(takes: WindowJoinSpec['takes'], name: string, code: object): Stream<Out> {
    const aRule = takes === 'pairs' ? aPlainFunction : aPlainOrGenerator;
    aRule('apply', code);
    const node = addWindowJoin(this.#parts, { takes, name, code });
    return new Stream<Out>(this.#parts.left.builder, node, null);
  }
}

/** Pairs of rows in windows. */
export class WindowJoin<out Left, out Right> extends WindowedPair<Left, Right> {
  protected override with(parts: WindowJoinParts): this {
    return new WindowJoin<Left, Right>(parts) as this;
  }

  /**
   * A row for each pair of a key and window, whenever the window fires, at its end - 1:
   * `.apply((auction, bid) => ({ item: auction.item, price: bid.price }))`.
   */
  apply<Out>(fn: (left: Left, right: Right) => Out): Stream<Out> {
    return this.applied<Out>('pairs', 'join', fn);
  }
}

/** Rows of both sides in windows, all of a key together. */
export class WindowCoGroup<out Left, out Right> extends WindowedPair<Left, Right> {
  protected override with(parts: WindowJoinParts): this {
    return new WindowCoGroup<Left, Right>(parts) as this;
  }

  /**
   * Any number of rows for each key and window, whenever the window fires, at its end - 1; one of the sides may be empty. They are
   * returned as an iterable, `.apply((auctions, bids) => auctions.map(({ item }) => ({ item, bids: bids.length })))`, or pushed,
   * where the compiler has to be told their type: `.apply<number>((auctions, bids, out) => out(bids.length))`. The rows of a side are
   * in the order in which they came; where sliding windows overlap, stretch by stretch of event time, as values that aggregates
   * collect, and in sessions that have become one, those of the earlier session first.
   */
  apply<Out>(
    fn: (
      lefts: readonly Left[],
      rights: readonly Right[],
      out: (row: Out) => void,
    ) => Iterable<Out>,
  ): Stream<Out>;
  apply<Out>(
    fn: (lefts: readonly Left[], rights: readonly Right[], out: (row: Out) => void) => void,
  ): Stream<Out>;
  apply<Out>(
    fn: (lefts: readonly Left[], rights: readonly Right[], out: (row: Out) => void) => unknown,
  ): Stream<Out> {
    return this.applied<Out>('groups', 'coGroup', fn);
  }
}
