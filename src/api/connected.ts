/** Two streams that go into one step, each with functions of its own. */
import {
  aFunction,
  checkFunctions,
  noGenerator,
  notAsync,
  type OptionRules,
} from '../base/options.ts';
import { checkComparableKeys } from '../data/key-pair.ts';
import { emitEach, iteratorOrNone } from '../operator/returned-rows.ts';
import { type } from './emits.ts';
import type { GraphBuilder } from './graph-builder.ts';
import type { KeyedParts } from './keyed-parts.ts';
import type { OperatorStateDescriptors } from './operator-state.ts';
import type {
  KeyedFunctionParts,
  ProcessContext,
  RecordContext,
  UnkeyedContext,
  UnkeyedFunctionParts,
} from './process.ts';
import { addProcess, keyedInput, type ProcessStep, type StepInput } from './process-step.ts';
import type { StateDescriptors } from './state.ts';
import { Stream } from './stream.ts';

/** A process function of two streams; its functions are called as methods of this object. */
export type ConnectedFunction<First, Second, Lists, Out> = UnkeyedFunctionParts<Lists, Out> & {
  /** Called for each record of the first stream. */
  onFirst(row: First, ctx: UnkeyedContext<Lists, Out>): void;
  /** Called for each record of the second stream. */
  onSecond(row: Second, ctx: UnkeyedContext<Lists, Out>): void;
};

/** A process function of two keyed streams: records of both with equal keys share state and timers. */
export type KeyedConnectedFunction<First, Second, Key, States, Out> = KeyedFunctionParts<
  Key,
  States,
  Out
> & {
  /** Called for each record of the first stream. */
  onFirst(row: First, ctx: ProcessContext<Key, States, Out>): void;
  /** Called for each record of the second stream. */
  onSecond(row: Second, ctx: ProcessContext<Key, States, Out>): void;
};

/** A new row for each row of either stream. */
export type MapPair<First, Second, A, B> = {
  first(row: First): A;
  second(row: Second): B;
};

/** Any number of rows for a row, returned as an iterable or pushed. */
type FlatMapFunction<Row, Out> =
  | ((row: Row, out: (row: Out) => void) => Iterable<Out>)
  | ((row: Row, out: (row: Out) => void) => void);

/** Any number of rows for each row of either stream. */
export type FlatMapPair<First, Second, A, B> = {
  readonly first: FlatMapFunction<First, A>;
  readonly second: FlatMapFunction<Second, B>;
};

const PAIR_PARTS: OptionRules<MapPair<unknown, unknown, unknown, unknown>> = {
  first: aFunction,
  second: aFunction,
};

/** What two streams have in common that are connected, keyed or not. */
abstract class Connected<out First, out Second> {
  protected readonly builder: GraphBuilder;
  protected readonly inputs: readonly [StepInput, StepInput];

  constructor(builder: GraphBuilder, inputs: readonly [StepInput, StepInput]) {
    this.builder = builder;
    this.inputs = inputs;
  }

  /**
   * A new row for each row of either stream, at the time of that row:
   * `clicks.connect(views).map({ first: ({ user }) => user, second: ({ visitor }) => visitor })`.
   */
  map<A, B>(pair: MapPair<First, Second, A, B>): Stream<A | B> {
    checkPair('map', pair);
    return this.#step<A | B>('map', {
      onFirst: (row, { emit }) => emit(pair.first(row)),
      onSecond: (row, { emit }) => emit(pair.second(row)),
    });
  }

  /**
   * Any number of rows for each row of either stream, returned as an iterable, or pushed, where the compiler has to be told their
   * type: `lines.connect(pages).flatMap<string>({ first: (line, out) => out(line), second: (page) => page.split('\n') })`.
   */
  flatMap<A, B = A>(pair: FlatMapPair<First, Second, A, B>): Stream<A | B> {
    checkPair('flatMap', pair);
    return this.#step<A | B>('flatMap', {
      onFirst: (row, { emit }) => emitEach(iteratorOrNone(pair.first(row, emit)), emit),
      onSecond: (row, { emit }) => emitEach(iteratorOrNone(pair.second(row, emit)), emit),
    });
  }

  #step<Out>(
    name: string,
    functions: {
      onFirst(row: First, ctx: RecordContext<Out>): void;
      onSecond(row: Second, ctx: RecordContext<Out>): void;
    },
  ): Stream<Out> {
    return this.added<Out>(name, { emits: type<Out>(), ...functions });
  }

  protected added<Out>(name: string, definition: ProcessStep<Out>['definition']): Stream<Out> {
    const { builder, inputs } = this;
    const { node, schema } = addProcess<Out>({
      builder,
      name,
      inputs,
      definition,
      broadcastStates: [],
    });
    return new Stream<Out>(builder, node, schema);
  }
}

function checkPair(what: string, pair: object): void {
  checkFunctions(what, pair, PAIR_PARTS as OptionRules<object>);
  for (const part of ['first', 'second'] as const) {
    const fn = (pair as Record<string, unknown>)[part];
    notAsync(`${what}: ${part}`, fn, `${what}Async, before the streams are connected`);
    if (what === 'map') noGenerator(`${what}: ${part}`, fn);
  }
}

/** Two streams that are not keyed. */
export class ConnectedStreams<out First, out Second> extends Connected<First, Second> {
  /**
   * A function of your own over the records of both streams, in the order in which they come:
   *
   *   orders.connect(refunds).process({
   *     emits: record({ id: t.string, amount: t.float64 }),
   *     onFirst: ({ id, total }, ctx) => ctx.emit({ id, amount: total }),
   *     onSecond: ({ order, amount }, ctx) => ctx.emit({ id: order, amount: -amount }),
   *   });
   */
  process<Out, Lists extends OperatorStateDescriptors = Record<never, never>>(
    definition: ConnectedFunction<First, Second, Lists, Out>,
  ): Stream<Out> {
    return this.added<Out>('process', definition);
  }
}

/** Two streams by the same key; `Key` has the fields of the key of the first. */
export class KeyedConnectedStreams<out First, out Second, out Key> extends Connected<
  First,
  Second
> {
  constructor(first: KeyedParts, second: KeyedParts) {
    const schemas = [first.schema, second.schema] as const;
    checkComparableKeys('connect', [first.key, second.key], schemas);
    super(first.builder, [keyedInput(first, 'onFirst'), keyedInput(second, 'onSecond')]);
  }

  /**
   * A function of your own over the records of both streams by key, with state and timers that both share:
   *
   *   orders.keyBy('id').connect(payments.keyBy('order')).process({
   *     emits: record({ id: t.string, total: t.float64 }),
   *     state: { order: value(Order) },
   *     onFirst(order, ctx) {
   *       ctx.state.order.set(order);
   *       ctx.timers.eventTime(order.time + 60_000);
   *     },
   *     onSecond(payment, ctx) {
   *       const order = ctx.state.order.get();
   *       if (order !== undefined) ctx.emit({ id: ctx.key.id, total: order.total - payment.amount });
   *     },
   *     onTimer(time, ctx) {
   *       ctx.state.order.clear();
   *     },
   *   });
   *
   * `ctx.key` has the fields of the key of the first stream.
   */
  process<Out, States extends StateDescriptors = Record<never, never>>(
    definition: KeyedConnectedFunction<First, Second, Key, States, Out>,
  ): Stream<Out> {
    return this.added<Out>('process', definition);
  }
}
