/** A stream partitioned by key: what comes next sees all rows of a key in one place. */

import { aPlainFunction, wrong } from '../base/options.ts';
import type { Schema } from '../data/schema.ts';
import { type RollingSpec, rollingSchema } from '../operator/rolling.ts';
import { BroadcastStream, KeyedBroadcastConnectedStreams } from './broadcast.ts';
import { type MatchOptions, MatchStream } from './cep/match.ts';
import type { PatternLike } from './cep/pattern.ts';
import { KeyedConnectedStreams } from './connected.ts';
import { checkSum, type OrderedField, type SumField } from './field-names.ts';
import { KeyedPartition } from './full-partition.ts';
import { IntervalJoin } from './interval-join.ts';
import { type KeyedParts, keyedEdges } from './keyed-parts.ts';
import type { KeyLike } from './keys.ts';
import type { BroadcastDescriptors } from './operator-state.ts';
import type { ProcessFunction } from './process.ts';
import { addProcess, keyedInput } from './process-step.ts';
import type { StateDescriptors } from './state.ts';
import { Stream } from './stream.ts';
import { endOfStreamTrigger } from './triggers.ts';
import { WindowedStream } from './windowed-stream.ts';
import {
  type AnyWindow,
  type BoundsOf,
  globalWindow,
  isWindow,
  type WindowBounds,
  type WindowKind,
  type WindowOfRecord,
} from './windows.ts';

/** `Row` is the type of the rows, `Key` the fields that results get from the key. */
export class KeyedStream<out Row, out Key> {
  readonly #parts: KeyedParts;

  constructor(parts: KeyedParts) {
    this.#parts = parts;
  }

  /**
   * Each record joined to what its key has so far: `.reduce((total, sale) => ({ ...sale, price: total.price + sale.price }))`.
   * The function returns a new row and changes neither argument; the first record of a key is emitted as it is.
   */
  reduce(fn: (value: Row, row: Row) => Row): Stream<Row> {
    aPlainFunction('reduce', fn);
    return this.#rolling({ kind: 'reduce' }, [fn]);
  }

  /** The running sum of a field, `.sum('price')`; the other fields are those of the key's first record. */
  sum<K extends SumField<Row>>(field: K): Stream<Row> {
    return this.#rolling({ kind: 'sum', field });
  }

