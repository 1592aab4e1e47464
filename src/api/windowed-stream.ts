/** A keyed stream cut into windows, and what can be computed over each. */
import { EngineError } from '../base/errors.ts';
import { aPlainFunction, checkFunctions, someText, wrong } from '../base/options.ts';
import { keyFields } from '../data/key.ts';
import { fieldIndex } from '../data/schema.ts';
import type { StateSpec } from '../operator/process/process-spec.ts';
import type { FieldRolling } from '../operator/rolling.ts';
import { joinRowsBy } from '../operator/rolling-rows.ts';
import type { AggregateSpec } from '../operator/window/aggregate.ts';
import { merges } from '../operator/window/general/window-spec.ts';
import { type Duration, durationMs } from '../time/duration.ts';
import { type Aggregate, type Aggregates, type ResultsOf, specsOf } from './aggregates.ts';
import { emittedSchema } from './emits.ts';
import { checkEvictor, type Evictor } from './evictors.ts';
import { checkSum, type OrderedField, type SumField } from './field-names.ts';
import type { KeyedParts } from './keyed-parts.ts';
import { aSideOutput, type SideOutput } from './side-output.ts';
import { type StateDescriptors, stateSpecs } from './state.ts';
import { Stream } from './stream.ts';
import { checkTrigger, type Trigger } from './triggers.ts';
import {
  type AddedNode,
  addGeneralWindow,
  addPlainWindow,
  type GeneralWork,
  isPlain,
  type WindowSettings,
} from './window-nodes.ts';
import { type AnyProcess, WINDOW_PROCESS, type WindowProcess } from './window-process.ts';
import type { AnyWindow } from './windows.ts';

/** A row of results: the key fields, the bounds of a window of time (ms, end exclusive), the aggregates. */
export type WindowRow<Head, Results> = {
  [K in keyof (Head & Results)]: (Head & Results)[K];
};

/** Without a function. */
const PLAIN: { readonly states: readonly StateSpec[]; readonly emits: null } = {
  states: [],
  emits: null,
};

/** Names of the bounds of windows in results. */
const BOUNDS: readonly string[] = ['windowStart', 'windowEnd'];

const DEFAULTS: WindowSettings = { trigger: null, evictor: null, latenessMs: 0, lateTo: null };

/**
 * `Row` is the type of the rows, `Key` the fields of the key, `Bounds` those of the window, in results. `Of` is `Row` too, in a
 * place that the compiler does not compare when a stream stands for one of rows with fewer fields.
 */
export class WindowedStream<out Row, out Key, out Bounds> {
  readonly #parts: KeyedParts;
  readonly #window: AnyWindow<never>;
  readonly #settings: WindowSettings;

  constructor(parts: KeyedParts, window: AnyWindow<never>, settings: WindowSettings = DEFAULTS) {
    this.#parts = parts;
    this.#window = window;
    this.#settings = settings;
  }

  #with(settings: Partial<WindowSettings>): WindowedStream<Row, Key, Bounds> {
    const all = { ...this.#settings, ...settings };
    return new WindowedStream<Row, Key, Bounds>(this.#parts, this.#window, all);
  }

  /**
   * When windows fire, instead of at their end: `.window(tumbling('1 d')).trigger(continuousEventTimeTrigger('1 h'))`. A
   * window that fires keeps its records, unless the trigger is `purging(...)`.
   */
  trigger(trigger: Trigger<Row>): WindowedStream<Row, Key, Bounds> {
    checkTrigger('trigger', trigger);
    this.#checkNoCounts('trigger');
    return this.#with({ trigger });
  }

  /**
   * Which records a window gives up when it fires: `.window(globalWindow()).trigger(countTrigger(10))
   * .evictor(timeEvictor('1 min'))`. All records of a window are kept then, also for aggregates.
   */
  evictor(evictor: Evictor<Row>): WindowedStream<Row, Key, Bounds> {
    checkEvictor(evictor);
    this.#checkNoCounts('evictor');
    return this.#with({ evictor });
  }

  #checkNoCounts(what: string): void {
    if (this.#window.kind !== 'count') return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: windows of counts have theirs: take globalWindow() with a countTrigger, and a countEvictor where they overlap`,
    );
  }

