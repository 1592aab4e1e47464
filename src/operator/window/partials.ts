/**
 * Partial results: what a pre-aggregation sends instead of records. One row for each key and pane:
 *
 *   key fields | cells of the plan, float64 | numbers, float64 | objects, dynamic        event time: one of the pane
 *
 * One of the cells counts the records, so that late ones can be counted. Numbers are those of accumulators of the user
 * (number-shape.ts), whose object is MISSING then. A snapshot of windows has the same rows without numbers: so it does not
 * depend on the fields of these accumulators, and a later version of the job may have others.
 */
import { type KeySpec, keyFields } from '../../data/key.ts';
import { type Field, type Schema, schemaOf } from '../../data/schema.ts';
import type { AggregateSpec } from './aggregate.ts';
import { type AggregatePlan, ALL_ROWS, planAggregates } from './aggregate-plan.ts';
import type { NumberShape } from './number-shape.ts';
import { isValueKind, valueAggregate } from './value-aggregates.ts';

export type PartialPlan = AggregatePlan & {
  /** The cell that counts records. */
  readonly rowsCell: number;
  /** Of the partial results in a snapshot. */
  readonly schema: Schema;
  /** Of those that cross the exchange. */
  readonly sent: Schema;
  readonly keyCount: number;
};

export function planPartials(
  key: KeySpec,
  aggregates: readonly AggregateSpec[],
  inputSchema: Schema | null,
  shapes: readonly (NumberShape | null)[] = [],
): PartialPlan {
  const plan = planAggregates(aggregates, inputSchema, shapes);
  const counting = plan.cells.findIndex(
    ({ kind, input }) => kind === 'count' && input === ALL_ROWS,
  );
  const cells =
    counting >= 0 ? plan.cells : [...plan.cells, { kind: 'count' as const, input: ALL_ROWS }];
  const keys = keyFields(key, inputSchema);
  return {
    ...plan,
    cells,
    rowsCell: counting >= 0 ? counting : cells.length - 1,
    schema: schemaOf(partialFields(keys, { ...plan, cells }, [])),
    sent: schemaOf(partialFields(keys, { ...plan, cells }, numberNames(plan))),
    keyCount: keys.length,
  };
}

/** Of the numbers of accumulators, in their order. */
function numberNames({ objects }: AggregatePlan): readonly string[] {
  return objects.flatMap((slot) => {
    if (slot.kind !== 'user' || slot.numbers === null) return [];
    const { names } = slot.numbers.shape;
    return names === null ? [slot.label] : names.map((name) => `${slot.label}.${name}`);
  });
}

/** Names tell what accumulators are of: those of a snapshot must not be taken for others. */
function partialFields(
  keys: readonly Field[],
  { cells, objects, inputs }: AggregatePlan,
  numbers: readonly string[],
): Field[] {
  let mark = '#';
  while (keys.some((field) => field.name.startsWith(mark))) mark += '#';
  const labelOf = (input: number): string => (input === ALL_ROWS ? '' : ` ${inputs[input]!.label}`);
  return [
    ...keys,
    ...cells.map(({ kind, input }, c): Field => {
      return { name: `${mark}${c} ${kind}${labelOf(input)}`, kind: 'float64', nullable: false };
    }),
    ...numbers.map((name, n): Field => {
      return { name: `${mark}${cells.length + n} ${name}`, kind: 'float64', nullable: false };
    }),
    ...objects.map((slot, k): Field => {
      const label = 'label' in slot ? slot.label : `${slot.kind}${labelOf(slot.input)}`;
      const at = cells.length + numbers.length + k;
      return { name: `${mark}${at} ${label}`, kind: 'dynamic', nullable: numbers.length > 0 };
    }),
  ];
}

/**
 * Whether accumulators can go from thread to thread: numbers, and plain data. An instance of a class would come out
 * without its class.
 */
export function canTravel(
  aggregates: readonly AggregateSpec[],
  shapes: readonly (NumberShape | null)[],
  functions: readonly object[],
): boolean {
  return aggregates.every((spec, a) => {
    if (shapes[a] !== null) return true;
    if (isValueKind(spec.kind))
      return isPlainData(valueAggregate({ ...spec, kind: spec.kind }).create());
    if (spec.kind !== 'user') return true;
    const { create } = functions[spec.user!] as { create?: () => unknown };
    return typeof create === 'function' && isPlainData(create());
  });
}

const PLAIN_PROTOTYPES: ReadonlySet<unknown> = new Set([
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
]);

/** Whether a structured clone is the same. */
export function isPlainData(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return hasPlainFields(value);
  if (ArrayBuffer.isView(value)) return true;
  if (!PLAIN_PROTOTYPES.has(prototype)) return false;
  const parts =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : Object.values(value);
  return parts.every(isPlainData);
}

/** As most accumulators are, of numbers above all. Benchmark: figure checkpoint-pause-objects. */
function hasPlainFields(object: object): boolean {
  for (const key in object) {
    const part = (object as Readonly<Record<string, unknown>>)[key];
    if (typeof part !== 'number' && !isPlainData(part)) return false;
  }
  return true;
}
