/**
 * What the naive evaluation of a job works on: arrays of records, in an order in which the job may meet them.
 *
 * It is there to be compared with the engine, so it has nothing from the engine that could be wrong in the same way: of the
 * operators it takes the types of their specs alone (test/tidy.test.ts).
 */
import { BatchBuilder } from '../../data/batch-builder.ts';
import type { KeySpec } from '../../data/key.ts';
import type { Field, Schema } from '../../data/schema.ts';
import { textOf } from '../rows.ts';

/** A row and its event time; null for none. */
export type TimedRow = { readonly row: unknown; readonly time: number | null };

/** Any function of the user. */
export type AnyFunction = (...args: readonly unknown[]) => unknown;

/** What a step has to go by. */
export type NaiveStep = {
  readonly name: string;
  /** Of the node. */
  readonly functions: readonly object[];
  /** Records of each input of the operator, several edges into one behind each other. */
  readonly inputs: readonly (readonly TimedRow[])[];
  /** Of the records of the first input, as far as the graph knows them. */
  readonly fields: readonly Field[] | null;
  /** Of the rows that come out. */
  readonly schema: Schema | null;
  /** What a context has beside `emit`, for rows of an event time: metrics that nobody reads, and side outputs. */
  readonly contextAt: (time: number | null) => object;
};

/** Thrown at what has no naive evaluation: `message` says what it is. */
export class NotEvaluable extends Error {}

/** The function at a place among those of a node. */
export function functionAt(functions: readonly object[], index: number): AnyFunction {
  return functions[index] as AnyFunction;
}

/** How many functions of a node are for its key: they come first. */
export function keyFunctions(...keys: readonly KeySpec[]): number {
  return keys.filter(({ kind }) => kind === 'function').length;
}

/** A key as fields of a result. */
export type KeyFields = Readonly<Record<string, unknown>>;

/** 0 and -0 are one key, and it is 0. */
export function keyOf(key: KeySpec, code: AnyFunction | null, row: unknown): KeyFields {
  if (key.kind === 'all') return {};
  if (key.kind === 'function') return { key: asKey(code!(row)) };
  return Object.fromEntries(key.fields.map((name) => [name, asKey((row as KeyFields)[name])]));
}

const asKey = (value: unknown): unknown => (value === 0 ? 0 : value);

/** Equal for equal keys, whatever their fields are called. */
export function keyText(key: KeyFields): string {
  return textOf(Object.values(key));
}

export type KeyedRows = { readonly key: KeyFields; readonly rows: TimedRow[] };

/** The records of each key, in order, by the text of the key. */
export function byKey(
  records: readonly TimedRow[],
  key: KeySpec,
  code: AnyFunction | null,
): Map<string, KeyedRows> {
  const groups = new Map<string, KeyedRows>();
  for (const record of records) {
    const fields = keyOf(key, code, record.row);
    const text = keyText(fields);
    const group = groups.get(text);
    if (group === undefined) groups.set(text, { key: fields, rows: [record] });
    else group.rows.push(record);
  }
  return groups;
}

/** The time of a record that needs one. */
export function timeOf({ time }: TimedRow): number {
  if (time === null) throw new NotEvaluable('takes records without event time');
  return time;
}

/** Rows as they come out of columns of a schema; as they are where there is none. */
export function asRowsOf(schema: Schema | null, records: readonly TimedRow[]): TimedRow[] {
  if (schema === null) return [...records];
  const builder = new BatchBuilder(schema, 1);
  return records.map(({ row, time }) => {
    builder.appendRow(row);
    const [own] = builder.seal().rowObjects();
    builder.reset();
    return { row: own, time };
  });
}
