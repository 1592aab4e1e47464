/**
 * Decides once, per node, where each aggregate keeps its accumulator and what its result column is.
 *
 * A slot of a pane has `cells.length` float64 cells and `objects.length` JavaScript values. Equal cells are
 * shared: avg('x') and sum('x') have one sum, and every avg over a field that is never null divides by the
 * same count of rows.
 */
import { EngineError } from '../../base/errors.ts';
import { type Field, fieldIndex, type Schema } from '../../data/schema.ts';
import type { AggregateInput, AggregateSpec } from './aggregate.ts';
import { cellsOf, type NumberShape } from './number-shape.ts';
import { isValueKind, type ValueAggregate, valueAggregate } from './value-aggregates.ts';

export type CellKind = 'count' | 'sum' | 'min' | 'max';
export type Cell = { readonly kind: CellKind; readonly input: number };
/** A JavaScript accumulator: a user aggregate, one over values, or the least, greatest or summed value of any type. */
export type ObjectSlot =
  | {
      readonly kind: 'user';
      readonly user: number;
      readonly label: string;
      /** Where its numbers are, if it is of numbers. */
      readonly numbers: NumberCells | null;
    }
  /** Over an input, or over whole rows when it is null; `value` is its place in the plan's `values`. */
  | {
      readonly kind: 'value';
      readonly value: number;
      readonly input: number | null;
      readonly label: string;
    }
  /** `ofNone`: the result of no value. */
  | { readonly kind: 'sum' | 'min' | 'max'; readonly input: number; readonly ofNone: 0 | null };

/** The cells of an accumulator of the user, counted from the first behind those of the plan. */
export type NumberCells = { readonly shape: NumberShape; readonly first: number };

/** A distinct thing that aggregates read from a row. */
export type PlannedInput = {
  readonly source: Exclude<AggregateInput, { readonly kind: 'none' }>;
  /** The field, or for a function the first aggregate that reads by it: for names of columns. */
  readonly label: string;
  /** Column of the schema, or null for free-form rows and functions. */
  readonly column: number | null;
  readonly isNumeric: boolean;
  /** A bigint column that is read as a number. */
  readonly isBigint: boolean;
  /** A column of values of any type. */
  readonly isDynamic: boolean;
  readonly mayBeAbsent: boolean;
};

export type PlannedResult =
  | { readonly from: 'cell'; readonly cell: number; readonly valueCount: number | null }
  | { readonly from: 'ratio'; readonly sum: number; readonly valueCount: number }
  | { readonly from: 'object'; readonly object: number };

export type AggregatePlan = {
  readonly inputs: readonly PlannedInput[];
  readonly cells: readonly Cell[];
  /** Cells behind these, of accumulators of the user that are numbers (number-shape.ts). */
  readonly numberCount: number;
  readonly objects: readonly ObjectSlot[];
  readonly values: readonly ValueAggregate[];
  /** One per aggregate, in order. */
  readonly results: readonly PlannedResult[];
  /** Columns of the results, in order. */
  readonly fields: readonly Field[];
};

/** Input number of a count of all rows. */
export const ALL_ROWS = -1;

/** Cells of a slot. */
export function strideOf({ cells, numberCount }: AggregatePlan): number {
  return cells.length + numberCount;
}

/** Where an accumulator of the user has its numbers; null for any other. */
export function numbersOf(slot: ObjectSlot): NumberCells | null {
  return slot.kind === 'user' ? slot.numbers : null;
}

/** Whether all objects are in cells, but for those that do not fit. */
export function areAllNumbers({ objects }: AggregatePlan): boolean {
  return objects.every((slot) => numbersOf(slot) !== null);
}

/** `shapes`: of the accumulators of the user, by aggregate; those beyond are kept as objects. */
export function planAggregates(
  aggregates: readonly AggregateSpec[],
  schema: Schema | null,
  shapes: readonly (NumberShape | null)[] = [],
): AggregatePlan {
  const inputs: PlannedInput[] = [];
  const cells: Cell[] = [];
  const objects: ObjectSlot[] = [];
  const values: ValueAggregate[] = [];
  let numberCount = 0;
  const inputOf = (spec: AggregateSpec): number => {
    const planned = planInput(spec, schema);
    return indexOf(inputs, planned, isSameInput);
  };
  const cellOf = (kind: CellKind, input: number): number =>
    indexOf(cells, { kind, input }, (cell) => cell.kind === kind && cell.input === input);
  const valueCountOf = (input: number): number =>
    cellOf('count', inputs[input]!.mayBeAbsent ? input : ALL_ROWS);

  const results = aggregates.map((spec, a): PlannedResult => {
    if (spec.kind === 'user') {
      const shape = shapes[a] ?? null;
      const numbers = shape === null ? null : { shape, first: numberCount };
      objects.push({ kind: 'user', user: spec.user!, label: spec.name, numbers });
      if (shape !== null) numberCount += cellsOf(shape);
      return { from: 'object', object: objects.length - 1 };
    }
    if (isValueKind(spec.kind)) {
      values.push(valueAggregate({ ...spec, kind: spec.kind }));
      const input = spec.input.kind === 'none' ? null : inputOf(spec);
      objects.push({ kind: 'value', value: values.length - 1, input, label: spec.name });
      return { from: 'object', object: objects.length - 1 };
    }
    if (spec.kind === 'count') {
      return { from: 'cell', cell: cellOf('count', ALL_ROWS), valueCount: null };
    }
    const input = inputOf(spec);
    if (spec.kind === 'avg') {
      return { from: 'ratio', sum: cellOf('sum', input), valueCount: valueCountOf(input) };
    }
    if (!inputs[input]!.isNumeric) {
      objects.push({ kind: spec.kind, input, ofNone: ofNone(spec, schema) });
      return { from: 'object', object: objects.length - 1 };
    }
    const isNullWhenEmpty = spec.kind !== 'sum' && inputs[input]!.mayBeAbsent;
    return {
      from: 'cell',
      cell: cellOf(spec.kind, input),
      valueCount: isNullWhenEmpty ? valueCountOf(input) : null,
    };
  });
  const fields = results.map((result, i) => resultField(aggregates[i]!, result, inputs, schema));
  return { inputs, cells, numberCount, objects, values, results, fields };
}

