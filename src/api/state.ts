/** The state that a process function declares: `state: { total: value(t.float64), seen: map(t.string, t.timestamp) }`. */
import {
  aPlainFunction,
  checkOptions,
  choice,
  type OptionRules,
  wholeNumber,
  wrong,
} from '../base/options.ts';
import { type FieldType, isFieldType, type Schema } from '../data/schema.ts';
import type { StateFunctions, StateSpec } from '../operator/process/process-spec.ts';
import type { UserAggregate } from '../operator/window/aggregate.ts';
import type { Folding, ReduceValues } from '../state/folding-tables.ts';
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from '../state/handles.ts';
import type { StateKind } from '../state/state-table.ts';
import type { TtlSpec } from '../state/ttl.ts';
import { fitsType, type TypeSpec } from '../state/value-type.ts';
import { aDuration, type Duration, durationMs } from '../time/duration.ts';
import { checkUserAggregate } from './aggregates.ts';
import type { KeyValue } from './keys.ts';

/** The type of a value: that of a field (`t.float64`), a record (`record({ ... })`), or free-form (`type<T>()`). */
export type ValueTypeOf<T> = FieldType<T> | Schema<T>;

/**
 * How long state lives, in processing time: what was last touched at t has expired when t + duration is reached. Elements
 * of lists and entries of maps expire each on its own. Expired state is never in a restored snapshot.
 */
export type TtlOptions = {
  readonly duration: Duration;
  /** Whether time begins anew with each write (default), or with each read too. */
  readonly refresh?: 'onWrite' | 'onReadAndWrite';
  /** Whether what has expired is never seen (default), or is seen once as long as nothing has cleaned it up. */
  readonly visibility?: 'neverExpired' | 'untilCleaned';
  readonly cleanup?: {
    /** Keys that each access of the state looks at, one after the other, to drop what has expired; 5 when left out. */
    readonly incremental?: number;
    /** Whether snapshots leave out what has expired; true when left out. */
    readonly onSnapshot?: boolean;
  };
};

/** Options of a state. */
export type StateOptions = {
  /** How long the state of a key lives; for ever when left out. */
  readonly ttl?: Duration | TtlOptions;
};

declare const HANDLE: unique symbol;
declare const CONTENT: unique symbol;

/** A state as it is declared; `Handle` is what a function gets of it, `Content` what it has of a key as a whole. */
export type StateDescriptor<Handle, Content = unknown> = StateFunctions & {
  readonly [HANDLE]?: Handle;
  readonly [CONTENT]?: Content;
  readonly kind: StateKind;
  readonly type: TypeSpec;
  readonly keyType: TypeSpec | null;
  readonly ttl: TtlSpec | null;
};

/** The states of a process function, by name. */
export type StateDescriptors = Readonly<Record<string, StateDescriptor<unknown>>>;

/** What a function gets of the states that are declared. */
export type StateHandles<States> = {
  readonly [K in keyof States]: States[K] extends StateDescriptor<infer Handle> ? Handle : never;
};

/**
 * One value a key: `value(t.float64)`, `value(record({ ... }), { ttl: '1 h' })`. A `default` is what a key without a value
 * has, and it is one for all keys, so nobody changes it; where the type is a record, it also gives values to fields that an
 * old snapshot does not have.
 */
export function value<T>(
  type: ValueTypeOf<T>,
  options: StateOptions & { readonly default: NoInfer<T> },
): StateDescriptor<ValueState<T, T>, T>;
export function value<T>(
  type: ValueTypeOf<T>,
  options?: StateOptions,
): StateDescriptor<ValueState<T>, T>;
export function value<T>(
  type: ValueTypeOf<T>,
  options: StateOptions & { readonly default?: T } = {},
): StateDescriptor<ValueState<T, T | undefined>, T> {
  checkOptions('value', options, { ...STATE_OPTIONS, default: true });
  const spec = typeSpec('value', type);
  const fallback = options.default;
  if (fallback !== undefined && !fitsType(spec, fallback)) {
    throw wrong('value: default', 'is of the type of the value', fallback);
  }
  return descriptor('value', spec, options, { fallback });
}

/** A list a key: `list(t.string)`, `list(Payment)`. */
export function list<T>(
  type: ValueTypeOf<T>,
  options: StateOptions = {},
): StateDescriptor<ListState<T>, readonly T[]> {
  checkOptions('list', options, STATE_OPTIONS);
  return descriptor('list', typeSpec('list', type), options);
}

/** A map a key: `map(t.string, t.timestamp)`. Its keys are numbers, bigints, strings, booleans or Dates. */
export function map<K extends KeyValue, V>(
  keyType: FieldType<K>,
  valueType: ValueTypeOf<V>,
  options: StateOptions = {},
): StateDescriptor<MapState<K, V>, ReadonlyMap<K, V>> {
  checkOptions('map', options, STATE_OPTIONS);
  const key = typeSpec('map: the type of the keys', keyType);
  if (key.kind === 'record') throw wrong('map: the type of the keys', 'is one of t', keyType);
  return { ...descriptor('map', typeSpec('map', valueType), options), keyType: key };
}

