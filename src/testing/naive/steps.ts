/** Steps without windows: one record at a time, and rolling aggregations and partitions. */
import type { KeySpec } from '../../data/key.ts';
import type { EventTimeSpec, StatelessSpec } from '../../operator/operator-spec.ts';
import type { PartitionWork, SortOrder } from '../../operator/partition/partition.ts';
import type { RollingSpec } from '../../operator/rolling.ts';
import { aggregated, isNone } from './aggregates.ts';
import { byKey, functionAt, keyFunctions, type NaiveStep, type TimedRow } from './records.ts';

type Fields = Readonly<Record<string, unknown>>;

export function stateless(spec: StatelessSpec, { functions, inputs }: NaiveStep): TimedRow[] {
  const records = inputs[0]!;
  const code = functionAt(functions, 0);
  switch (spec.type) {
    case 'map':
      return records.map(({ row, time }) => ({ row: code(row), time }));
    case 'filter':
      return records.filter(({ row }) => Boolean(code(row)));
    case 'flatMap':
      return records.flatMap(({ row, time }) =>
        pushedAndReturned((push) => code(row, push)).map((one) => ({ row: one, time })),
      );
    case 'project':
      return records.map(({ row, time }) => ({
        row: Object.fromEntries(spec.fields.map((name) => [name, (row as Fields)[name]])),
        time,
      }));
  }
}

/** Rows that a function pushes, then those that it returns, if it does. */
export function pushedAndReturned(call: (push: (row: unknown) => void) => unknown): unknown[] {
  const pushed: unknown[] = [];
  const returned = call((row) => void pushed.push(row)) as Iterable<unknown> | null | undefined;
  return typeof returned?.[Symbol.iterator] === 'function' ? [...pushed, ...returned] : pushed;
}

/** `functions`: that of the time first, where there is one. */
export function withEventTime(
  { timestamp }: EventTimeSpec,
  functions: readonly object[],
  records: readonly TimedRow[],
): TimedRow[] {
  const read = (row: unknown): unknown =>
    timestamp.kind === 'field' ? (row as Fields)[timestamp.field] : functionAt(functions, 0)(row);
  return records.map(({ row }) => ({ row, time: Number(read(row)) }));
}

/** What each key has so far, behind each record. */
export function rolling(key: KeySpec, spec: RollingSpec, step: NaiveStep): TimedRow[] {
  const ofKey = keyFunctions(key);
  const code = functionAt(step.functions, ofKey);
  const join = (value: unknown, row: unknown): unknown =>
    spec.kind === 'reduce' ? code(value, row) : joined(spec, value as Fields, row as Fields);
  const groups = byKey(step.inputs[0]!, key, ofKey > 0 ? functionAt(step.functions, 0) : null);
  return [...groups.values()].flatMap(({ rows: [first, ...others] }) => {
    const results = [first!];
    let value = first!.row;
    for (const { row, time } of others) {
      value = join(value, row);
      results.push({ row: value, time });
    }
    return results;
  });
}

function joined(
  { kind, field }: Exclude<RollingSpec, { kind: 'reduce' }>,
  value: Fields,
  row: Fields,
): Fields {
  const [old, next] = [value[field], row[field]] as [number | null, number | null];
  if (next === null || next === undefined) return value;
  const hasOld = old !== null && old !== undefined;
  if (kind === 'sum') return { ...value, [field]: hasOld ? old + next : next };
  const isTaken = !hasOld || (isNone(old) && !isNone(next));
  const isBetter = isTaken || (kind === 'min' || kind === 'minBy' ? next < old : next > old);
  if (!isBetter) return value;
  return kind === 'minBy' || kind === 'maxBy' ? row : { ...value, [field]: next };
}

/** What is made of all rows together. */
export function partition(
  work: PartitionWork,
  { functions, inputs, fields }: NaiveStep,
): TimedRow[] {
  const rows = inputs[0]!.map(({ row }) => row);
  if (rows.length === 0) return [];
  const code = functionAt(functions, 0);
  const results = (): Iterable<unknown> => {
    switch (work.kind) {
      case 'map':
        return code(rows) as Iterable<unknown>;
      case 'sort':
        return sorted(rows as Fields[], work.field, work.order);
      case 'reduce':
        return [rows.reduce((value, row) => code(value, row))];
      case 'aggregate':
        return [aggregated(work.aggregates, functions, fields, rows)];
    }
  };
  return [...results()].map((row) => ({ row, time: null }));
}

function sorted(rows: readonly Fields[], field: string, order: SortOrder): Fields[] {
  const isAbsent = (row: Fields): boolean => row[field] === null || row[field] === undefined;
  const isUnordered = (row: Fields): boolean => {
    const value = row[field];
    return Number.isNaN(value instanceof Date ? value.getTime() : value);
  };
  const ordered = rows.filter((row) => !isAbsent(row) && !isUnordered(row));
  const sign = order === 'ascending' ? 1 : -1;
  ordered.sort((one, other) => {
    const [a, b] = [one[field], other[field]] as [number, number];
    return a < b ? -sign : a > b ? sign : 0;
  });
  const unordered = rows.filter(isUnordered);
  const present = sign > 0 ? [...ordered, ...unordered] : [...unordered, ...ordered];
  return [...present, ...rows.filter(isAbsent)];
}
