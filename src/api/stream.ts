/**
 * Streams: each call adds a node to the graph and returns the stream behind it. Nothing runs here.
 *
 *   flow.from(files('bids.csv', csv(Bid)))
 *     .filter((bid) => bid.price > 100)
 *     .keyBy('auction')
 *     .window(tumbling('10 s'))
 *     .aggregate(({ count, max }) => ({ bids: count(), best: max('price') }))
 *     .to(files('out', csv()));
 */
import { EngineError } from '../base/errors.ts';
import { aPlainFunction, noGenerator, notAsync, someText, wrong } from '../base/options.ts';
import { type PrintOptions, print } from '../connector/print/print.ts';
import type { KeySpec } from '../data/key.ts';
import { aSchema, fieldIndex, type Schema, sameSchema } from '../data/schema.ts';
import type { NodeId, Partitioning } from '../graph/graph.ts';
import { checkCanBecome } from '../operator/as.ts';
import { schemaAfter } from '../operator/fused-steps.ts';
import {
  DEAD_LETTERS,
  type EventTimeSpec,
  type StatelessSpec,
  type TimestampSpec,
} from '../operator/operator-spec.ts';
import type { Sink } from '../operator/sink.ts';
import type { DeadLetter } from '../operator/source.ts';
import { strategySpec, type WatermarkStrategy } from '../time/strategies.ts';
import { type AsyncInput, addAsync, addParallel, Lookup } from './async.ts';
import type {
  AsyncContext,
  AsyncOptions,
  LookupOptions,
  ParallelOptions,
} from './async-options.ts';
import { BroadcastConnectedStreams, BroadcastStream } from './broadcast.ts';
import { BroadcastJoin } from './broadcast-join.ts';
import type { MatchOptions, MatchStream } from './cep/match.ts';
import type { PatternLike } from './cep/pattern.ts';
import { ConnectedStreams } from './connected.ts';
import { FullPartition } from './full-partition.ts';
import type { GraphBuilder, InputEdge } from './graph-builder.ts';
import { KeyedStream } from './keyed-stream.ts';
import type { KeyField, KeyValue, TimeField } from './keys.ts';
import type { BroadcastDescriptors, OperatorStateDescriptors } from './operator-state.ts';
import type { UnkeyedProcessFunction } from './process.ts';
import { addProcess, unkeyedInput } from './process-step.ts';
import { aSideOutput, type SideOutput } from './side-output.ts';
import { Step } from './step.ts';
import { type JoinedSide, StreamPair, WindowCoGroup, WindowJoin } from './window-join.ts';
import type { WindowedStream } from './windowed-stream.ts';
import type { AnyWindow, BoundsOf, WindowBounds, WindowKind, WindowOfRecord } from './windows.ts';

declare const ROW: unique symbol;

/** What is left of a stream where only its rows matter: any stream fits where unknown rows will do. */
export type RowStream<Row> = {
  readonly [ROW]?: Row;
  collectAs(output: string): NodeId;
  isRead(): boolean;
};

/** A stream of rows; `Row` is their type. It fits where a stream of rows with fewer fields is taken. */
export class Stream<out Row> extends Step implements RowStream<Row> {
  declare readonly [ROW]?: Row;
  readonly #builder: GraphBuilder;
  /** How the rows come: one edge, or those of a union. */
  readonly #edges: readonly InputEdge[];
  readonly #schema: Schema<Row> | null;

  /** The stream behind a node; or, given edges, rows on their way to the next step. */
  constructor(
    builder: GraphBuilder,
    from: NodeId | readonly InputEdge[],
    schema: Schema<Row> | null,
  ) {
    super(builder, typeof from === 'number' ? from : null);
    this.#builder = builder;
    this.#edges = typeof from === 'number' ? [{ from, partitioning: { kind: 'forward' } }] : from;
    this.#schema = schema;
  }

  /** A new row for each row: `.map((bid) => ({ ...bid, euros: bid.price / 100 }))`. */
  map<Out>(fn: (row: Row) => Out): Stream<Out> {
    notAsync('map', fn, 'mapAsync');
    noGenerator('map', fn);
    return this.#stateless<Out>({ type: 'map' }, fn);
  }