function planInput(spec: AggregateSpec, schema: Schema | null): PlannedInput {
  const source = spec.input;
  if (source.kind === 'none')
    throw new EngineError('JOB_DEFINITION', `${spec.kind} needs an input`);
  const label = source.kind === 'field' ? source.field : spec.name;
  const takesAny = isValueKind(spec.kind) && spec.kind !== 'quantile';
  if (source.kind === 'function') {
    return {
      source,
      label,
      column: null,
      isNumeric: !takesAny,
      isBigint: false,
      isDynamic: false,
      mayBeAbsent: true,
    };
  }
  const numericOnly = spec.kind === 'sum' || spec.kind === 'avg' || spec.kind === 'quantile';
  if (schema === null) {
    return {
      source,
      label,
      column: null,
      isNumeric: numericOnly,
      isBigint: false,
      isDynamic: false,
      mayBeAbsent: true,
    };
  }
  const column = fieldIndex(schema, source.field, `${spec.kind} '${spec.name}'`);
  const field = schema.fields[column]!;
  if (!takesAny) checkKind(spec, field);
  const isNumeric =
    !takesAny && (isNumber(field) || spec.kind === 'avg' || spec.kind === 'quantile');
  const isBigint = field.kind === 'int64' && isNumeric;
  // A value of any type may be null too.
  const isDynamic = field.kind === 'dynamic';
  const mayBeAbsent = field.nullable || isDynamic;
  return { source, label, column, isNumeric, isBigint, isDynamic, mayBeAbsent };
}

/** A sum is 0 where the values are not bigints. Those of a dynamic field may be, but are numbers mostly. */
function ofNone({ kind, input }: AggregateSpec, schema: Schema | null): 0 | null {
  if (kind !== 'sum' || input.kind !== 'field') return null;
  const field = schema?.fields.find(({ name }) => name === input.field);
  return field?.kind === 'dynamic' ? 0 : null;
}

function isNumber(field: Field): boolean {
  return field.kind === 'int32' || field.kind === 'float64' || field.kind === 'timestamp';
}

function checkKind(spec: AggregateSpec, field: Field): void {
  const ordered = spec.kind === 'min' || spec.kind === 'max';
  const isFine =
    isNumber(field) ||
    field.kind === 'int64' ||
    field.kind === 'dynamic' ||
    (ordered && (field.kind === 'string' || field.kind === 'date'));
  if (isFine) return;
  throw new EngineError(
    'FIELD_TYPE',
    `${spec.kind} '${spec.name}': field '${field.name}' is ${field.kind}`,
  );
}

function resultField(
  spec: AggregateSpec,
  result: PlannedResult,
  inputs: readonly PlannedInput[],
  schema: Schema | null,
): Field {
  const { name } = spec;
  if (spec.kind === 'countDistinct') return { name, kind: 'float64', nullable: false };
  if (spec.kind === 'quantile') {
    return { name, kind: 'float64', nullable: inputs.some((input) => input.mayBeAbsent) };
  }
  if (result.from === 'object') {
    const picked = pickedField(spec, schema);
    if (picked === null) return { name, kind: 'dynamic', nullable: false };
    return { ...picked, name };
  }
  const canBeEmpty =
    spec.kind === 'avg' || spec.kind === 'min' || spec.kind === 'max'
      ? inputs.some((input) => input.mayBeAbsent)
      : false;
  return { name, kind: 'float64', nullable: canBeEmpty };
}

/** The field of which the result is one of the values; null when there is none, or it has no kind. */
function pickedField(spec: AggregateSpec, schema: Schema | null): Field | null {
  const { kind, input } = spec;
  const isPick = kind === 'min' || kind === 'max' || kind === 'first' || kind === 'last';
  if (!isPick || input.kind !== 'field' || schema === null) return null;
  const field = schema.fields.find((candidate) => candidate.name === input.field)!;
  return field.kind === 'dynamic' ? null : field;
}

function isSameInput(one: PlannedInput, other: PlannedInput): boolean {
  if (one.isNumeric !== other.isNumeric) return false;
  if (one.source.kind === 'field') {
    return other.source.kind === 'field' && one.source.field === other.source.field;
  }
  return other.source.kind === 'function' && one.source.index === other.source.index;
}

function indexOf<T>(list: T[], item: T, isSame: (one: T, other: T) => boolean): number {
  const found = list.findIndex((other) => isSame(other, item));
  if (found >= 0) return found;
  list.push(item);
  return list.length - 1;
}
