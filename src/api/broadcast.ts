/** A stream whose records reach every subtask of the next step, and the state that they make there. */
import type { StateSpec } from '../operator/process/process-spec.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import {
  type BroadcastDescriptors,
  type BroadcastViews,
  broadcastSpecs,
  type OperatorStateDescriptors,
} from './operator-state.ts';
import type {
  KeyedFunctionParts,
  ProcessContext,
  RecordContext,
  TimerContext,
  UnkeyedContext,
  UnkeyedFunctionParts,
} from './process.ts';
import { addProcess, type ProcessStep, type StepInput, unkeyedInput } from './process-step.ts';
import type { StateDescriptors, StateHandles } from './state.ts';
import { Stream } from './stream.ts';

/** Broadcast state beside the records of the other stream: it may only be read. */
type View<Maps> = { readonly broadcastState: BroadcastViews<Maps> };

/** What `onBroadcast` gets beside the record, where the other stream is not keyed. */
export interface BroadcastContext<Lists, Maps, Out> extends UnkeyedContext<Lists, Out> {
  /** Broadcast state, to read and to change. Each subtask has its own, and has to change it in the same way. */
  readonly broadcastState: StateHandles<Maps>;
}

/** What `onBroadcast` gets beside the record, where the other stream is keyed. There are no timers. */
export interface KeyedBroadcastContext<Key, States, Maps, Out> extends RecordContext<Out> {
  /** Broadcast state, to read and to change. Each subtask has its own, and has to change it in the same way. */
  readonly broadcastState: StateHandles<Maps>;
  /**
   * Visits every key of the subtask that has something in a state: `ctx.forEachKey('last', (key, last) => last.clear())`. The
   * order of the keys is free.
   */
  readonly forEachKey: <Name extends keyof States & string>(
    state: Name,
    visit: (key: Readonly<Key>, state: StateHandles<States>[Name]) => void,
  ) => void;
}

/** A process function of a stream beside a broadcast one; its functions are called as methods of this object. */
export type BroadcastFunction<Row, Broadcast, Lists, Maps, Out> = UnkeyedFunctionParts<
  Lists,
  Out
> & {
  /** Called for each record of the stream that is not broadcast. */
  onRecord(row: Row, ctx: UnkeyedContext<Lists, Out> & View<Maps>): void;
  /** Called for each broadcast record, in every subtask. */
  onBroadcast(row: Broadcast, ctx: BroadcastContext<Lists, Maps, Out>): void;
};

/** The same for a keyed stream beside a broadcast one. */
export type KeyedBroadcastFunction<Row, Broadcast, Key, States, Maps, Out> = Omit<
  KeyedFunctionParts<Key, States, Out>,
  'onTimer'
> & {
  /** Called for each record of the keyed stream. */
  onRecord(row: Row, ctx: ProcessContext<Key, States, Out> & View<Maps>): void;
  /** Called for each broadcast record, in every subtask. */
  onBroadcast(row: Broadcast, ctx: KeyedBroadcastContext<Key, States, Maps, Out>): void;
  /** Called for each timer that is due. */
  onTimer?(time: number, ctx: TimerContext<Key, States, Out> & View<Maps>): void;
};

declare const TYPES: unique symbol;

/** A stream to connect another one to; `Maps` is the state that its records make. */
export class BroadcastStream<out Row, out Maps> {
  declare readonly [TYPES]?: readonly [Row, Maps];
  readonly #builder: GraphBuilder;
  readonly #edges: readonly InputEdge[];
  readonly #states: readonly StateSpec[];

  constructor(
    builder: GraphBuilder,
    edges: readonly InputEdge[],
    states: Maps & BroadcastDescriptors,
  ) {
    this.#builder = builder;
    this.#edges = edges;
    this.#states = broadcastSpecs(states);
  }

  /** What a step needs that takes it beside another input. */
  get parts(): {
    readonly builder: GraphBuilder;
    readonly input: StepInput;
    readonly broadcastStates: readonly StateSpec[];
  } {
    const input = unkeyedInput(this.#edges, 'onBroadcast');
    return { builder: this.#builder, input, broadcastStates: this.#states };
  }
}

/** What a stream beside a broadcast one has, keyed or not. */
abstract class BesideBroadcast<out Broadcast, out Maps> {
  readonly #builder: GraphBuilder;
  readonly #input: StepInput;
  readonly #broadcast: BroadcastStream<Broadcast, Maps>;

  constructor(
    builder: GraphBuilder,
    input: StepInput,
    broadcast: BroadcastStream<Broadcast, Maps>,
  ) {
    builder.checkOwn('connect', broadcast.parts.builder);
    this.#builder = builder;
    this.#input = input;
    this.#broadcast = broadcast;
  }

  protected added<Out>(definition: ProcessStep<Out>['definition']): Stream<Out> {
    const builder = this.#builder;
    const { input, broadcastStates } = this.#broadcast.parts;
    const inputs = [this.#input, input];
    const step = { builder, name: 'process', inputs, definition, broadcastStates };
    const { node, schema } = addProcess<Out>(step);
    return new Stream<Out>(builder, node, schema);
  }
}

/** A stream that is not keyed, beside a broadcast one. */
export class BroadcastConnectedStreams<out Row, out Broadcast, out Maps> extends BesideBroadcast<
  Broadcast,
  Maps
> {
  /**
   * A function of your own over the records of both streams, in the order in which they come:
   *
   *   payments.connect(limits.broadcast({ limits: map(t.string, t.float64) })).process({
   *     emits: Payment,
   *     onRecord(payment, ctx) {
   *       const limit = ctx.broadcastState.limits.get(payment.country) ?? Infinity;
   *       if (payment.amount > limit) ctx.emit(payment);
   *     },
   *     onBroadcast(limit, ctx) {
   *       ctx.broadcastState.limits.set(limit.country, limit.amount);
   *     },
   *   });
   *
   * The time of what comes out is that of the slower of both streams, so the broadcast one needs watermarks too.
   */
  process<Out, Lists extends OperatorStateDescriptors = Record<never, never>>(
    definition: BroadcastFunction<Row, Broadcast, Lists, Maps, Out>,
  ): Stream<Out> {
    return this.added<Out>(definition);
  }
}

/** A keyed stream beside a broadcast one. */
export class KeyedBroadcastConnectedStreams<
  out Row,
  out Broadcast,
  out Key,
  out Maps,
> extends BesideBroadcast<Broadcast, Maps> {
  /**
   * A function of your own over the records of both streams, with state and timers by key for those that are keyed:
   *
   *   payments.keyBy('user').connect(rules.broadcast({ rules: map(t.string, Rule) })).process({
   *     emits: record({ user: t.string, rule: t.string }),
   *     state: { last: value(t.float64) },
   *     onRecord(payment, ctx) {
   *       for (const rule of ctx.broadcastState.rules.values()) {
   *         if (payment.amount - (ctx.state.last.get() ?? 0) > rule.jump) ctx.emit({ user: ctx.key.user, rule: rule.name });
   *       }
   *       ctx.state.last.set(payment.amount);
   *     },
   *     onBroadcast(rule, ctx) {
   *       ctx.broadcastState.rules.set(rule.name, rule);
   *       ctx.forEachKey('last', (key, last) => last.clear());
   *     },
   *   });
   *
   * The time of what comes out is that of the slower of both streams, so the broadcast one needs watermarks too.
   */
  process<Out, States extends StateDescriptors = Record<never, never>>(
    definition: KeyedBroadcastFunction<Row, Broadcast, Key, States, Maps, Out>,
  ): Stream<Out> {
    return this.added<Out>(definition);
  }
}
