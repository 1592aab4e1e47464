/** Aggregates of the rows of a window, all at once. Null and undefined values count for `count` alone. */
import { unreachable } from '../../base/assert.ts';
import { bucketOf, middleOf } from '../../base/log-buckets.ts';
import type { Field } from '../../data/schema.ts';
import type { AggregateSpec, UserAggregate } from '../../operator/window/aggregate.ts';
import { functionAt } from './records.ts';

/** Whether what comes out depends on the order of the rows. */
export function dependsOnOrder(aggregates: readonly AggregateSpec[]): boolean {
  return aggregates.some(({ kind }) => ['first', 'last', 'collect', 'user'].includes(kind));
}

/** A field for each aggregate. `fields`: of the rows, null where they are free-form. */
export function aggregated(
  aggregates: readonly AggregateSpec[],
  functions: readonly object[],
  fields: readonly Field[] | null,
  rows: readonly unknown[],
): Record<string, unknown> {
  return Object.fromEntries(
    aggregates.map((spec) => [spec.name, resultOf(spec, functions, fields, rows)]),
  );
}

function resultOf(
  spec: AggregateSpec,
  functions: readonly object[],
  fields: readonly Field[] | null,
  rows: readonly unknown[],
): unknown {
  if (spec.kind === 'user') {
    const user = functions[spec.user!] as UserAggregate<unknown, unknown, unknown>;
    return user.result(rows.reduce((sum, row) => user.add(sum, row), user.create()));
  }
  if (spec.kind === 'count') return rows.length;
  const values = valuesOf(spec, functions, rows);
  switch (spec.kind) {
    case 'sum':
      return sumOf(values, areBigints(spec, fields));
    case 'avg':
      if (values.length === 0) return null;
      return values.reduce((sum: number, value) => sum + Number(value), 0) / values.length;
    case 'min':
      return bestOf(values, (value, least) => value < least);
    case 'max':
      return bestOf(values, (value, most) => value > most);
    case 'first':
      return values.length === 0 ? null : values[0];
    case 'last':
      return values.length === 0 ? null : values.at(-1);
    case 'collect':
      return values;
    case 'countDistinct':
      return new Set(values.map((v) => (v instanceof Date ? `Date ${v.getTime()}` : v))).size;
    case 'quantile':
      return quantileOf(values.map(Number), spec.quantile!);
    default:
      return unreachable(spec.kind);
  }
}

function valuesOf(
  { input }: AggregateSpec,
  functions: readonly object[],
  rows: readonly unknown[],
): unknown[] {
  const read = (row: unknown): unknown => {
    if (input.kind === 'none') return row;
    if (input.kind === 'function') return functionAt(functions, input.index)(row);
    return (row as Readonly<Record<string, unknown>>)[input.field];
  };
  return rows.map(read).filter((value) => value !== null && value !== undefined);
}

/** Whether the values of a field are bigints: then the sum of none is not 0. */
function areBigints({ input }: AggregateSpec, fields: readonly Field[] | null): boolean {
  if (input.kind !== 'field') return false;
  const kind = fields?.find(({ name }) => name === input.field)?.kind;
  return kind === 'int64';
}

function sumOf(values: readonly unknown[], isNullOfNone: boolean): unknown {
  if (values.length === 0) return isNullOfNone ? null : 0;
  const [first, ...others] = values as readonly number[];
  return others.reduce((sum, value) => sum + value, first!);
}

/** NaN, or a date that is none: any other value is better, be it the least or the greatest that is looked for. */
export function isNone(value: unknown): boolean {
  return Number.isNaN(value instanceof Date ? value.getTime() : value);
}

function bestOf(
  values: readonly unknown[],
  isBetter: (value: number, best: number) => boolean,
): unknown {
  if (values.length === 0) return null;
  return (values as readonly number[]).reduce((best, value) =>
    isBetter(value, best) || isNone(best) ? value : best,
  );
}

/** Within 1 % is what is promised: the middle of the bucket in which the value lies. */
function quantileOf(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.floor(share * (sorted.length - 1))]!;
  if (value === 0) return 0;
  return value > 0 ? middleOf(bucketOf(value)) : -middleOf(bucketOf(-value));
}
