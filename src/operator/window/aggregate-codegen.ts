/**
 * The loops of an aggregate plan: add rows to slots, join the slots of two panes, write results. They are generated, of the
 * source that aggregate-source.ts gives.
 */
import { compiled } from '../../base/generated-code.ts';
import type { Batch } from '../../data/batch.ts';
import type { BatchBuilder } from '../../data/batch-builder.ts';
import { BatchLoops } from '../../data/batch-loops.ts';
import { allRead, type FieldsRead, fieldsRead } from '../../data/fields-read.ts';
import type { GeneratedLoop } from '../../data/generated-loop.ts';
import type { Schema } from '../../data/schema.ts';
import { mixedSumError, valueTypeError } from './aggregate-errors.ts';
import type { AggregatePlan } from './aggregate-plan.ts';
import {
  addSource,
  initSource,
  joinSource,
  loadSource,
  mergeSource,
  resultSource,
  wantsRow,
} from './aggregate-source.ts';
import { NUMBER_HELPERS, type NumberHelpers, numberHelpers } from './number-codegen.ts';
import type { PartialPlan } from './partials.ts';

/**
 * Accumulators of a pane: slot s has cells[s * stride...] and objects[s * plan.objects.length...]. There are no objects at all
 * while all of them are in cells.
 */
export type Accumulators = { cells: Float64Array; objects: unknown[] };

type Place = { i: number };

/** Adds rows from to to - 1 to their slots; `place.i` is the row it is at, for errors. */
export type AddLoop = (
  batch: Batch,
  from: number,
  to: number,
  slots: Int32Array,
  into: Accumulators,
  place: Place,
) => void;
/** Gives new slots, from `first` on, the accumulators in rows from to to - 1 of a snapshot. */
export type LoadLoop = (
  batch: Batch,
  from: number,
  to: number,
  first: number,
  into: Accumulators,
) => void;
/** Gives slots from to to - 1 the accumulators of no row. */
export type InitLoop = (into: Accumulators, from: number, to: number) => void;
/** Joins slot i of `other` into slot slots[i] of `into`, for from <= i < to. */
export type MergeLoop = (
  into: Accumulators,
  slots: Int32Array,
  other: Accumulators,
  from: number,
  to: number,
) => void;
/** Writes the results of slots from to to - 1 behind the builder's rows; `advance` is the caller's. */
export type ResultLoop = (
  of: Accumulators,
  from: number,
  to: number,
  builder: BatchBuilder,
  firstColumn: number,
) => void;

const JOIN_PARAMETERS = 'batch, from, to, slots, into, place';

const LOOP_NAME = '//# sourceURL=millrace-generated:aggregate';

/** Loops of an aggregation. */
export type AggregateLoop = 'init' | 'add' | 'join' | 'merge' | 'results';

const TITLES: Readonly<Record<AggregateLoop, string>> = {
  init: 'accumulators of no row',
  add: 'rows into the accumulators of their keys',
  join: 'partial results into the accumulators of their keys',
  merge: 'panes joined',
  results: 'results from accumulators',
};

export class AggregateLoops {
  readonly init: InitLoop;
  readonly merge: MergeLoop;
  readonly results: ResultLoop;
  readonly #plan: AggregatePlan;
  readonly #functions: readonly object[];
  readonly #numbers: NumberHelpers;
  readonly #adds: BatchLoops<AddLoop>;
  #join: AddLoop | null = null;

  constructor(plan: AggregatePlan, schema: Schema | null, functions: readonly object[]) {
    this.#plan = plan;
    this.#functions = functions;
    this.#numbers = numberHelpers(plan);
    this.#adds = new BatchLoops(
      schema,
      (row) => this.#wrap(JOIN_PARAMETERS, addSource(plan, row)),
      (source) => this.#compile(source) as AddLoop,
      readBy(plan, schema, functions),
    );
    this.init = this.#compile(this.#source('init')) as InitLoop;
    this.merge = this.#compile(this.#source('merge')) as MergeLoop;
    this.results = this.#compile(this.#source('results')) as ResultLoop;
  }

  /** Those that an operator uses, for people. */
  generatedLoops(used: readonly AggregateLoop[], partials?: PartialPlan): readonly GeneratedLoop[] {
    return used.map((which) => ({ title: TITLES[which], source: this.#source(which, partials) }));
  }

  /** `partials`: the rows that are joined. */
  #source(which: AggregateLoop, partials?: PartialPlan): string {
    const plan = this.#plan;
    switch (which) {
      case 'init':
        return this.#wrap('into, from, to', initSource(plan));
      case 'add':
        return this.#adds.plainSource;
      case 'join':
        return this.#wrap(JOIN_PARAMETERS, this.#joinSource(partials!));
      case 'merge':
        return this.#wrap('into, slots, other, from, to', mergeSource(plan));
      case 'results':
        return this.#wrap('of, from, to, builder, firstColumn', resultSource(plan));
    }
  }

  #joinSource({ keyCount, cells }: PartialPlan): string {
    return joinSource(this.#plan, this.#functions, keyCount, cells.length);
  }

  /** A function with the user's functions as f0, f1, ... and the aggregates over values as g0, g1, ... */
  #wrap(parameters: string, body: string): string {
    return `'use strict';
const [${this.#functions.map((_, f) => `f${f}`).join(', ')}] = functions;
const [${this.#plan.values.map((_, v) => `g${v}`).join(', ')}] = values;
const [${NUMBER_HELPERS.join(', ')}] = numbers;
return function (${parameters}) {
${body}};
${LOOP_NAME}`;
  }

  #compile(source: string): unknown {
    const functions = this.#functions;
    const { values } = this.#plan;
    const numbers = this.#numbers;
    return compiled(
      source,
      { functions, values, numbers, valueTypeError, mixedSumError },
      functions,
    );
  }

  /** The loop for batches whose columns look like those of this one. */
  addFor(batch: Batch): AddLoop {
    return this.#adds.for(batch);
  }

  /** The loop that joins partial results of these aggregates, which have the cells of the plan and may have one more. */
  joinPartials(partials: PartialPlan): AddLoop {
    this.#join ??= this.#compile(this.#source('join', partials)) as AddLoop;
    return this.#join;
  }

  /** The loop that loads rows of a snapshot, with so many cells behind the key. */
  loadRows(keyCount: number, cellColumns: number): LoadLoop {
    const body = loadSource(this.#plan, this.#functions, keyCount, cellColumns);
    return this.#compile(this.#wrap('batch, from, to, first, into', body)) as LoadLoop;
  }
}

/** The fields of a row that the aggregates read. */
function readBy(
  plan: AggregatePlan,
  schema: Schema | null,
  functions: readonly object[],
): FieldsRead {
  if (plan.objects.some(wantsRow)) return null;
  return plan.inputs.reduce<FieldsRead>(
    (read, { source }) =>
      allRead(
        read,
        source.kind === 'function'
          ? fieldsRead(functions[source.index], schema)
          : new Set([source.field]),
      ),
    new Set(),
  );
}