  /**
   * The least value of a field so far, `.min('price')`; the other fields are those of the key's first record. NaN counts as none
   * where there is a number.
   */
  min<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#rolling({ kind: 'min', field });
  }

  /** The same for the greatest, `.max('price')`. */
  max<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#rolling({ kind: 'max', field });
  }

  /** The record with the least value of a field so far, `.minBy('price')`; the first of equals. */
  minBy<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#rolling({ kind: 'minBy', field });
  }

  /** The record with the greatest value of a field so far, `.maxBy('price')`; the first of equals. */
  maxBy<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#rolling({ kind: 'maxBy', field });
  }

  /**
   * A function of your own over the records of each key, with state and timers:
   *
   *   payments.keyBy('user').process({
   *     emits: record({ user: t.string, total: t.float64 }),
   *     state: { total: value(t.float64, { default: 0 }) },
   *     onRecord(row, ctx) {
   *       const total = ctx.state.total.update((sum) => sum + row.amount);
   *       ctx.timers.eventTime(row.time + 60_000);
   *       if (total > 1000) ctx.emit({ user: ctx.key.user, total });
   *     },
   *     onTimer(time, ctx) {
   *       ctx.state.total.clear();
   *     },
   *   });
   */
  process<Out, States extends StateDescriptors = Record<never, never>>(
    definition: ProcessFunction<Row, Key, States, Out>,
  ): Stream<Out> {
    const { builder } = this.#parts;
    const inputs = [keyedInput(this.#parts, 'onRecord')];
    const step = { builder, name: 'process', inputs, definition, broadcastStates: [] };
    const { node, schema } = addProcess<Out>(step);
    return new Stream<Out>(builder, node, schema);
  }

  /**
   * Matches of a pattern (`millrace/cep`) in the records of each key, in the order of their event times; records without event
   * time are taken as they come: `logins.keyBy('user').match(threeFails, { skip: 'pastLast' }).select((match) => match.success[0])`.
   * EngineError JOB_DEFINITION for a pattern that says no end of what must not follow, or that has two steps of one name.
   */
  match<Match>(
    pattern: PatternLike<Row, Match>,
    options: MatchOptions<Row, NoInfer<Match>> = {},
  ): MatchStream<Row, Match> {
    return new MatchStream<Row, Match>(this.#parts, pattern, options);
  }

  #rolling(rolling: RollingSpec, more: readonly object[] = []): Stream<Row> {
    const { builder, schema, key, functions } = this.#parts;
    if (rolling.kind === 'sum' && schema !== null) checkSum(schema, rolling.field);
    const out = rollingSchema(rolling, schema) as Schema<Row> | null;
    const node = builder.add({
      name: rolling.kind,
      operator: { type: 'rolling', key, rolling },
      inputs: keyedEdges(this.#parts),
      schema: out,
      functions: [...functions, ...more],
    });
    return new Stream<Row>(builder, node, out);
  }

  /**
   * Pairs with the records of another keyed stream that have the same key and are not too far away in event time:
   * `bids.keyBy('auction').intervalJoin(auctions.keyBy('id')).between('-5 s', '5 s').process((bid, auction) => [bid, auction])`.
   */
  intervalJoin<Other, OtherKey extends KeyLike<OtherKey, Key>>(
    other: KeyedStream<Other, OtherKey>,
  ): IntervalJoin<Row, Other> {
    if (!(other instanceof KeyedStream)) throw wrong('intervalJoin', 'takes a keyed stream', other);
    this.#parts.builder.checkOwn('intervalJoin', other.#parts.builder);
    return new IntervalJoin<Row, Other>(this.#parts, other.#parts);
  }

  /**
   * Goes into one step with another keyed stream, by equal keys, or with a broadcast one; what the step does is said by
   * `process`, or for two keyed streams also by `map` and `flatMap`:
   *
   *   orders.keyBy('id').connect(payments.keyBy('order')).map({ first: ({ total }) => total, second: ({ amount }) => -amount });
   *   payments.keyBy('user').connect(rules.broadcast({ rules: map(t.string, Rule) }));
   *
   * EngineError JOB_DEFINITION for keys that can never be equal.
   */
  connect<Other, OtherKey extends KeyLike<OtherKey, Key>>(
    other: KeyedStream<Other, OtherKey>,
  ): KeyedConnectedStreams<Row, Other, Key>;
  connect<Other, Maps extends BroadcastDescriptors>(
    other: BroadcastStream<Other, Maps>,
  ): KeyedBroadcastConnectedStreams<Row, Other, Key, Maps>;
  connect(other: unknown): unknown {
    const parts = this.#parts;
    if (other instanceof KeyedStream) {
      parts.builder.checkOwn('connect', other.#parts.builder);
      return new KeyedConnectedStreams(parts, other.#parts);
    }
    if (other instanceof BroadcastStream) {
      return new KeyedBroadcastConnectedStreams(
        parts.builder,
        keyedInput(parts, 'onRecord'),
        other,
      );
    }
    throw wrong('connect of a keyed stream', 'takes a keyed stream or a broadcast one', other);
  }

  /**
   * All rows of each key, until the input ends: `.fullPartition().map((rows) => rows.slice(0, 3))`. Rows are kept until then,
   * but for `reduce` and `aggregate`.
   */
  fullPartition(): KeyedPartition<Row, Key> {
    const window = new WindowedStream<Row, Key, unknown>(this.#parts, globalWindow());
    return new KeyedPartition(window.trigger(endOfStreamTrigger()), this.#parts.schema);
  }

  /** Windows of time or of so many records: `.window(tumbling('1 h'))`, `.window(session('30 min'))`. */
  window(window: WindowOfRecord<Row>): WindowedStream<Row, Key, WindowBounds>;
  window<Kind extends WindowKind>(
    window: AnyWindow<Row> & { readonly kind: Kind },
  ): WindowedStream<Row, Key, BoundsOf<Kind>>;
  window<Kind extends WindowKind>(
    window: AnyWindow<Row> & { readonly kind: Kind },
  ): WindowedStream<Row, Key, never> {
    if (!isWindow(window)) {
      throw wrong('window', 'takes tumbling(...), session(...) or another kind of window', window);
    }
    return new WindowedStream<Row, Key, never>(this.#parts, window);
  }
}