  /** The rows for which the function is true, `.filter((bid) => bid.price > 100)`; a type guard narrows the type of the rows. */
  filter<Out extends Row>(fn: (row: Row) => row is Out): Stream<Out>;
  filter(fn: (row: Row) => boolean): Stream<Row>;
  filter(fn: (row: Row) => boolean): Stream<Row> {
    notAsync('filter', fn, 'mapAsync, and filter behind it');
    noGenerator('filter', fn);
    return this.#stateless<Row>({ type: 'filter' }, fn);
  }

  /**
   * Any number of rows for each row, returned as an iterable, `.flatMap((bid) => [bid.price, -bid.price])`, or pushed, where the
   * compiler has to be told their type: `.flatMap<number>((bid, out) => out(bid.price))`.
   */
  flatMap<Out>(fn: (row: Row, out: (row: Out) => void) => Iterable<Out>): Stream<Out>;
  flatMap<Out>(fn: (row: Row, out: (row: Out) => void) => void): Stream<Out>;
  flatMap<Out>(fn: (row: Row, out: (row: Out) => void) => unknown): Stream<Out> {
    notAsync('flatMap', fn, 'flatMapAsync');
    return this.#stateless<Out>({ type: 'flatMap' }, fn);
  }

  /**
   * A new row for each row, by a function that answers later: `.mapAsync(async (bid, { signal }) => rate(bid, signal))`. So many
   * calls are under way at a time; those that are when a checkpoint is taken are made again after a restart. A rejection fails
   * the job with USER_FUNCTION, a call that takes longer than its `timeout` with ASYNC_TIMEOUT.
   */
  mapAsync<Out, Late = never>(
    fn: (row: Row, ctx: AsyncContext) => PromiseLike<Out> | Out,
    options: AsyncOptions<Row, NoInfer<Out>, Late> = {},
  ): Stream<Out | Late> {
    const node = addAsync('mapAsync', this.#input(), fn, options);
    return new Stream<Out | Late>(this.#builder, node, null);
  }

  /**
   * The same for a function that answers with any number of rows: `.flatMapAsync(async (page) => (await load(page)).links)`.
   * All of them have the event time of their row; `onTimeout` gives an iterable too.
   */
  flatMapAsync<Out, Late = never>(
    fn: (row: Row, ctx: AsyncContext) => PromiseLike<Iterable<Out>> | Iterable<Out>,
    options: AsyncOptions<Row, Iterable<NoInfer<Out>>, Iterable<Late>> = {},
  ): Stream<Out | Late> {
    const node = addAsync('flatMapAsync', this.#input(), fn, options);
    return new Stream<Out | Late>(this.#builder, node, null);
  }

  /**
   * A new row for each row, by a function that keeps a processor busy: `.mapParallel((photo) => shrink(photo))`. Threads of its
   * own run it, so that the worker is free for other steps; they import the module of the job, and rows cross to them and back as
   * between all threads. Rows that threads are at when a checkpoint is taken are given to them again after a restart. EngineError
   * USER_FUNCTION for what the function throws, JOB_NOT_FOUND for a job that is not defined at the top level of a module.
   */
  mapParallel<Out, Late = never>(
    fn: (row: Row) => Out,
    options: ParallelOptions<Row, Late> = {},
  ): Stream<Out | Late> {
    const node = addParallel(this.#input(), fn, options);
    return new Stream<Out | Late>(this.#builder, node, null);
  }

  /**
   * Joins each row with what a function finds for its key, later: a database, a service. With a cache each key is asked for
   * once as long as it is kept:
   *
   *   bids
   *     .lookup('auction', async (id, { signal }) => findAuction(id, signal), { cache: { maxEntries: 10_000, ttl: '10 min' } })
   *     .apply((bid, auction) => ({ ...bid, seller: auction?.seller ?? null }));
   *
   * The key is a field, or a function of the row. A key that is undefined, null or NaN fails the job with KEY_INVALID. What else may be said is that of `mapAsync`.
   */
  lookup<K extends KeyField<Row>, Found, Late = never>(
    key: K,
    fn: (key: Row[K], ctx: AsyncContext) => PromiseLike<Found> | Found,
    options?: LookupOptions<Row, NoInfer<Found>, Late>,
  ): Lookup<Row, Found, Late>;
  lookup<Key extends KeyValue, Found, Late = never>(
    key: (row: Row) => Key,
    fn: (key: Key, ctx: AsyncContext) => PromiseLike<Found> | Found,
    options?: LookupOptions<Row, NoInfer<Found>, Late>,
  ): Lookup<Row, Found, Late>;
  lookup<Found, Late>(
    key: string | ((row: Row) => unknown),
    fn: object,
    options: LookupOptions<Row, Found, Late> = {},
  ): Lookup<Row, Found, Late> {
    if (typeof key === 'string' && this.#schema !== null) fieldIndex(this.#schema, key, 'lookup');
    return new Lookup(this.#input(), key, fn, options);
  }

  #input(): AsyncInput {
    return { builder: this.#builder, edges: this.#edges };
  }

  /** Only the named fields: `.project('auction', 'price')`; undefined where a row without a schema lacks one. */
  project<K extends keyof Row & string>(...fields: K[]): Stream<Pick<Row, K>> {
    return this.#stateless<Pick<Row, K>>({ type: 'project', fields }, null);
  }

  /**
   * The rows with a schema, so that they travel as columns: `.map(parse).as(Bid)`. A row that does not fit fails the job
   * with FIELD_TYPE; fields that are not in the schema fall away.
   */
  as<Out>(schema: Schema<Out>): Stream<Out> {
    aSchema('as: the schema', schema);
    if (this.#schema !== null) checkCanBecome(this.#schema, schema);
    const node = this.#builder.add({
      name: 'as',
      operator: { type: 'as', fields: schema.fields },
      inputs: this.#edges,
      schema,
    });
    return new Stream<Out>(this.#builder, node, schema);
  }

  #stateless<Out>(spec: StatelessSpec, code: object | null): Stream<Out> {
    const schema = schemaAfter(spec, this.#schema) as Schema<Out> | null;
    const node = this.#builder.add({
      name: spec.type,
      operator: spec,
      inputs: this.#edges,
      schema,
      functions: code === null ? [] : [code],
    });
    return new Stream<Out>(this.#builder, node, schema);
  }

  /**
   * Event time from a field or a function, and how watermarks follow from it. Right behind a source each split
   * has its own watermark: `.eventTime('date', boundedOutOfOrderness('5 min'))`. Times are milliseconds since 1970, those of a Date;
   * greater ones are refused.
   */
  eventTime<K extends TimeField<Row>>(
    time: K | ((row: Row) => number),
    strategy: WatermarkStrategy<Row>,
  ): Stream<Row> {
    const isField = typeof time === 'string';
    if (!isField) aPlainFunction('eventTime: a time that is no field', time);
    if (isField && this.#schema !== null) fieldIndex(this.#schema, time, 'eventTime');
    const timestamp: TimestampSpec = isField
      ? { kind: 'field', field: time }
      : { kind: 'function' };
    const eventTime: EventTimeSpec = { timestamp, watermark: strategySpec(strategy) };
    const functions = [...(isField ? [] : [time]), ...(strategy.custom ? [strategy.custom] : [])];
    const [{ from }] = this.#edges as readonly [InputEdge];
    if (this.#isFresh() && this.#builder.setEventTime(from, eventTime, functions)) {
      return new Stream<Row>(this.#builder, from, this.#schema);
    }
    if (eventTime.watermark.alignment !== null) {
      const place = 'stands right behind a source, which alone can be held back';
      throw wrong('eventTime: a strategy with alignment', place, strategy);
    }
    const node = this.#builder.add({
      name: 'eventTime',
      operator: { type: 'eventTime', eventTime },
      inputs: this.#edges,
      schema: this.#schema,
      functions,
    });
    return new Stream<Row>(this.#builder, node, this.#schema);
  }

  #isFresh(): boolean {
    return this.#edges.length === 1 && this.#edges[0]!.partitioning.kind === 'forward';
  }

  /** The rows of this stream and of others, in any order: `clicks.union(moreClicks)`. */
  union(...others: readonly Stream<Row>[]): Stream<Row> {
    for (const other of others) this.#checkMeets('union', other);
    const streams = [this, ...others];
    const isTyped = others.every((other) => sameSchema(other.#schema, this.#schema));
    const edges = streams.flatMap((stream) => stream.#edges);
    return new Stream<Row>(this.#builder, edges, isTyped ? this.#schema : null);
  }

  /**
   * Pairs of rows of two streams that have the same key and lie in the same window:
   * `auctions.join(bids).on('id', 'auction').window(tumbling('1 h')).apply((auction, bid) => ({ ...auction, ...bid }))`.
   */
  join<Other>(other: Stream<Other>): StreamPair<Row, Other, WindowJoin<Row, Other>> {
    this.#checkMeets('join', other);
    return new StreamPair(this.#joined(), other.#joined(), (parts) => new WindowJoin(parts));
  }

  /**
   * The rows of two streams that have the same key and lie in the same window, those of each side together:
   * `auctions.coGroup(bids).on('id', 'auction').window(tumbling('1 h')).apply((auctions, bids) => [auctions.length - bids.length])`.
   */
  coGroup<Other>(other: Stream<Other>): StreamPair<Row, Other, WindowCoGroup<Row, Other>> {
    this.#checkMeets('coGroup', other);
    return new StreamPair(this.#joined(), other.#joined(), (parts) => new WindowCoGroup(parts));
  }

  /**
   * Each row with the newest row of a small stream that has the same key; every subtask keeps all of the small one in memory,
   * and the large one is not dealt by key:
   *
   *   orders.broadcastJoin(countries).on('country', 'code').apply((order, country) => ({ ...order, name: country?.name }))
   *
   * A row meets what has come until then. The time of what comes out is that of the slower stream.
   */
  broadcastJoin<Small>(small: Stream<Small>): BroadcastJoin<Row, Small> {
    this.#checkMeets('broadcastJoin', small);
    return new BroadcastJoin<Row, Small>(this, small, [this.#schema, small.#schema]);
  }

  #checkMeets(what: string, other: unknown): void {
    if (!(other instanceof Stream)) throw wrong(what, 'takes a stream that is not keyed', other);
    this.#builder.checkOwn(what, other.#builder);
  }

  #joined(): JoinedSide {
    const inputs = this.#edges.map(({ from }) => from);
    return { builder: this.#builder, inputs, schema: this.#schema };
  }

  /**
   * Rows to all subtasks of the next step in turn, so that each has as many; of a large batch an equal part each:
   * `.rebalance().map((bid) => bid.price)`.
   */
  rebalance(): Stream<Row> {
    return this.#partitioned({ kind: 'rebalance' });
  }

  /**
   * Rows to few subtasks of the next step in turn: of 2 subtasks before and 4 behind, each sends to 2. They are on the same
   * thread where the smaller number is a multiple of the threads, and far fewer channels are needed than for `rebalance`:
   * `.rescale().map((bid) => bid.price)`.
   */
  rescale(): Stream<Row> {
    return this.#partitioned({ kind: 'rescale' });
  }

  /** Each row to a subtask of the next step by chance: `.shuffle().map((bid) => bid.price)`. */
  shuffle(): Stream<Row> {
    return this.#partitioned({ kind: 'shuffle' });
  }

  /**
   * Every row to every subtask of the next step. With states, maps by name, it is a stream to connect another one to:
   * `payments.connect(rules.broadcast({ rules: map(t.string, Rule) }))`.
   */
  broadcast(): Stream<Row>;
  broadcast<Maps extends BroadcastDescriptors>(states: Maps): BroadcastStream<Row, Maps>;
  broadcast(states?: BroadcastDescriptors): Stream<Row> | BroadcastStream<Row, unknown> {
    const rows = this.#partitioned({ kind: 'broadcast' });
    return states === undefined ? rows : new BroadcastStream(this.#builder, rows.#edges, states);
  }

  /**
   * Goes into one step with another stream, or with a broadcast one; what the step does is said by `process`, or for two
   * streams also by `map` and `flatMap`:
   *
   *   clicks.connect(views).map({ first: ({ user }) => user, second: ({ visitor }) => visitor });
   *   payments.connect(limits.broadcast({ limits: map(t.string, t.float64) }));
   */
  connect<Other>(other: Stream<Other>): ConnectedStreams<Row, Other>;
  connect<Other, Maps extends BroadcastDescriptors>(
    other: BroadcastStream<Other, Maps>,
  ): BroadcastConnectedStreams<Row, Other, Maps>;
  connect(other: unknown): unknown {
    const builder = this.#builder;
    if (other instanceof Stream) {
      builder.checkOwn('connect', other.#builder);
      const first = unkeyedInput(this.#edges, 'onFirst');
      return new ConnectedStreams(builder, [first, unkeyedInput(other.#edges, 'onSecond')]);
    }
    if (other instanceof BroadcastStream) {
      return new BroadcastConnectedStreams(builder, unkeyedInput(this.#edges, 'onRecord'), other);
    }
    const takes = 'takes a stream that is not keyed, or a broadcast one; key both or none';
    throw wrong('connect', takes, other);
  }

  /**
   * A function of your own over the records, without keys and so without timers; it may keep lists of its own:
   *
   *   payments.process({
   *     emits: Payment,
   *     operatorState: { batch: list(Payment) },
   *     onRecord(row, ctx) {
   *       const { batch } = ctx.operatorState;
   *       batch.add(row);
   *       if (batch.get().length < 100) return;
   *       for (const one of batch.get()) ctx.emit(one);
   *       batch.clear();
   *     },
   *   });
   */
  process<Out, Lists extends OperatorStateDescriptors = Record<never, never>>(
    definition: UnkeyedProcessFunction<Row, Lists, Out>,
  ): Stream<Out> {
    const { node, schema } = addProcess<Out>({
      builder: this.#builder,
      name: 'process',
      inputs: [unkeyedInput(this.#edges, 'onRecord')],
      definition,
      broadcastStates: [],
    });
    return new Stream<Out>(this.#builder, node, schema);
  }

  /** All rows to the first subtask of the next step: `.global().fullPartition().sort('price')`. */
  global(): Stream<Row> {
    return this.#partitioned({ kind: 'global' });
  }

  /**
   * Rows to the subtask of the next step that a function names for a key, from a field or a function:
   * `.partitionCustom((auction, subtasks) => auction % subtasks, 'auction')`. A number that is no subtask fails the
   * job with PARTITION_INVALID.
   */
  partitionCustom<K extends keyof Row & string>(
    partitioner: (key: Row[K], subtasks: number) => number,
    field: K,
  ): Stream<Row>;
  partitionCustom<Key>(
    partitioner: (key: Key, subtasks: number) => number,
    key: (row: Row) => Key,
  ): Stream<Row>;
  partitionCustom(partitioner: object, by: string | ((row: Row) => unknown)): Stream<Row> {
    aPlainFunction('partitionCustom', partitioner);
    if (typeof by === 'function') {
      aPlainFunction('partitionCustom: the key', by);
      return this.#partitioned({ kind: 'custom', key: { kind: 'function' } }, [partitioner, by]);
    }
    if (this.#schema !== null) fieldIndex(this.#schema, by, 'partitionCustom');
    return this.#partitioned({ kind: 'custom', key: { kind: 'fields', fields: [by] } }, [
      partitioner,
    ]);
  }

  /**
   * Rows of equal keys to the same subtask of the next step, which itself has no keys, such as a sink:
   * `.partitionBy('auction').to(files('bids', csv()))`, `.partitionBy((bid) => bid.name.length)`.
   */
  partitionBy<K extends KeyField<Row>>(...fields: [K, ...K[]]): Stream<Row>;
  partitionBy(key: (row: Row) => KeyValue): Stream<Row>;
  partitionBy(...by: readonly (string | ((row: Row) => KeyValue))[]): Stream<Row> {
    const { key, functions } = this.#keyOf('partitionBy', by);
    return this.#partitioned({ kind: 'partition', key }, functions);
  }

  #partitioned(partitioning: Partitioning, functions: readonly object[] = []): Stream<Row> {
    const edges = this.#edges.map(({ from }) => ({ from, partitioning, functions }));
    return new Stream<Row>(this.#builder, edges, this.#schema);
  }

  /**
   * Rows by key, from fields or a function: `.keyBy('user')`, `.keyBy((row) => row.name.length)`. Fields whose names begin with #
   * are no keys of steps with state, but for aggregates of windows of time.
   */
  keyBy<K extends KeyField<Row>>(...fields: [K, ...K[]]): KeyedStream<Row, Pick<Row, K>>;
  keyBy<Key extends KeyValue>(fn: (row: Row) => Key): KeyedStream<Row, { key: Key }>;
  keyBy(...by: readonly (string | ((row: Row) => KeyValue))[]): KeyedStream<Row, never> {
    const { key, functions } = this.#keyOf('keyBy', by);
    return this.#keyed(key, functions);
  }

  /**
   * As `keyBy`, for rows that lie by this key already: they stay where they are. Behind `.partitionBy('user')`, or a step by the same
   * key, and steps that change neither key nor subtask:
   *
   *   const known = bids.keyBy('user').reduce((best, bid) => (bid.price > best.price ? bid : best));
   *   known.filter((bid) => bid.price > 9).reinterpretAsKeyed('user').sum('price');
   *
   * You vouch for it. What comes first is checked, and then a record now and then: the job fails with PARTITION_INVALID where its key belongs to
   * another subtask. Where the next step has another parallelism than the one before, rows are dealt by key all the same.
   */
  reinterpretAsKeyed<K extends KeyField<Row>>(
    ...fields: [K, ...K[]]
  ): KeyedStream<Row, Pick<Row, K>>;
  reinterpretAsKeyed<Key extends KeyValue>(fn: (row: Row) => Key): KeyedStream<Row, { key: Key }>;
  reinterpretAsKeyed(
    ...by: readonly (string | ((row: Row) => KeyValue))[]
  ): KeyedStream<Row, never> {
    const { key, functions } = this.#keyOf('reinterpretAsKeyed', by);
    return this.#keyed(key, functions, this.#edges);
  }

  /** The key that a call names by fields or a function. */
  #keyOf(
    call: string,
    by: readonly (string | object)[],
  ): { readonly key: KeySpec; readonly functions: readonly object[] } {
    const [first] = by;
    if (typeof first === 'function') {
      aPlainFunction(call, first);
      return { key: { kind: 'function' }, functions: [first] };
    }
    if (by.length === 0) throw wrong(call, 'needs fields or a function', by);
    for (const field of by) someText(`${call}: a field`, field);
    const fields = by as readonly string[];
    if (new Set(fields).size < fields.length) throw wrong(call, 'names each field once', fields);
    if (this.#schema !== null) {
      for (const field of fields) fieldIndex(this.#schema, field, call);
    }
    return { key: { kind: 'fields', fields }, functions: [] };
  }

  /**
   * Windows of all records, whatever their keys, in one subtask: `.windowAll(tumbling('1 h'))`. What `keyBy(...).window(...)`
   * says of windows is true of them.
   */
  windowAll(window: WindowOfRecord<Row>): WindowedStream<Row, unknown, WindowBounds>;
  windowAll<Kind extends WindowKind>(
    window: AnyWindow<Row> & { readonly kind: Kind },
  ): WindowedStream<Row, unknown, BoundsOf<Kind>>;
  windowAll<Kind extends WindowKind>(
    window: AnyWindow<Row> & { readonly kind: Kind },
  ): WindowedStream<Row, never, never> {
    return this.#keyed({ kind: 'all' }, []).window<Kind>(window) as WindowedStream<
      Row,
      never,
      never
    >;
  }

  /**
   * All rows of each subtask, until the input ends: `.fullPartition().sort('price')`. Rows are kept until then, but for
   * `reduce` and `aggregate`. Of a keyed stream, those of each key.
   */
  fullPartition(): FullPartition<Row> {
    return new FullPartition<Row>({
      builder: this.#builder,
      edges: this.#edges,
      schema: this.#schema,
      staysWithInput: this.#isFresh(),
    });
  }

  /**
   * Matches of a pattern in all records, whatever their keys, in one subtask; else as `keyBy(...).match(...)`:
   * `logins.matchAll(threeFails).select((match) => match.success[0].user)`.
   */
  matchAll<Match>(
    pattern: PatternLike<Row, Match>,
    options: MatchOptions<Row, NoInfer<Match>> = {},
  ): MatchStream<Row, Match> {
    return this.#keyed({ kind: 'all' }, []).match(pattern, options);
  }

  #keyed(
    key: KeySpec,
    functions: readonly object[],
    inPlace?: readonly InputEdge[],
  ): KeyedStream<Row, never> {
    return new KeyedStream({
      builder: this.#builder,
      inputs: this.#edges.map(({ from }) => from),
      schema: this.#schema,
      key,
      functions,
      ...(inPlace === undefined ? {} : { inPlace }),
    });
  }

  /**
   * The rows that the step before has sent to a side output:
   *
   *   const counts = bids.keyBy('auction').window(tumbling('1 h')).lateTo(late).aggregate(({ count }) => ({ bids: count() }));
   *   counts.sideOutput(late).print('late');
   *
   * EngineError JOB_DEFINITION when it has no such output.
   */
  sideOutput<Side>(side: SideOutput<Side>): Stream<Side> {
    aSideOutput('sideOutput', side);
    return this.#side<Side>(side.name);
  }

  /**
   * The malformed records of a source that was told to hand them over:
   * `flow.from(files('in', csv(Bid), { onMalformed: 'deadLetter' })).deadLetters()`. EngineError JOB_DEFINITION for
   * other streams.
   */
  deadLetters(): Stream<DeadLetter> {
    return this.#side<DeadLetter>(DEAD_LETTERS);
  }

  #side<Side>(name: string): Stream<Side> {
    if (!this.#isFresh()) {
      throw new EngineError(
        'JOB_DEFINITION',
        `'${name}' is a side output of a step: ask for it right behind that step`,
      );
    }
    const [{ from }] = this.#edges as readonly [InputEdge];
    return new Stream<Side>(this.#builder, this.#builder.addSide(from, name), null);
  }

  /** Ends the stream in a sink: `.to(files('out', csv()))`. */
  to(sink: Sink<Row>): Step {
    if (typeof (sink as Sink | undefined)?.createWriter !== 'function') {
      throw wrong('to', 'takes a sink, such as files(...) or print()', sink);
    }
    const node = this.#builder.add({
      name: sink.name,
      operator: {
        type: 'sink',
        connector: sink.kind ?? sink.name,
        descriptor: sink.descriptor,
      },
      inputs: this.#edges,
      schema: null,
      sink: sink as Sink,
    });
    return new Step(this.#builder, node);
  }

  /**
   * Shows every row on standard output, as JSON, behind the label: `.filter((bid) => bid.price < 0).print('bid')`; or on standard
   * error: `.filter((bid) => bid.price < 0).print('odd bid', { to: 'stderr' })`.
   */
  print(label = '', options: PrintOptions = {}): Step {
    return this.to(print(label, options));
  }

  /** The graph that it is a part of. */
  get builder(): GraphBuilder {
    return this.#builder;
  }

  /** Whether a step of the job takes the rows. */
  isRead(): boolean {
    return this.#edges.every((edge) => this.#builder.hasConsumer(edge));
  }

  /** Adds the node that brings the rows to the calling program, when it wants them. */
  collectAs(output: string): NodeId {
    return this.#builder.add({
      name: `output ${output}`,
      operator: { type: 'collect', output },
      inputs: this.#edges,
      schema: null,
    });
  }
}

/** A stream of rows that the calling program writes: rows with other fields will not do. */
export class InputStream<in out Row> extends Stream<Row> {
  readonly #input: NodeId;

  constructor(builder: GraphBuilder, node: NodeId, schema: Schema<Row> | null) {
    super(builder, node, schema);
    this.#input = node;
  }

  /** The node that takes the rows. */
  get inputNode(): NodeId {
    return this.#input;
  }
}