  /**
   * Keeps windows for so long behind their end, and has them fire again for each record that comes late:
   * `.allowedLateness('1 min')`. EngineError JOB_DEFINITION for windows that know no late records.
   */
  allowedLateness(lateness: Duration): WindowedStream<Row, Key, Bounds> {
    this.#checkCanBeLate('allowedLateness');
    return this.#with({ latenessMs: durationMs(lateness, 'allowedLateness') });
  }

  /**
   * Sends records that are late for every window they belong to into a side output, where they are counted and dropped
   * otherwise: `.lateTo(late).aggregate(({ count }) => ({ bids: count() })).sideOutput(late)`. EngineError JOB_DEFINITION for
   * windows that know no late records.
   */
  lateTo(side: SideOutput<Row>): WindowedStream<Row, Key, Bounds> {
    aSideOutput('lateTo', side);
    this.#checkCanBeLate('lateTo');
    return this.#with({ lateTo: side.name });
  }

  #checkCanBeLate(what: string): void {
    const window = this.#window;
    if (window.kind !== 'count' && window.kind !== 'global' && window.time === 'event') return;
    throw new EngineError(
      'JOB_DEFINITION',
      `${what}: only for windows of event time can a record be late`,
    );
  }

  /**
   * One row for each window whenever it fires: the watermark has passed its end, or the last of its records has come, or
   * as its trigger says. Fields and functions both serve as input:
   * `.aggregate(({ count, avg }) => ({ bids: count(), mean: avg('price'), high: avg((b) => b.price > 9 ? 1 : 0) }))`.
   *
   * With a function behind it, that gets the row instead, and emits what it likes:
   * `.aggregate(({ sum }) => ({ total: sum('price') }), { emits: Alert, onWindow(ctx, row) { ... } })`.
   */
  aggregate<Results extends Readonly<Record<string, Aggregate<unknown>>>, Of = Row>(
    define: (aggregates: Aggregates<NoInfer<Of>>) => Results,
  ): Stream<WindowRow<Key & Bounds, ResultsOf<Results>>>;
  aggregate<
    Results extends Readonly<Record<string, Aggregate<unknown>>>,
    Out,
    States extends StateDescriptors = Record<never, never>,
    Value = unknown,
    Of = Row,
  >(
    define: (aggregates: Aggregates<NoInfer<Of>>) => Results,
    process: WindowProcess<
      WindowRow<Key & Bounds, ResultsOf<Results>>,
      Key,
      Bounds,
      Out,
      States,
      Value
    >,
  ): Stream<Out>;
  aggregate<Out>(
    define: (aggregates: Aggregates<Row>) => Readonly<Record<string, Aggregate<unknown>>>,
    process?: AnyProcess,
  ): Stream<Out> {
    const { aggregates, all } = specsOf<Row>(define, this.#parts.functions);
    this.#checkNames(aggregates);
    if (process !== undefined) {
      const { by, ...processing } = this.#processing(process, all);
      return this.#general({ work: { kind: 'aggregate', aggregates, process: by }, ...processing });
    }
    const window = this.#window;
    const { lateTo } = this.#settings;
    if (isPlain(window, this.#settings)) {
      return this.#behind(addPlainWindow<Out>(this.#parts, window, lateTo, aggregates, all));
    }
    const work = { kind: 'aggregate', aggregates, process: null } as const;
    return this.#general({ work, functions: all, ...PLAIN });
  }

  /** In a row of results the key, the bounds and the aggregates stand side by side. */
  #checkNames(aggregates: readonly AggregateSpec[]): void {
    const { key, schema } = this.#parts;
    const { kind } = this.#window;
    const bounds = kind === 'global' || kind === 'count' ? [] : BOUNDS;
    const keys = keyFields(key, schema).map(({ name }) => name);
    const bound = keys.find((name) => bounds.includes(name));
    if (bound !== undefined) {
      throw new EngineError(
        'JOB_DEFINITION',
        `aggregate: '${bound}' is a field of the key, and results have a bound of the window under this name: give the ` +
          'field another one by .map(...) before keyBy',
      );
    }
    const twice = aggregates.find(({ name }) => keys.includes(name) || bounds.includes(name));
    if (twice === undefined) return;
    const whose = keys.includes(twice.name) ? 'a field of the key' : 'a bound of the window';
    throw new EngineError(
      'JOB_DEFINITION',
      `aggregate: results have ${whose} under the name '${twice.name}': give the aggregate another one`,
    );
  }

  /**
   * All records of a window made into one by a function, as `(value, row) => value`, whenever the window fires:
   * `.reduce((best, bid) => (bid.price > best.price ? bid : best))`. It changes neither argument. With a function behind
   * it, that gets the row instead.
   */
  reduce(fn: (value: Row, row: Row) => Row): Stream<Row>;
  reduce<Out, States extends StateDescriptors = Record<never, never>, Value = unknown>(
    fn: (value: Row, row: Row) => Row,
    process: WindowProcess<Row, Key, Bounds, Out, States, Value>,
  ): Stream<Out>;
  reduce<Out>(fn: (value: Row, row: Row) => Row, process?: AnyProcess): Stream<Out> {
    aPlainFunction('reduce', fn);
    const functions = [...this.#parts.functions, fn];
    const by = functions.length - 1;
    if (process === undefined) {
      return this.#general({ work: { kind: 'reduce', by, process: null }, functions, ...PLAIN });
    }
    const { by: processBy, ...processing } = this.#processing(process, functions);
    return this.#general({ work: { kind: 'reduce', by, process: processBy }, ...processing });
  }

  /** The first record of a window with the sum of a field over all, `.sum('price')`: more at once with `aggregate`. */
  sum<K extends SumField<Row>>(field: K): Stream<Row> {
    return this.#byField({ kind: 'sum', field });
  }

  /** The first record of a window with the least value of a field, `.min('price')`; records without one change nothing. */
  min<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#byField({ kind: 'min', field });
  }

  /** The same for the greatest, `.max('price')`. */
  max<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#byField({ kind: 'max', field });
  }

  /** The record of a window with the least value of a field, `.minBy('price')`; the first of equals. */
  minBy<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#byField({ kind: 'minBy', field });
  }

  /** The record of a window with the greatest value of a field, `.maxBy('price')`; the first of equals. */
  maxBy<K extends OrderedField<Row>>(field: K): Stream<Row> {
    return this.#byField({ kind: 'maxBy', field });
  }

  #byField(rolling: FieldRolling): Stream<Row> {
    const { kind, field } = rolling;
    someText(`${kind} of a window: the field`, field);
    const { schema } = this.#parts;
    if (schema !== null) fieldIndex(schema, field, kind);
    if (kind === 'sum' && schema !== null) checkSum(schema, field);
    return this.reduce(joinRowsBy(rolling) as (value: Row, row: Row) => Row).name(kind);
  }

  /**
   * A function of all rows of a window, in the order in which they came, whenever the window fires; of sessions that have become
   * one, those of the earlier session come first:
   *
   *   .process({
   *     emits: record({ user: t.string, longest: t.float64 }),
   *     onWindow(ctx, rows) {
   *       ctx.emit({ user: ctx.key.user, longest: Math.max(...rows.map((row) => row.seconds)) });
   *     },
   *   })
   *
   * It may keep state of the key over all its windows (`state`, `ctx.state`) and a value for each window (`windowState`),
   * and be told when a window is over (`onClear`).
   */
  process<Out, States extends StateDescriptors = Record<never, never>, Value = unknown>(
    process: WindowProcess<readonly Row[], Key, Bounds, Out, States, Value>,
  ): Stream<Out> {
    const { by, ...processing } = this.#processing(process, this.#parts.functions);
    return this.#general({ work: { kind: 'process', process: by }, ...processing });
  }

  #processing(
    process: AnyProcess,
    functions: readonly object[],
  ): Omit<GeneralWork, 'work'> & { readonly by: number } {
    if (typeof process !== 'object' || process === null) {
      throw wrong('process', 'takes { emits, onWindow }', process);
    }
    checkFunctions('process', process, WINDOW_PROCESS);
    aPlainFunction('process: onWindow', process.onWindow);
    if (process.windowState !== undefined && merges(this.#window)) {
      throw wrong('process: windowState', 'is left out where windows merge', process.windowState);
    }
    return {
      functions: [...functions, process],
      by: functions.length,
      states: stateSpecs((process.state ?? {}) as StateDescriptors),
      emits: emittedSchema('process', process.emits)?.fields ?? null,
    };
  }

  #general<Out>(work: GeneralWork): Stream<Out> {
    return this.#behind(addGeneralWindow<Out>(this.#parts, this.#window, this.#settings, work));
  }

  #behind<Out>({ node, schema }: AddedNode<Out>): Stream<Out> {
    return new Stream<Out>(this.#parts.builder, node, schema);
  }
}
