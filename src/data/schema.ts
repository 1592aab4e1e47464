/**
 * Schemas: the fields of a row, in order, each with a kind and whether it may be null.
 *
 *   const Flight = record({ date: t.timestamp, delay: t.int32, origin: t.string });
 *   type Flight = RowOf<typeof Flight>;            // { date: number; delay: number; origin: string }
 *
 * A schema is plain data at run time and carries the row's TypeScript type. With it a stream is made of
 * typed columns; a stream without one carries free-form rows.
 */
import { EngineError } from '../base/errors.ts';
import { wrong } from '../base/options.ts';

/** All kinds of fields. */
export const FIELD_KINDS = [
  'int32',
  'float64',
  'int64',
  'boolean',
  'string',
  'timestamp',
  'date',
  'dynamic',
] as const;

/** How a field is stored. timestamp is milliseconds since 1970 UTC; date is the same, but a Date to the user. */
export type FieldKind = (typeof FIELD_KINDS)[number];

declare const VALUE: unique symbol;
declare const ROW: unique symbol;

/** The type of one field; `Value` is what a user reads and writes. */
export type FieldType<Value> = {
  readonly kind: FieldKind;
  readonly nullable: boolean;
  readonly [VALUE]?: Value;
};

/** The type of a field of any shape. It alone may stand for whole rows: a row is a record, or anything. */
export type DynamicType<Value> = FieldType<Value> & { readonly kind: 'dynamic' };

export type Field = { readonly name: string; readonly kind: FieldKind; readonly nullable: boolean };

/** The fields of a row, in order. `Row` exists for the compiler only. */
export type Schema<Row = unknown> = {
  readonly fields: readonly Field[];
  readonly [ROW]?: Row;
};

/** The row type of a schema. */
export type RowOf<S> = S extends Schema<infer Row> ? Row : never;

type ValueOf<T> = T extends FieldType<infer Value> ? Value : never;
type Flatten<T> = { [K in keyof T]: T[K] };

function fieldType<Value>(kind: FieldKind): FieldType<Value> {
  return Object.freeze({ kind, nullable: false });
}

/** The field types. */
export const t = {
  /** A whole number of 32 bits, signed. */
  int32: fieldType<number>('int32'),
  /** Any JavaScript number. */
  float64: fieldType<number>('float64'),
  /** A whole number of 64 bits, signed, as a bigint. */
  int64: fieldType<bigint>('int64'),
  boolean: fieldType<boolean>('boolean'),
  string: fieldType<string>('string'),
  /** Milliseconds since 1970 UTC, as a number. */
  timestamp: fieldType<number>('timestamp'),
  /** A point in time as a Date. */
  date: fieldType<Date>('date'),
  /** A value of any shape, such as a nested object: `t.dynamic<Address>()`. */
  dynamic: <Value>(): DynamicType<Value> => fieldType<Value>('dynamic') as DynamicType<Value>,
  /** The same type, but the value may also be null. */
  nullable: <Value>(type: FieldType<Value>): FieldType<Value | null> => {
    if (!isFieldType(type)) throw wrong('t.nullable', 'takes a type such as t.string', type);
    return Object.freeze({ kind: type.kind, nullable: true });
  },
} as const;

/**
 * A schema from its fields. EngineError JOB_DEFINITION for a field without a type.
 *
 *   const Bid = record({ auction: t.int32, price: t.float64, note: t.nullable(t.string) });
 */
export function record<Fields extends Readonly<Record<string, FieldType<unknown>>>>(
  fields: Fields,
): Schema<Flatten<{ -readonly [K in keyof Fields]: ValueOf<Fields[K]> }>> {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw wrong('record', 'takes types by name, such as { page: t.string }', fields);
  }
  return schemaOf(
    Object.entries(fields).map(([name, type]) => {
      checkFieldType(name, type);
      return { name, kind: type.kind, nullable: type.nullable };
    }),
  );
}

/** Whether it is one of `t`, not a schema, a state or anything else. */
export function isFieldType(type: unknown): type is FieldType<unknown> {
  const kind = typeof type === 'object' && type !== null ? (type as FieldType<unknown>).kind : null;
  return FIELD_KINDS.includes(kind as FieldKind);
}

function checkFieldType(name: string, type: FieldType<unknown>): void {
  if (isFieldType(type)) return;
  throw wrong(`record: field '${name}'`, 'has a type such as t.string or t.dynamic()', type);
}

/** A schema from a list of fields, for code that makes them up at run time. */
export function schemaOf<Row>(fields: readonly Field[]): Schema<Row> {
  const names = fields.map((field) => field.name);
  if (new Set(names).size < names.length) {
    const twice = names.find((name, i) => names.indexOf(name) < i);
    throw new EngineError('JOB_DEFINITION', `a schema names the field '${twice}' twice`);
  }
  return Object.freeze({
    fields: Object.freeze(fields.map((field) => Object.freeze({ ...field }))),
  });
}

/** A schema, as `record` makes it. */
export function aSchema(what: string, value: unknown): void {
  if (Array.isArray((value as Schema | null | undefined)?.fields)) return;
  const none = isFieldType(value) ? '; leave it out for rows of any shape' : '';
  throw wrong(what, `is made by record({ ... })${none}`, value);
}

/** The place of a field in the schema; an EngineError lists what there is when it is missing. */
export function fieldIndex(schema: Schema, name: string, asked: string): number {
  const index = schema.fields.findIndex((field) => field.name === name);
  if (index >= 0) return index;
  const known = schema.fields.map((field) => field.name).join(', ');
  throw new EngineError('FIELD_UNKNOWN', `${asked}: no field '${name}'; the row has ${known}`);
}

export function sameSchema(a: Schema | null, b: Schema | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.fields.length !== b.fields.length) return false;
  return a.fields.every((field, i) => {
    const other = b.fields[i]!;
    return (
      field.name === other.name && field.kind === other.kind && field.nullable === other.nullable
    );
  });
}