/** What was added so far, joined by a function: `reducing(t.float64, (a, b) => Math.max(a, b))`. */
export function reducing<T>(
  type: ValueTypeOf<T>,
  fn: (value: T, added: T) => T,
  options: StateOptions = {},
): StateDescriptor<ReducingState<T>, T> {
  checkOptions('reducing', options, STATE_OPTIONS);
  aPlainFunction('reducing: the function', fn);
  const reduce = fn as ReduceValues;
  return descriptor('reducing', typeSpec('reducing', type), options, { reduce });
}

/**
 * What was added so far, in an accumulator:
 * `aggregating({ create: () => 0, add: (sum, row: Sale) => sum + row.price, result: (sum) => sum })`. Where `add` changes the
 * accumulator, what `result` makes of it shares no part that changes, or is the accumulator, which `emit` copies.
 */
export function aggregating<In, Accumulator, Out>(
  aggregate: Omit<UserAggregate<In, Accumulator, Out>, 'merge'> &
    Partial<Pick<UserAggregate<In, Accumulator, Out>, 'merge'>>,
  options: StateOptions = {},
): StateDescriptor<AggregatingState<In, Out>, Accumulator> {
  checkOptions('aggregating', options, STATE_OPTIONS);
  checkUserAggregate('aggregating', aggregate, ['create', 'add', 'result']);
  const live = { aggregate: aggregate as unknown as Folding };
  return descriptor('aggregating', { kind: 'dynamic', nullable: false }, options, live);
}

/** The plain data of states. */
export function stateSpecs(states: StateDescriptors): readonly StateSpec[] {
  return statesByName('process: state', states).map(([name, state]): StateSpec => {
    if (!isDescriptor(state) || (state.kind as string) === 'union') {
      throw wrong(
        `process: state '${name}'`,
        'is made by value(...), list(...), map(...) ...',
        state,
      );
    }
    const { kind, type: of, keyType, ttl } = state;
    return { name, kind, type: of, keyType, ttl };
  });
}

/** The states by name; EngineError JOB_DEFINITION for what is no object. */
export function statesByName<State>(what: string, states: Readonly<Record<string, State>>) {
  if (typeof states === 'object' && states !== null) return Object.entries(states);
  throw wrong(what, 'is an object of states by name', states);
}

/** Whether it was made by a function such as `value` or `list`. */
export function isDescriptor(state: { readonly type: TypeSpec } | undefined): boolean {
  return typeof (state?.type as TypeSpec | undefined)?.kind === 'string';
}

const SWEPT_KEYS = 5;

const STATE_OPTIONS: OptionRules<StateOptions> = { ttl: true };

const TTL_OPTIONS: OptionRules<TtlOptions> = {
  duration: aDuration,
  refresh: choice('onWrite', 'onReadAndWrite'),
  visibility: choice('neverExpired', 'untilCleaned'),
  cleanup: (what, options) => checkOptions(what, options as object, CLEANUP_OPTIONS),
};

const CLEANUP_OPTIONS: OptionRules<NonNullable<TtlOptions['cleanup']>> = {
  incremental: wholeNumber(0),
  onSnapshot: choice(true, false),
};

function descriptor<Handle, Content>(
  kind: StateKind,
  spec: TypeSpec,
  { ttl }: StateOptions,
  live: StateFunctions = {},
): StateDescriptor<Handle, Content> {
  return {
    ...live,
    kind,
    type: spec,
    keyType: null,
    ttl: ttl === undefined ? null : ttlSpec(kind, ttl),
  };
}

function ttlSpec(state: StateKind, ttl: Duration | TtlOptions): TtlSpec {
  const what = `${state}: ttl`;
  const options = typeof ttl === 'object' ? ttl : { duration: ttl };
  if (options === ttl) checkOptions(what, options, TTL_OPTIONS);
  const { refresh, visibility, cleanup } = options;
  const duration = durationMs(options.duration, what);
  if (duration === 0) throw wrong(what, 'is longer than 0', options.duration);
  return {
    durationMs: duration,
    isRefreshedByReads: refresh === 'onReadAndWrite',
    showsExpired: visibility === 'untilCleaned',
    sweptKeys: cleanup?.incremental ?? SWEPT_KEYS,
    dropsInSnapshots: cleanup?.onSnapshot ?? true,
  };
}

/** The plain data of a type. */
export function typeSpec(what: string, of: ValueTypeOf<unknown>): TypeSpec {
  const given = of as Partial<Schema> | null | undefined;
  if (Array.isArray(given?.fields)) return { kind: 'record', fields: given.fields };
  if (isFieldType(given)) return { kind: given.kind, nullable: given.nullable };
  throw wrong(what, 'has a type such as t.float64, record({ ... }) or type<T>()', of);
}
