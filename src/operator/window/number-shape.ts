/**
 * Accumulators of the user that are numbers, or plain objects whose fields are numbers, lie in cells beside those of the
 * built-in aggregates: a million of them are three columns, not a million objects. What the functions of an aggregate get is
 * an object made of the cells, as it is made of bytes behind an exchange; what they return goes back to the cells.
 *
 * The shape is what `create` gives when the job is defined. An accumulator that turns out to be something else is kept among
 * the objects, at its slot, where all others have IN_CELLS; while there is none, that array is empty.
 */
import { keepsFields } from '../../data/kept-fields.ts';
import { madeNames } from '../../data/made-fields.ts';
import type { AggregateSpec, UserAggregate } from './aggregate.ts';

export type NumberShape = {
  /** The fields of the accumulators, in their order; null where the accumulators are numbers themselves. */
  readonly names: readonly string[] | null;
  /** The functions whose source tells that they leave or give an accumulator these fields: then nobody has to look. */
  readonly keptBy: readonly ('create' | 'add' | 'merge')[];
};

/** Cells of one accumulator; objects of more fields stay objects. */
const SHAPE_CELLS_MAX = 16;

/** Stands among the objects for an accumulator that is in cells. */
export const IN_CELLS: unique symbol = Symbol('in cells');

/** For each aggregate the shape of its accumulators; null where they are no numbers. */
export function shapesOf(
  aggregates: readonly AggregateSpec[],
  functions: readonly object[],
): readonly (NumberShape | null)[] {
  return aggregates.map(({ user }) =>
    user === null ? null : shapeOf(functions[user] as UserAggregate<never, unknown, unknown>),
  );
}

/** How many cells an accumulator takes. */
export function cellsOf(shape: NumberShape): number {
  return shape.names?.length ?? 1;
}

function shapeOf(aggregate: UserAggregate<never, unknown, unknown>): NumberShape | null {
  if (aggregate.pack !== undefined || aggregate.unpack !== undefined) return null;
  const first = firstOf(aggregate);
  if (typeof first === 'number') return { names: null, keptBy: [] };
  const names = numberFields(first);
  return names && { names, keptBy: keptBy(aggregate, names) };
}

function numberFields(value: unknown): readonly string[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Object.getPrototypeOf(value) !== Object.prototype) return null;
  const names = Reflect.ownKeys(value);
  if (names.length === 0 || names.length > SHAPE_CELLS_MAX) return null;
  return names.every((name) => isNumberField(value, name)) ? names : null;
}

function isNumberField(object: object, name: string | symbol): name is string {
  const { value, enumerable } = Object.getOwnPropertyDescriptor(object, name)!;
  const isNamed = typeof name === 'string' && name !== '__proto__';
  return isNamed && enumerable === true && typeof value === 'number';
}

/** Null where `create` throws: it will again, at a record that the error can name. */
function firstOf(aggregate: UserAggregate<never, unknown, unknown>): unknown {
  try {
    return aggregate.create();
  } catch {
    return null;
  }
}

function keptBy(
  { create, add, merge }: UserAggregate<never, unknown, unknown>,
  names: readonly string[],
): NumberShape['keptBy'] {
  const made = madeNames(create) ?? [];
  const isMade = made.length === names.length && made.every((name, n) => name === names[n]);
  return [
    ...(isMade ? (['create'] as const) : []),
    ...(keepsFields(add, names) ? (['add'] as const) : []),
    ...(keepsFields(merge, names) ? (['merge'] as const) : []),
  ];
}
